"""Reads fields that may not be what they should be: no object, however odd, may stop a controller."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.objects import at


def whole(value: Any, otherwise: int) -> int:
    """A number of an object, or what holds where none is given."""
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise


def entries(value: Any, *path: str | int) -> list[dict[str, Any]]:
    """The mappings of a list at a path."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def mapping(value: Any, *path: str | int) -> dict[str, Any]:
    """The mapping at a path, an empty one where there is none."""
    found = at(value, *path)
    return found if isinstance(found, dict) else {}


def texts(value: Any, *path: str | int) -> list[str]:
    """The texts of a list at a path, such as finalizers."""
    found = at(value, *path)
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []


def values_of(expression: Any) -> list[Any]:
    """The values of a selector's expression."""
    found = at(expression, "values")
    return found if isinstance(found, list) else []
