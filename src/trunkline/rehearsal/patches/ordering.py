"""The order of merged lists, and how their items are told apart."""

from __future__ import annotations

import json
from typing import Any


def identity(item: Any, merge_key: str = "") -> str:
    """By what an item of a list is told apart from others: the value of its merge key, or all of it."""
    return json.dumps(item.get(merge_key) if merge_key and isinstance(item, dict) else item, sort_keys=True)


def places(items: list[Any], merge_key: str = "") -> dict[str, int]:
    """Where each item is, by its identity; the first of those that are alike."""
    found: dict[str, int] = {}
    for position, item in enumerate(items):
        found.setdefault(identity(item, merge_key), position)
    return found


def in_order(items: list[Any], order: list[Any], before: list[Any], merge_key: str) -> list[Any]:
    """Items in an order that a patch gives to some of them.

    The others keep the order that they had: each is put before the first that came after it in the list as it was.

    Args:
        items: those of the merged list.
        order: items, or maps with their merge key, in the order that is asked for.
        before: the list as it was.
        merge_key: the field of the items by which they are told apart, empty for scalars.
    """
    asked, had = places(order, merge_key), places(before, merge_key)
    known = [(identity(item, merge_key), item) for item in items]
    named = sorted(
        ((asked[key], had.get(key, -1), item) for key, item in known if key in asked),
        key=lambda each: each[0],
    )
    found: list[Any] = []
    at = 0
    for key, item in known:
        if key in asked:
            continue
        while at < len(named) and named[at][1] <= had.get(key, len(before)):
            found.append(named[at][2])
            at += 1
        found.append(item)
    return found + [item for _, _, item in named[at:]]
