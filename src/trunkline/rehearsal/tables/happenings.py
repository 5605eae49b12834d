"""Events, as the core group and `events.k8s.io` spell them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import number, since, text


def _cells(value: Object, now: datetime) -> list[Any]:
    first = (
        text(value, "firstTimestamp") or text(value, "deprecatedFirstTimestamp") or text(value, "eventTime")
    )
    last = text(value, "lastTimestamp") or text(value, "deprecatedLastTimestamp") or first
    count = number(value, "count") or number(value, "deprecatedCount") or 1
    if isinstance(at(value, "series"), dict):
        last, count = text(value, "series", "lastObservedTime"), number(value, "series", "count")
    concerned = at(value, "involvedObject") or at(value, "regarding")
    kind, name = text(concerned, "kind").lower(), text(concerned, "name")
    return [
        since(last, now),
        text(value, "type"),
        text(value, "reason"),
        f"{kind}/{name}" if name else kind,
        text(concerned, "fieldPath"),
        _source(value),
        (text(value, "message") or text(value, "note")).strip(),
        since(first, now),
        count,
        name_of(value),
    ]


def _source(value: Object) -> str:
    told = at(value, "source") or at(value, "deprecatedSource")
    component = (
        text(told, "component") or text(value, "reportingComponent") or text(value, "reportingController")
    )
    host = text(told, "host") or text(value, "reportingInstance")
    return f"{component}, {host}" if host else component


_LAYOUT = Layout(
    columns("Last Seen", "Type", "Reason", "Object", "*Subobject", "*Source", "Message", "*First Seen", "*Count",
            "*Name"),
    _cells,
)  # fmt: skip
LAYOUTS = {("", "Event"): _LAYOUT, ("events.k8s.io", "Event"): _LAYOUT}
