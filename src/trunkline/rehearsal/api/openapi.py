"""OpenAPI v3 as clients use it: that every kind can be patched, with `fieldValidation`, and which fields it has.

`kubectl explain` shows these, without descriptions. No strategic merge is offered here on purpose: kubectl then makes its
patches by its own types. Custom resources may hold anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trunkline.rehearsal.api.discovery import nowhere
from trunkline.rehearsal.kinds import VERSION, Kind, Kinds

if TYPE_CHECKING:
    from trunkline.rehearsal.patches.schema import Shape

_SCALARS: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "boolean": {"type": "boolean"},
    "byte": {"type": "string", "format": "byte"},
    "quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "time": {"type": "string", "format": "date-time"},
    "microtime": {"type": "string", "format": "date-time"},
    "int-or-string": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}


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
    schemas: dict[str, Any] = {}
    for kind in served:
        _add_schema(kind, version, schemas)
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


def _add_schema(kind: Kind, version: str, schemas: dict[str, Any]) -> None:
    """Add a kind's schema and all that it refers to, in place."""
    from trunkline.rehearsal.patches.schema import shape_of  # noqa: PLC0415 - a table that few requests need

    gvk = {"group": kind.group, "version": version, "kind": kind.kind}
    shape = shape_of(kind, kind.spelled(version))
    found: dict[str, Any] = {"type": "object", "x-kubernetes-group-version-kind": [gvk]}
    if shape is None:
        found["x-kubernetes-preserve-unknown-fields"] = True
    else:
        found["properties"] = {key: _property(item, schemas) for key, item in shape.fields.items()}
    schemas[_schema_name(kind, version)] = found


def _property(shape: Shape, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field; what it refers to is added in place."""
    if shape.form == "list" and shape.element is not None:
        return {"type": "array", "items": _property(shape.element, schemas)}
    if shape.form == "map" and shape.element is not None:
        return {"type": "object", "additionalProperties": _property(shape.element, schemas)}
    if shape.form != "struct":
        return _SCALARS.get(shape.form, {"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    if shape.name not in schemas:
        properties: dict[str, Any] = {}
        # There before its fields are: types refer to themselves.
        schemas[shape.name] = {"type": "object", "properties": properties}
        properties |= {key: _property(item, schemas) for key, item in shape.fields.items()}
    return {"$ref": f"#/components/schemas/{shape.name}"}
