"""OpenAPI v3, as little as clients need: that every kind can be patched, with `fieldValidation`, and may hold anything.

kubectl and Helm look for nothing else before they apply; `kubectl explain` has nothing to say here.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.api.discovery import nowhere
from trunkline.rehearsal.kinds import VERSION, Kind, Kinds


def index(kinds: Kinds) -> dict[str, Any]:
    """`/openapi/v3`."""
    paths: dict[str, Any] = {}
    for kind in kinds:
        for version in kind.versions:
            path = f"apis/{kind.group}/{version}" if kind.group else f"api/{version}"
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={VERSION}"}
    return {"paths": paths}


def document(kinds: Kinds, group: str, version: str) -> dict[str, Any]:
    """`/openapi/v3/apis/<group>/<version>`.

    Raises:
        ApiError: there is no such.
    """
    served = [kind for kind in kinds if kind.group == group and version in kind.versions]
    if not served:
        raise nowhere()
    base = f"/apis/{group}/{version}" if group else f"/api/{version}"
    paths = {_path(base, kind): _operations(kind, version) for kind in served}
    schemas = {_schema_name(kind, version): _schema(kind, version) for kind in served}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _path(base: str, kind: Kind) -> str:
    return (
        f"{base}/namespaces/{{namespace}}/{kind.plural}/{{name}}"
        if kind.namespaced
        else f"{base}/{kind.plural}/{{name}}"
    )


def _operations(kind: Kind, version: str) -> dict[str, Any]:
    gvk = {"group": kind.group, "version": version, "kind": kind.kind}
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    reference = {"$ref": f"#/components/schemas/{_schema_name(kind, version)}"}
    ok = {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}}
    return {
        "get": {"x-kubernetes-action": "get", "x-kubernetes-group-version-kind": gvk, "responses": ok},
        "patch": {
            "x-kubernetes-action": "patch",
            "x-kubernetes-group-version-kind": gvk,
            "parameters": parameters,
            "responses": ok,
        },
    }


def _schema_name(kind: Kind, version: str) -> str:
    return f"{kind.group or 'core'}.{version}.{kind.kind}"


def _schema(kind: Kind, version: str) -> dict[str, Any]:
    return {
        "type": "object",
        "x-kubernetes-group-version-kind": [{"group": kind.group, "version": version, "kind": kind.kind}],
        "x-kubernetes-preserve-unknown-fields": True,
    }
