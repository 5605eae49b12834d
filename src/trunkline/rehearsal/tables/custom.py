"""Custom resources, by the printer columns of their definition; and what the Gateway API's definitions say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, moment_of, name_of
from trunkline.rehearsal.tables.columns import Layout, column, columns
from trunkline.rehearsal.tables.paths import find
from trunkline.rehearsal.tables.spelling import items, number, since, text

_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_GATEWAYS: dict[str, list[dict[str, Any]]] = {
    "HTTPRoute": [{"name": "Hostnames", "type": "string", "jsonPath": ".spec.hostnames"}, _AGE],
    "Gateway": [
        {"name": "Class", "type": "string", "jsonPath": ".spec.gatewayClassName"},
        {"name": "Address", "type": "string", "jsonPath": ".status.addresses[*].value"},
        {"name": "Programmed", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Programmed")].status'},
        _AGE,
    ],
    "GatewayClass": [
        {"name": "Controller", "type": "string", "jsonPath": ".spec.controllerName"},
        {"name": "Accepted", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Accepted")].status'},
        _AGE,
        {"name": "Description", "type": "string", "jsonPath": ".spec.description", "priority": 1},
    ],
}  # fmt: skip


def defined_layout(definition: Object, api_version: str) -> Layout:
    """How a definition wants its objects to be shown; without a word from it, by their age.

    Args:
        definition: a CustomResourceDefinition.
        api_version: of the objects; if it has no such version, its first one is taken.
    """
    versions = items(definition, "spec", "versions")
    name = api_version.rpartition("/")[2]
    version = next((item for item in versions if item.get("name") == name), versions[0] if versions else {})
    return _layout(items(version, "additionalPrinterColumns") or [_AGE])


def gateway_layout(kind: str) -> Layout | None:
    """How objects of the Gateway API are shown; None if it is no kind of it."""
    return _layout(_GATEWAYS[kind]) if kind in _GATEWAYS else None


def _layout(told: list[dict[str, Any]]) -> Layout:
    def cells(value: Object, now: datetime) -> list[Any]:
        return [name_of(value), *(_cell(value, item, now) for item in told)]

    return Layout([*columns("Name"), *(_column(item) for item in told)], cells)


def _column(told: Mapping[str, Any]) -> dict[str, Any]:
    path = text(told, "jsonPath")
    return column(
        text(told, "name"),
        text(told, "type") or "string",
        format_=text(told, "format"),
        description=text(told, "description")
        or f"Custom resource definition column (in JSONPath format): {path}",
        priority=number(told, "priority"),
    )


def _cell(value: Object, told: Mapping[str, Any], now: datetime) -> Any:
    """The first value at the column's path, if it is of the column's type."""
    found = find(value, text(told, "jsonPath"))
    if not found or found[0] is None:
        return None
    first, is_number = found[0], isinstance(found[0], int | float) and not isinstance(found[0], bool)
    match text(told, "type"):
        case "integer":
            return int(first) if is_number else None
        case "number":
            return first if is_number else None
        case "boolean":
            return first if isinstance(first, bool) else None
        case "date":
            if not isinstance(first, str):
                return None
            return since(first, now) if moment_of(first) else "<invalid>"
        case _:
            return first if isinstance(first, str) else _compact(first)


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def created_layout() -> Layout:
    """How objects are shown that nobody has said anything of: by the moment of their creation."""
    definitions = columns("Name", "Created At:date")
    return Layout(definitions, lambda value, _: [name_of(value), at(value, "metadata", "creationTimestamp")])
