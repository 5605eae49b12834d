"""HorizontalPodAutoscalers, with their metrics as they are and as they should be."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import NONE, UNKNOWN, UNSET, age, items, number, shortened, text

_TOLD = 2
_SOURCES = {
    "Resource": "resource",
    "ContainerResource": "containerResource",
    "Pods": "pods",
    "Object": "object",
    "External": "external",
}


def _cells(value: Object, now: datetime) -> list[Any]:
    target = at(value, "spec", "scaleTargetRef")
    return [
        name_of(value),
        f"{text(target, 'kind')}/{text(target, 'name')}",
        _metrics(value),
        text(value, "spec", "minReplicas") or UNSET,
        number(value, "spec", "maxReplicas"),
        number(value, "status", "currentReplicas"),
        age(value, now),
    ]


def _metrics(value: Object) -> str:
    wanted = items(value, "spec", "metrics")
    measured = items(value, "status", "currentMetrics")
    found = [
        _metric(item, measured[position] if position < len(measured) else {})
        for position, item in enumerate(wanted)
    ]
    return shortened(found, _TOLD, separator=", ") if found else _simple(value)


def _simple(value: Object) -> str:
    """The one metric of `autoscaling/v1`."""
    wanted = text(value, "spec", "targetCPUUtilizationPercentage")
    if not wanted:
        return NONE
    current = text(value, "status", "currentCPUUtilizationPercentage")
    return f"cpu: {f'{current}%' if current else UNKNOWN}/{wanted}%"


def _metric(wanted: Mapping[str, Any], measured: Mapping[str, Any]) -> str:
    kind = text(wanted, "type")
    if kind not in _SOURCES:
        return "<unknown type>"
    source, current = at(wanted, _SOURCES[kind]), at(measured, _SOURCES[kind], "current")
    average = text(source, "target", "averageValue")
    if kind in {"Resource", "ContainerResource"}:
        name = text(source, "name")
        if average:
            return f"{name}: {text(current, 'averageValue') or UNKNOWN}/{average}"
        share, goal = text(current, "averageUtilization"), text(source, "target", "averageUtilization")
        return f"{name}: {f'{share}%' if share else UNKNOWN}/{f'{goal}%' if goal else '<auto>'}"
    if average:
        suffix = "" if kind == "Pods" else " (avg)"
        return f"{text(current, 'averageValue') or UNKNOWN}/{average}{suffix}"
    return f"{text(current, 'value') or UNKNOWN}/{text(source, 'target', 'value')}"


LAYOUTS = {
    ("autoscaling", "HorizontalPodAutoscaler"): Layout(
        columns("Name", "Reference", "Targets", "MinPods", "MaxPods", "Replicas", "Age"), _cells
    ),
}
