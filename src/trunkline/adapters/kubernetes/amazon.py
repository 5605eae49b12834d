"""What to tell people when EKS's credential plugin fails: which profile it took, how to run it, how to get it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import PurePath

from trunkline.adapters.kubernetes.access import ExecPlugin

_PROGRAMS = {
    "aws": "Install the AWS CLI, version 2, and try again.",
    "aws-iam-authenticator": "Install aws-iam-authenticator, or write the kubeconfig anew with `aws eks update-kubeconfig`.",
}
_SIGN_ON_WORDS = ("sso", "Token has expired", "ExpiredToken")


def is_amazon(plugin: ExecPlugin) -> bool:
    """Whether the plugin is one of EKS's."""
    return PurePath(plugin.command).name in _PROGRAMS


def profile_of(plugin: ExecPlugin, environ: Mapping[str, str]) -> str:
    """The AWS profile that the plugin takes, empty for none; the kubeconfig wins over this process."""
    words = iter(plugin.args)
    for word in words:
        if word == "--profile":
            return next(words, "")
        if word.startswith("--profile="):
            return word.partition("=")[2]
    return plugin.environment.get("AWS_PROFILE") or environ.get("AWS_PROFILE", "")


def advice(plugin: ExecPlugin, profile: str, said: str) -> str:
    """How to see why it failed, and how to log in again where that is the reason."""
    line = shlex.join((plugin.command, *plugin.args))
    prefix = f"AWS_PROFILE={shlex.quote(profile)} " if profile else ""
    login = ""
    if any(word.lower() in said.lower() for word in _SIGN_ON_WORDS):
        login = f", or log in again: `aws sso login{f' --profile {shlex.quote(profile)}' if profile else ''}`"
    return f"Run `{prefix}{line}` in a terminal to see why{login}."


def installation(plugin: ExecPlugin) -> str:
    """How to get the program, where the kubeconfig's author did not say."""
    return _PROGRAMS[PurePath(plugin.command).name]
