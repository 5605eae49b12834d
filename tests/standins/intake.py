"""What Datadog documents of the bodies that its intake takes, as checks on decoded JSON.

Stricter than the real thing, which ignores unknown fields, rewrites odd tags and drops points outside of the time
window without a word: here each of these is a mistake, so that a client under test hears of it.
Sources: https://docs.datadoghq.com/api/latest/metrics/#submit-metrics, /events/#post-an-event,
https://docs.datadoghq.com/getting_started/tagging/, https://docs.datadoghq.com/metrics/custom_metrics/.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

V2_TYPES = {0: "unspecified", 1: "count", 2: "rate", 3: "gauge"}
V1_TYPES = ("count", "gauge", "rate")
ALERT_TYPES = ("error", "warning", "info", "success", "user_update", "recommendation", "snapshot")
PRIORITIES = ("normal", "low")
FUTURE_S = 600
PAST_S = 3600
EVENT_PAST_S = 18 * 3600
TEXT_LENGTH = 4000
KEY_LENGTH = 100
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,199}")
TAG = re.compile(r"[^\W\d_][\w\-:/.]{0,199}(?<!:)")


@dataclass(frozen=True, slots=True)
class Record:
    """One point or event that was accepted, as it is written to the record file.

    Attributes:
        kind: `metric` or `event`.
        fields: of a metric: `name`, `type`, `timestamp`, `value`, `host`, `tags`; of an event: what was sent.
    """

    kind: str
    fields: dict[str, Any]


class Mistakes(Exception):
    """What is wrong with a body; `str` of each argument is a sentence for the answer's `errors`."""


def read_series_v2(body: Any, now: float) -> list[Record]:
    """The points of a v2 series body; raises `Mistakes`."""
    return _series(body, now, _v2)


def read_series_v1(body: Any, now: float) -> list[Record]:
    """The points of a v1 series body; raises `Mistakes`."""
    return _series(body, now, _v1)


def read_event(body: Any, now: float) -> Record:
    """A v1 event body; raises `Mistakes`."""
    known: dict[str, Callable[[Any], str]] = {
        "title": lambda value: "" if is_text(value) else "must be a non-empty string",
        "text": lambda value: _limited(value, TEXT_LENGTH),
        "alert_type": lambda value: (
            "" if value in ALERT_TYPES else f"must be one of {', '.join(ALERT_TYPES)}"
        ),
        "priority": lambda value: (
            "" if value in (*PRIORITIES, None) else f"must be one of {', '.join(PRIORITIES)}"
        ),
        "tags": _tags,
        "date_happened": lambda value: _moment(value, now, EVENT_PAST_S),
        "aggregation_key": lambda value: _limited(value, KEY_LENGTH),
        "host": lambda value: "" if isinstance(value, str) else "must be a string",
        "device_name": lambda value: "" if isinstance(value, str) else "must be a string",
        "source_type_name": lambda value: "" if isinstance(value, str) else "must be a string",
        "related_event_id": lambda value: "" if is_integer(value) else "must be an integer",
    }
    settle(check_fields(body, known, required=("title", "text"), where="event"))
    return Record("event", dict(body))


def _series(body: Any, now: float, one: Callable[[Any, str, float], Iterator[str | Record]]) -> list[Record]:
    if not isinstance(body, dict) or not isinstance(body.get("series"), list) or not body["series"]:
        raise Mistakes("body must be an object with a non-empty list 'series'")
    found = [item for i, entry in enumerate(body["series"]) for item in one(entry, f"series[{i}]", now)]
    settle(
        [item for item in found if isinstance(item, str)]
        + [f"{x}: unknown" for x in body.keys() - {"series"}]
    )
    return [item for item in found if isinstance(item, Record)]


