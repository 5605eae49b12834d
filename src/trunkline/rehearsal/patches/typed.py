"""Values seen by their shapes: which fields they have, how two of them differ, what merging and removing make of them.

This is what server-side apply rests on (see "Server-Side Apply" in the Kubernetes documentation): lists are merged by
keys, are sets, or have one owner; maps are merged unless their shape says otherwise; of custom resources, all lists
have one owner. A list that does not fit its shape is taken as a whole.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.patches.fields import (
    Fields,
    below,
    element_of_keys,
    element_of_value,
    is_member,
    node_of,
)
from trunkline.rehearsal.patches.schema import ANY, Shape

_MISSING = object()


def items_of(value: list[Any], shape: Shape) -> dict[str, Any] | None:
    """The items of a merged list by their path elements; None if they cannot be told apart."""
    found: dict[str, Any] = {}
    for item in value:
        element = element_of(item, shape)
        if element is None or element in found:
            return None
        found[element] = item
    return found


def element_of(item: Any, shape: Shape) -> str | None:
    """The path element of an item of a merged list, None if it lacks a key."""
    if not shape.keys:
        return None if isinstance(item, dict | list) else element_of_value(item)
    if not isinstance(item, dict):
        return None
    keys = {}
    for key in shape.keys:
        value = item.get(key)
        if value is None and shape.element is not None:
            value = shape.element.child(key).default
        if value is None or isinstance(value, dict | list):
            return None
        keys[key] = value
    return element_of_keys(keys)


def fields_of(value: dict[str, Any], shape: Shape) -> Fields:
    """The fields that a configuration names: its leaves, items of lists and entries of maps, but not its structs."""
    found = {}
    for key, item in value.items():
        child = shape.child(key)
        node = _node(item, child)
        if isinstance(item, dict) and node and shape.form == "map":
            node = as_member(node)
        if node is not None:
            found[f"f:{key}"] = node
    return found


def as_member(node: Fields) -> Fields:
    """A node that is a member itself, with what is below it."""
    return node_of(below(node), member=True) or {}


def _node(value: Any, shape: Shape) -> Fields | None:
    if isinstance(value, dict) and not shape.is_atomic:
        return fields_of(value, shape) or (None if value else {})
    if isinstance(value, list) and shape.is_merged_list:
        items = items_of(value, shape)
        if items is not None:
            element = shape.element or ANY
            return {key: as_member(_node(item, element) or {}) for key, item in items.items()} or None
    return {}


def all_of(value: Any, shape: Shape) -> Fields:
    """The node of a value that is new: all that it has, and itself."""
    if isinstance(value, dict) and value and not shape.is_atomic:
        return {".": {}, **{f"f:{key}": all_of(item, shape.child(key)) for key, item in value.items()}}
    if isinstance(value, list) and value and shape.is_merged_list:
        items = items_of(value, shape)
        if items is not None:
            element = shape.element or ANY
            return {".": {}, **{key: all_of(item, element) for key, item in items.items()}}
    return {}


def compared(before: dict[str, Any], after: dict[str, Any], shape: Shape) -> tuple[Fields, Fields]:
    """How two maps differ: what was changed or added, and what was removed."""
    changed: Fields = {}
    removed: Fields = {}
    for key, item in after.items():
        was = before.get(key, _MISSING)
        if was is not item and was != item:
            child = shape.child(key)
            was = child.absent if was is _MISSING and child.is_always_there else was
            if was != item:
                _compare(f"f:{key}", was, item, child, changed, removed)
    for key, was in before.items():
        if key not in after:
            child = shape.child(key)
            if not child.is_always_there:
                removed[f"f:{key}"] = all_of(was, child)
            elif was != child.absent:
                _compare(f"f:{key}", was, child.absent, child, changed, removed)
    return changed, removed


def _compare(key: str, before: Any, after: Any, shape: Shape, changed: Fields, removed: Fields) -> None:
    """Note under a key how two values differ that are not the same."""
    if before is _MISSING:
        changed[key] = all_of(after, shape)
        return
    found: tuple[Fields, Fields] | None = None
    if isinstance(before, dict | None) and isinstance(after, dict | None) and not shape.is_atomic:
        found = compared(before or {}, after or {}, shape)
    elif isinstance(before, list | None) and isinstance(after, list | None) and shape.is_merged_list:
        found = _compared_lists(before or [], after or [], shape)
    if found is None or ((before is None) != (after is None) and not (found[0] or found[1])):
        changed[key] = {}
        return
    if found[0]:
        changed[key] = found[0]
    if found[1]:
        removed[key] = found[1]


def _compared_lists(before: list[Any], after: list[Any], shape: Shape) -> tuple[Fields, Fields] | None:
    had, has = items_of(before, shape), items_of(after, shape)
    if had is None or has is None:
        return None
    element = shape.element or ANY
    changed: Fields = {}
    removed = {key: all_of(item, element) for key, item in had.items() if key not in has}
    for key, item in has.items():
        was = had.get(key, _MISSING)
        if was is not item and was != item:
            _compare(key, was, item, element, changed, removed)
    return changed, removed


def merged(live: Any, applied: Any, shape: Shape) -> Any:
    """What applying a configuration makes of a value; what it does not name stays."""
    if applied is None:
        return None
    if isinstance(applied, dict) and not shape.is_atomic:
        found = dict(live) if isinstance(live, dict) else {}
        for key, item in applied.items():
            found[key] = merged(found.get(key), item, shape.child(key))
        return found
    if isinstance(applied, list) and isinstance(live, list) and shape.is_merged_list:
        had, has = items_of(live, shape), items_of(applied, shape)
        if had is not None and has is not None:
            return _merged_lists(had, has, shape.element or ANY)
    return applied


def _merged_lists(had: dict[str, Any], has: dict[str, Any], element: Shape) -> list[Any]:
    """Items in the order that is applied; those that it does not name stay behind those that they followed."""
    names, shared = list(has), [key for key in has if key in had]
    order: list[str] = []
    taken = met = 0
    for key in had:
        if key not in has:
            order.append(key)
        elif key == shared[met]:
            met += 1
            place = names.index(key, taken) + 1
            order += names[taken:place]
            taken = place
    order += names[taken:]
    return [merged(had.get(key), has[key], element) if key in has else had[key] for key in order]


def removed_from(value: Any, gone: Fields, kept: Fields, shape: Shape) -> Any:
    """A value without the members of a set; a map or list that becomes empty stays only if `kept` names it.

    Returns:
        The value, None if nothing is left of it.
    """
    if isinstance(value, dict) and not shape.is_atomic:
        found = {}
        for key, item in value.items():
            left = _left(item, f"f:{key}", gone, kept, shape.child(key))
            if left is not _MISSING:
                found[key] = left
        return found
    if isinstance(value, list) and shape.is_merged_list:
        items = items_of(value, shape)
        if items is not None:
            element = shape.element or ANY
            remains = (_left(item, key, gone, kept, element) for key, item in items.items())
            return [item for item in remains if item is not _MISSING]
    return value


def _left(item: Any, key: str, gone: Fields, kept: Fields, shape: Shape) -> Any:
    node = gone.get(key)
    if node is None:
        return item
    if is_member(node):
        return _MISSING
    mine = kept.get(key)
    left = removed_from(item, below(node), below(mine), shape)
    return _MISSING if left in ({}, []) and item != left and mine is None else left


def with_named(members: Fields, shape: Shape) -> Fields:
    """A set in which the structs on the way to a member are members, too."""
    found: Fields = {}
    for key, node in members.items():
        child = shape.element or ANY
        named = False
        if key.startswith("f:"):
            name = key[2:]
            child = shape.child(name)
            named = shape.form != "map"
        under = with_named(below(node), child)
        found[key] = node_of(under, member=named or is_member(node)) or {}
    return found
