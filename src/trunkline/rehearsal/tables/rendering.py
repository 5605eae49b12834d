"""Tables of objects, of whatever kind."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, metadata
from trunkline.rehearsal.tables import autoscaling, happenings, networks, pods, settings, storage, workloads
from trunkline.rehearsal.tables.columns import Layout
from trunkline.rehearsal.tables.custom import created_layout, defined_layout, gateway_layout

_META = "meta.k8s.io/v1"
_LAYOUTS = {
    **autoscaling.LAYOUTS,
    **happenings.LAYOUTS,
    **networks.LAYOUTS,
    **pods.LAYOUTS,
    **settings.LAYOUTS,
    **storage.LAYOUTS,
    **workloads.LAYOUTS,
}


def table(
    kind: Kind,
    items: list[Object],
    now: datetime,
    *,
    include: str = "Metadata",
    definition: Object | None = None,
) -> Object:
    """Objects as a `meta.k8s.io/v1` Table.

    Args:
        kind: of all of them.
        items: the objects, which are not changed.
        now: the moment to which ages are told.
        include: what of each object is sent along: `Metadata`, `Object` or `None`.
        definition: the CustomResourceDefinition, if it is a kind that has one.
    """
    layout = _layout(kind, items, definition)
    version = metadata(items[0]).get("resourceVersion") if len(items) == 1 else None
    return {
        "kind": "Table",
        "apiVersion": _META,
        "metadata": {"resourceVersion": version} if version else {},
        "columnDefinitions": [dict(column) for column in layout.columns],
        "rows": [_row(layout, item, now, include) for item in items],
    }


def _layout(kind: Kind, items: list[Object], definition: Object | None) -> Layout:
    if definition is not None:
        return defined_layout(definition, str(items[0].get("apiVersion")) if items else kind.api_version)
    return _built_in(kind.group, kind.kind)


@cache
def _built_in(group: str, kind: str) -> Layout:
    gateway = gateway_layout(kind) if group == "gateway.networking.k8s.io" else None
    return _LAYOUTS.get((group, kind)) or gateway or created_layout()


def _row(layout: Layout, value: Object, now: datetime, include: str) -> dict[str, Any]:
    found: dict[str, Any] = {"cells": layout.cells(value, now)}
    conditions = layout.conditions(value) if layout.conditions else []
    if conditions:
        found["conditions"] = conditions
    if include == "Object":
        found["object"] = value
    elif include == "None":
        found["object"] = None
    else:
        found["object"] = {
            "kind": "PartialObjectMetadata",
            "apiVersion": _META,
            "metadata": metadata(value),
        }
    return found