def _v2(entry: Any, where: str, now: float) -> Iterator[str | Record]:
    known: dict[str, Callable[[Any], str]] = {
        "metric": _name,
        "type": lambda value: "" if is_integer(value) and value in V2_TYPES else "must be 0, 1, 2 or 3",
        "points": lambda value: "" if isinstance(value, list) and value else "must be a non-empty list",
        "resources": _resources,
        "tags": _tags,
        "interval": lambda value: "" if is_integer(value) and value >= 0 else "must be seconds",
        "unit": lambda value: "" if is_text(value) else "must be a string",
        "source_type_name": lambda value: "" if is_text(value) else "must be a string",
        "metadata": lambda value: "" if isinstance(value, dict) else "must be an object",
    }
    mistakes = list(check_fields(entry, known, required=("metric", "points"), where=where))
    yield from mistakes
    if mistakes:
        return
    hosts = [item["name"] for item in entry.get("resources", []) if item["type"] == "host"]
    for i, point in enumerate(entry["points"]):
        at = f"{where}.points[{i}]"
        checks: dict[str, Callable[[Any], str]] = {
            "timestamp": lambda value: _moment(value, now, PAST_S),
            "value": lambda value: "" if _number(value) else "must be a finite number",
        }
        mistakes = list(check_fields(point, checks, required=tuple(checks), where=at))
        yield from mistakes
        if not mistakes:
            yield _point(entry, V2_TYPES[entry.get("type", 0)], point["timestamp"], point["value"], hosts)


def _v1(entry: Any, where: str, now: float) -> Iterator[str | Record]:
    known: dict[str, Callable[[Any], str]] = {
        "metric": _name,
        "type": lambda value: "" if value in V1_TYPES else f"must be one of {', '.join(V1_TYPES)}",
        "points": lambda value: "" if isinstance(value, list) and value else "must be a non-empty list",
        "host": lambda value: "" if isinstance(value, str) else "must be a string",
        "tags": _tags,
        "interval": lambda value: (
            "" if value is None or (is_integer(value) and value >= 0) else "must be seconds"
        ),
    }
    mistakes = list(check_fields(entry, known, required=("metric", "points"), where=where))
    yield from mistakes
    if mistakes:
        return
    hosts = [entry["host"]] if entry.get("host") else []
    for i, point in enumerate(entry["points"]):
        at = f"{where}.points[{i}]"
        if not isinstance(point, list) or len(point) != 2:
            yield f"{at}: must be a pair of timestamp and value"
            continue
        # The vendor's older client sends fractions of seconds here, and v1 has always taken them.
        seconds = int(point[0]) if _number(point[0]) else point[0]
        wrong = _moment(seconds, now, PAST_S) or ("" if _number(point[1]) else "must be a finite number")
        if wrong:
            yield f"{at}: {wrong}"
        else:
            yield _point(entry, entry.get("type", "gauge"), seconds, point[1], hosts)


def _point(entry: dict[str, Any], kind: str, timestamp: int, value: float, hosts: list[str]) -> Record:
    return Record(
        "metric",
        {
            "name": entry["metric"],
            "type": kind,
            "timestamp": timestamp,
            "value": value,
            "host": hosts[0] if hosts else "",
            "tags": entry.get("tags", []),
        },
    )


def check_fields(
    value: Any, known: dict[str, Callable[[Any], str]], *, required: tuple[str, ...], where: str
) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: must be an object"
        return
    yield from (f"{where}.{name}: is missing" for name in required if name not in value)
    yield from (f"{where}.{name}: is no documented field" for name in value if name not in known)
    for name, check in known.items():
        if name in value and (wrong := check(value[name])):
            yield f"{where}.{name}: {wrong}"


def settle(mistakes: Iterator[str] | list[str]) -> None:
    found = list(mistakes)
    if found:
        raise Mistakes(*found)


def _name(value: Any) -> str:
    right = isinstance(value, str) and NAME.fullmatch(value)
    return "" if right else "must be 1 to 200 ASCII letters, digits, '_' or '.', a letter first"


def _tags(value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return "must be a list of strings"
    wrong = [item for item in value if not TAG.fullmatch(item)]
    return f"{wrong[0]!r} would be rewritten" if wrong else ""


def _resources(value: Any) -> str:
    right = isinstance(value, list) and all(
        isinstance(item, dict) and item.keys() == {"type", "name"} and all(map(is_text, item.values()))
        for item in value
    )
    return "" if right else "must be a list of objects with 'type' and 'name'"


def _moment(value: Any, now: float, past_s: int) -> str:
    if not is_integer(value):
        return "must be POSIX seconds, an integer"
    if value > now + FUTURE_S:
        return "is more than 10 minutes ahead"
    return "is too old" if value < now - past_s else ""


def _limited(value: Any, length: int) -> str:
    if not isinstance(value, str):
        return "must be a string"
    return f"is longer than {length} characters" if len(value) > length else ""


def is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
