"""Reads how a kubeconfig's user logs in: token, password, exec plugin, impersonation."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from trunkline.adapters.kubernetes.access import ExecPlugin, Login
from trunkline.adapters.kubernetes.entries import Entry
from trunkline.ports import TlsSettings

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_MODES = ("Never", "IfAvailable", "Always")
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


def login_of(user: Entry, cluster: Entry, tls: TlsSettings) -> Login:
    """The login of one user entry; `cluster` and `tls` are what an exec plugin may ask for.

    Raises:
        UsageError: a mistake, or something that Trunkline cannot do.
    """
    if user.values.get("auth-provider") is not None:
        raise user.mistake(
            "uses an auth-provider, which Kubernetes removed in 1.26",
            "Replace it with an exec plugin; the cluster's vendor has one (such as gke-gcloud-auth-plugin or kubelogin).",
        )
    command = user.child("exec")
    return Login(
        token=user.text("token"),
        token_file=user.path("tokenFile"),
        username=user.text("username"),
        password=user.text("password"),
        plugin=_plugin(command, cluster, tls) if command else None,
        impersonation=_impersonation(user),
    )


def _plugin(entry: Entry, cluster: Entry, tls: TlsSettings) -> ExecPlugin:
    version, command = entry.text("apiVersion"), entry.text("command")
    if version not in _EXEC_VERSIONS:
        raise entry.mistake(
            f"has the apiVersion {version!r}; known are {' and '.join(_EXEC_VERSIONS)}",
            "Write the kubeconfig anew with a current version of the tool that made it (EKS: `aws eks update-kubeconfig`).",
        )
    if not command:
        raise entry.mistake("names no command")
    mode = entry.text("interactiveMode")
    if mode not in ("", *_MODES):
        raise entry.mistake(f"has the interactiveMode {mode!r}; known are {', '.join(_MODES)}")
    if mode == "Always":
        raise entry.mistake(
            "wants a terminal (interactiveMode: Always), which Trunkline does not hand over",
            "Use interactiveMode: IfAvailable and log in with the plugin beforehand, or take a token.",
        )
    if "/" in command:
        command = str(entry.file.parent / command)
    return ExecPlugin(
        version,
        command,
        entry.texts("args"),
        _environment(entry),
        entry.text("installHint"),
        _cluster_information(cluster, tls) if entry.flag("provideClusterInfo") else None,
    )


def _environment(entry: Entry) -> Mapping[str, str]:
    listed = entry.values.get("env")
    if listed is None:
        return {}
    pairs: dict[str, str] = {}
    for item in listed if isinstance(listed, list) else [None]:
        name, value = (item.get("name"), item.get("value")) if isinstance(item, Mapping) else (None, None)
        if not isinstance(name, str) or not isinstance(value, str):
            raise entry.mistake("has an env that is not a list of name and value")
        pairs[name] = value
    return pairs


def _cluster_information(cluster: Entry, tls: TlsSettings) -> Mapping[str, Any]:
    extensions = cluster.values.get("extensions")
    config = next(
        (
            item.get("extension")
            for item in (extensions if isinstance(extensions, list) else ())
            if isinstance(item, Mapping) and item.get("name") == _EXEC_EXTENSION
        ),
        None,
    )
    told = {
        "server": cluster.text("server"),
        "tls-server-name": tls.server_name,
        "insecure-skip-tls-verify": not tls.verify,
        "certificate-authority-data": base64.b64encode(tls.ca.encode()).decode(),
        "proxy-url": tls.proxy,
        "config": config,
    }
    return {key: value for key, value in told.items() if value}


def _impersonation(user: Entry) -> Mapping[str, str]:
    headers = {"Impersonate-User": user.text("as"), "Impersonate-Uid": user.text("as-uid")}
    groups = user.texts("as-groups")
    if len(groups) > 1 or user.values.get("as-user-extra"):
        raise user.mistake(
            "impersonates several groups or has as-user-extra, which Trunkline cannot send",
            "Impersonate a user with at most one group.",
        )
    if groups:
        headers["Impersonate-Group"] = groups[0]
    if any(headers.values()) and not headers["Impersonate-User"]:
        raise user.mistake("impersonates groups or an id without a user (as)")
    return {name: value for name, value in headers.items() if value}
