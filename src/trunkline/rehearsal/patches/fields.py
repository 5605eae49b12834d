"""Sets of fields, as `metadata.managedFields` spells them (FieldsV1): a tree of path elements.

An element is `f:name` for a field, `k:{...}` for an item of a list by its keys, `v:...` for one by its value, `i:0` for
one by its position. A node that is empty, or has `.`, belongs to the set itself; any other is only on the way to one
that does. The tree at the top is the set. What is given is never changed, and may be shared by what is answered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

Fields = dict[str, Any]
_SELF = "."
_encode: Callable[[Any], str] = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), sort_keys=True
).encode


def is_member(node: Any) -> bool:
    """Whether a node itself belongs to its set."""
    return not node or not isinstance(node, dict) or _SELF in node


def below(node: Any) -> Fields:
    """The set of what lies below a node."""
    if not isinstance(node, dict):
        return {}
    return {key: item for key, item in node.items() if key != _SELF} if _SELF in node else node


def node_of(members: Fields, *, member: bool) -> Fields | None:
    """The node above a set, None if nothing is left of it."""
    if not members:
        return {} if member else None
    return {_SELF: {}, **members} if member else members


def union(one: Fields, other: Fields) -> Fields:
    """What belongs to either."""
    if not one or not other:
        return one or other
    found = dict(one)
    for key, node in other.items():
        mine = found.get(key)
        if mine is None:
            found[key] = node
        elif mine != node:
            joined = union(below(mine), below(node))
            found[key] = node_of(joined, member=is_member(mine) or is_member(node)) or {}
    return found


def difference(one: Fields, other: Fields) -> Fields:
    """What belongs to the first alone; the very same object if that is all of it."""
    found: Fields | None = None
    for key, node in other.items():
        mine = one.get(key)
        if mine is None:
            continue
        under = below(mine)
        left = difference(under, below(node))
        member = is_member(mine)
        if left is under and not (member and is_member(node)):
            continue
        if found is None:
            found = dict(one)
        kept = node_of(left, member=member and not is_member(node))
        if kept is None:
            del found[key]
        else:
            found[key] = kept
    return one if found is None else found


def intersection(one: Fields, other: Fields) -> Fields:
    """What belongs to both."""
    found: Fields = {}
    for key, node in one.items():
        yours = other.get(key)
        if yours is not None:
            kept = node_of(
                intersection(below(node), below(yours)), member=is_member(node) and is_member(yours)
            )
            if kept is not None:
                found[key] = kept
    return found


def element_of_keys(keys: dict[str, Any]) -> str:
    """The path element of a list's item by its keys."""
    return f"k:{_encode(keys)}"


def element_of_value(value: Any) -> str:
    """The path element of a list's item by its value."""
    return f"v:{_encode(value)}"


def paths(members: Fields, path: str = "") -> Iterator[str]:
    """The paths of all members as messages spell them, such as `.spec.containers[name="a"].image`."""
    for key in sorted(members):
        if is_member(members[key]):
            yield path + _spelled(key)
    for key in sorted(members):
        if under := below(members[key]):
            yield from paths(under, path + _spelled(key))


def cleaned(members: Any) -> Fields | None:
    """A set that a client has sent, its elements spelled as we do; None if it is none."""
    if not isinstance(members, dict):
        return None
    found: Fields = {}
    for key, node in members.items():
        if key == _SELF:
            found[key] = {}
            continue
        kept, element = cleaned(node), _element(key)
        if kept is None or element is None:
            return None
        found[element] = kept
    return found


def _element(key: str) -> str | None:
    kind, _, text = key.partition(":")
    if kind == "f":
        return key
    if kind == "i":
        return key if text.isdecimal() else None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if kind == "k" and isinstance(value, dict):
        return element_of_keys(value)
    return element_of_value(value) if kind == "v" else None


def _spelled(key: str) -> str:
    kind, _, text = key.partition(":")
    if kind == "k":
        try:
            keys = json.loads(text)
        except ValueError:
            keys = None
        if isinstance(keys, dict):
            return f"[{','.join(f'{name}={_encode(value)}' for name, value in sorted(keys.items()))}]"
    if kind == "v":
        return f"[={text}]"
    return f"[{text}]" if kind == "i" else f".{text}"
