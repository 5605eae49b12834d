"""How values are spelled in cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import at, metadata, moment_of

NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
_MINUTE, _HOUR = 60, 60 * 60
_DAY = 24 * _HOUR
_YEAR = 365 * _DAY


def human(seconds: float) -> str:
    """A time span as people like it, such as `5s`, `2m30s` or `3d4h` (`k8s.io/apimachinery/pkg/util/duration`)."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * _MINUTE:
        return f"{max(0, whole)}s"
    for until, unit, large, small, letter in _SPANS:
        if whole < until:
            rest = whole % unit // small if small else 0
            return f"{whole // unit}{large}" + (f"{rest}{letter}" if rest else "")
    return f"{whole // _YEAR}y"


_SPANS = (
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)
"""Up to how many seconds a span is told in which unit, and what of the rest is told."""


def since(moment: Any, now: datetime) -> str:
    """How long ago a timestamp was."""
    found = moment_of(moment) if moment else None
    return human((now - found).total_seconds()) if found else UNKNOWN


def age(value: Mapping[str, Any], now: datetime) -> str:
    """How long ago an object was created."""
    return since(metadata(value).get("creationTimestamp"), now)


def text(value: Any, *path: str | int) -> str:
    """The text at a path, empty where there is none."""
    found = at(value, *path)
    return "" if found is None or isinstance(found, dict | list) else str(found)


def number(value: Any, *path: str | int) -> int:
    """The number at a path, 0 where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def items(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """The objects of the list at a path."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def texts(value: Any, *path: str | int) -> list[str]:
    """The texts of the list at a path."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def size(value: Any, *path: str | int) -> int:
    """How many entries the map or list at a path has."""
    found = at(value, *path)
    return len(found) if isinstance(found, dict | list) else 0


def labels(value: Any) -> str:
    """A map of labels."""
    found = sorted(f"{key}={item}" for key, item in value.items()) if isinstance(value, dict) else []
    return ",".join(found) or NONE


def selector(value: Any, *, none: str = NONE) -> str:
    """A `metav1.LabelSelector`."""
    matched = at(value, "matchLabels")
    found = (
        [(str(key), f"{key}={item}") for key, item in matched.items()] if isinstance(matched, dict) else []
    )
    for item in items(value, "matchExpressions"):
        key, values = text(item, "key"), ",".join(sorted(texts(item, "values")))
        match text(item, "operator"):
            case "In":
                found.append((key, f"{key} in ({values})"))
            case "NotIn":
                found.append((key, f"{key} notin ({values})"))
            case "Exists":
                found.append((key, key))
            case "DoesNotExist":
                found.append((key, f"!{key}"))
            case _:
                return "<error>"
    return ",".join(told for _, told in sorted(found, key=lambda pair: pair[0])) or none


def containers(spec: Any) -> list[str]:
    """The names and the images of a pod's containers: two cells."""
    found = items(spec, "containers")
    return [",".join(text(item, key) for item in found) for key in ("name", "image")]


def shortened(found: Sequence[str], most: int, count: int = -1, *, separator: str = ",") -> str:
    """The first few of a list, and how many more there are.

    Args:
        found: all of them.
        most: how many are told.
        count: how many there are, if not as many as `found`.
        separator: between two of them.
    """
    more = (len(found) if count < 0 else count) - most
    return separator.join(found[:most]) + (f" + {more} more..." if more > 0 else "")
