"""JSON values: how deep they are, and when two of them are the same."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.errors import ApiError

DEEPEST = 100
"""How many levels of maps and lists a value may have; the real API has a limit, too, and nobody comes near either."""


def depth_of(value: Any, most: int = DEEPEST) -> int:
    """How many levels of maps and lists lie in a value; no more than one beyond `most` are counted."""
    depth, level = 0, [value]
    while level and depth <= most:
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = [item for item in below if isinstance(item, dict | list)]
        depth += 1
    return depth


def refuse_deep(*values: Any) -> None:
    """Refuse what is nested so deeply that walking it is dangerous.

    Raises:
        ApiError: 400, it is too deep.
    """
    if any(depth_of(value) > DEEPEST for value in values):
        raise ApiError(400, "BadRequest", "json: exceeded max depth")


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: `1` is `1.0`, but not `true`."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(same(item, other[key]) for key, item in one.items())
        )
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
