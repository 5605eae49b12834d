"""Which layer each value of a release comes from.

Layers are laid over one another as Helm does it: maps are merged deep, anything else is replaced, and null takes a
key away. The values themselves are Helm's, which alone knows its typing; here each one only gets its layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.dataclass import dataclass

Keys = tuple[str, ...]

# Helm reads far deeper ones; no chart has them, and Python's stack would end first.
DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer as Helm reads it, null where it takes a key away."""

    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """A value that one layer gives."""

    layer: str
    value: Any


@dataclass(frozen=True, slots=True)
class Traced:
    """One value of the merged result.

    Attributes:
        keys: the way to it; what stands there is no map, or an empty one.
        value: as Helm merged it.
        layer: the one that gives it, the topmost if several give the same; empty if none does.
        overrode: what the layers below give for these keys, the lowest first; a map where it was replaced whole.
    """

    keys: Keys
    value: Any
    layer: str
    overrode: tuple[Given, ...] = ()


def traced(merged: Mapping[str, Any], layers: Sequence[Layer]) -> tuple[Traced, ...]:
    """Every value of the result with its layer, in the order of the keys.

    Args:
        merged: what Helm made of the layers.
        layers: the chart's own values first, the layer that wins last.

    Raises:
        ValueError: it is nested more than `DEEPEST` levels deep.
    """
    found = []
    for keys, value in leaves(merged):
        given = [(layer, *_look_up(layer.values, keys)) for layer in layers]
        holders = [Given(layer.name, item) for layer, there, item in given if there]
        # Equal ones first: what a null took away may have come back from further below, as only Helm knows.
        says = [item for item in holders if _same(item, value) and _gives(layers, item.layer, keys)]
        # A map may be what is left of a fuller one.
        says = says or [item for item in holders if item.value is not None]
        winner = says[-1].layer if says else ""
        below = tuple(item for item in holders[: holders.index(says[-1])]) if says else ()
        found.append(Traced(keys, value, winner, below))
    return tuple(found)


def leaves(values: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    """Whatever is no map with something in it, with the way to it; keys in order.

    Raises:
        ValueError: as `traced`.
    """
    yield from _leaves((), values)


def at(values: Any, keys: Keys) -> Any:
    """What stands at the end of that way.

    Raises:
        KeyError: nothing does.
    """
    for key in keys:
        if not isinstance(values, Mapping):
            raise KeyError(key)
        values = values[key]
    return values


def spelled(keys: Keys) -> str:
    """The way with dots, as `helm --set` has it."""
    return ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in keys)


def parse_keys(text: str) -> Keys:
    """What `spelled` wrote; a backslash before a dot makes it part of the key."""
    keys, key, escaped = [], "", False
    for letter in text:
        if escaped:
            key, escaped = key + letter, False
        elif letter == "\\":
            escaped = True
        elif letter == ".":
            keys.append(key)
            key = ""
        else:
            key += letter
    return (*keys, key)


def _leaves(keys: Keys, values: Mapping[str, Any]) -> Iterator[tuple[Keys, Any]]:
    if len(keys) >= DEEPEST:
        raise ValueError(f"the values are nested more than {DEEPEST} levels deep")
    for key in sorted(values):
        value = values[key]
        if isinstance(value, Mapping) and value:
            yield from _leaves((*keys, key), value)
        else:
            yield (*keys, key), value


def _same(item: Given, value: Any) -> bool:
    return type(item.value) is type(value) and bool(item.value == value)


def _gives(layers: Sequence[Layer], name: str, keys: Keys) -> bool:
    """Whether something stands there in the layer itself, be it null."""
    try:
        at(next(layer.values for layer in layers if layer.name == name), keys)
    except KeyError:
        return False
    return True


def _look_up(values: Mapping[str, Any], keys: Keys) -> tuple[bool, Any]:
    """What a layer says of those keys; a null or another scalar on the way takes all below it away."""
    found: Any = values
    for key in keys:
        if not isinstance(found, Mapping):
            return True, None
        if key not in found:
            return False, None
        found = found[key]
    return True, found
