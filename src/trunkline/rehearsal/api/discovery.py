"""What there is: versions, groups and resources, as clients ask for them before anything else.

Aggregated discovery is not served: clients that ask for it take the plain one.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import VERBS, VERSION, Kind, Kinds

_SUBRESOURCES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "status": ("", "", ("get", "patch", "update")),
    "scale": ("autoscaling", "Scale", ("get", "patch", "update")),
    "log": ("", "Pod", ("get",)),
    "eviction": ("policy", "Eviction", ("create",)),
    "binding": ("", "Binding", ("create",)),
    "ephemeralcontainers": ("", "Pod", ("get", "patch", "update")),
    "exec": ("", "PodExecOptions", ("create", "get")),
    "portforward": ("", "PodPortForwardOptions", ("create", "get")),
    "proxy": ("", "ServiceProxyOptions", ("create", "delete", "get", "patch", "update")),
    "token": ("authentication.k8s.io", "TokenRequest", ("create",)),
    "finalize": ("", "Namespace", ("update",)),
}


def version() -> dict[str, Any]:
    """`/version`."""
    major, minor, _ = VERSION.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "gitVersion": f"{VERSION}+rehearsal",
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "",
        "compiler": "",
        "platform": "trunkline/rehearsal",
    }


def core_versions(address: str) -> dict[str, Any]:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(kinds: Kinds) -> dict[str, Any]:
    """`/apis`."""
    names = dict.fromkeys(kind.group for kind in kinds if kind.group)
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(kinds, name) for name in names]}


def group(kinds: Kinds, name: str) -> dict[str, Any]:
    """`/apis/<group>`.

    Raises:
        ApiError: there is none of that name.
    """
    if not any(kind.group == name for kind in kinds):
        raise nowhere()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(kinds, name)}


def resources(kinds: Kinds, name: str, version_: str) -> dict[str, Any]:
    """`/api/v1` and `/apis/<group>/<version>`.

    Raises:
        ApiError: there is no such group or version.
    """
    served = [kind for kind in kinds if kind.group == name and version_ in kind.versions]
    if not served:
        raise nowhere()
    listed: list[dict[str, Any]] = []
    for kind in served:
        listed.append(_resource(kind))
        listed += [_subresource(kind, sub) for sub in kind.subresources]
    spelled = f"{name}/{version_}" if name else version_
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": spelled, "resources": listed}


def nowhere() -> ApiError:
    """Nothing is served under a path."""
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def _group(kinds: Kinds, name: str) -> dict[str, Any]:
    versions = list(dict.fromkeys(item for kind in kinds if kind.group == name for item in kind.versions))
    listed = [{"groupVersion": f"{name}/{item}", "version": item} for item in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _resource(kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.kind,
        "verbs": ["create"] if kind.is_virtual else list(VERBS),
    }
    if kind.short_names:
        found["shortNames"] = list(kind.short_names)
    if kind.categories:
        found["categories"] = list(kind.categories)
    return found


def _subresource(kind: Kind, name: str) -> dict[str, Any]:
    group_, kind_, verbs = _SUBRESOURCES.get(name, ("", "", ("get",)))
    found: dict[str, Any] = {
        "name": f"{kind.plural}/{name}",
        "singularName": "",
        "namespaced": kind.namespaced,
        "kind": kind_ or kind.kind,
        "verbs": list(verbs),
    }
    if group_:
        found |= {"group": group_, "version": "v1"}
    return found
