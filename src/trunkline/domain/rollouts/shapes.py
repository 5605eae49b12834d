"""Reading parsed JSON whose shape nobody promises: what is not there, or is something else, reads as empty."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def at(value: Any, *path: str) -> Any:
    """What lies at a path of mappings, None where it leads nowhere."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text(value: Any, *path: str) -> str:
    """The string or number at a path, without blanks around it; empty where there is none."""
    found = at(value, *path)
    if isinstance(found, str):
        return found.strip()
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else ""


def number(value: Any, *path: str) -> int:
    """The whole number at a path, 0 where there is none."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def mappings(value: Any, *path: str) -> tuple[Mapping[str, Any], ...]:
    """The mappings in the list at a path."""
    found = at(value, *path)
    if not isinstance(found, list | tuple):
        return ()
    return tuple(item for item in found if isinstance(item, Mapping))


def mapping(value: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at a path, an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, Mapping) else {}


def condition(live: Any, kind: str) -> Mapping[str, Any]:
    """A condition of an object's status by its type, empty where the object has none such."""
    for found in mappings(live, "status", "conditions"):
        if found.get("type") == kind:
            return found
    return {}


def holds(live: Any, kind: str) -> bool:
    """Whether a condition of an object's status is `True`."""
    return condition(live, kind).get("status") == "True"
