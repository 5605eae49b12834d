"""Small questions to a tree of YAML: what stands under a key, and where; anything else than expected is nothing."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.config.mistakes import Spot
from trunkline.config.yaml_positions import Entry, Mapping, Node, Number, Scalar, Sequence


def child(node: Node | None, *keys: str) -> Node | None:
    """What stands under keys, one below the other."""
    for key in keys:
        if not isinstance(node, Mapping) or key not in node.entries:
            return None
        node = node.entries[key].value
    return node


def entries(node: Node | None) -> dict[str, Entry]:
    """The keys of a mapping; none of anything else."""
    return node.entries if isinstance(node, Mapping) else {}


def items(node: Node | None) -> list[Node]:
    """The items of a list; a single value counts as a list of one, nothing as none."""
    if isinstance(node, Sequence):
        return node.items
    return [] if node is None or is_nothing(node) else [node]


def text(node: Node | None) -> str:
    """A scalar's text, as it is spelled; empty for anything else."""
    match node:
        case Scalar(value=str(value)):
            return value
        case Scalar(value=Number() as number):
            return number.text
        case Scalar(value=bool(flag)):
            return "true" if flag else "false"
        case _:
            return ""


def is_nothing(node: Node | None) -> bool:
    """Whether a key stands there without a value."""
    return node is None or (isinstance(node, Scalar) and node.value is None)


def is_templated(node: Node | None) -> bool:
    """Whether CircleCI fills in a value first: nothing can be said of it now."""
    return isinstance(node, Scalar) and isinstance(node.value, str) and "<<" in node.value


def kind_of(node: Node | None) -> str:
    """What a value is, in words."""
    match node:
        case Mapping():
            return "a mapping"
        case Sequence():
            return "a list"
        case Scalar(value=bool()):
            return "true or false"
        case Scalar(value=Number()):
            return "a number"
        case Scalar(value=str()):
            return "a text"
        case _:
            return "nothing"


def scalars(node: Node | None) -> Iterator[Scalar]:
    """All texts of a tree, each with its place; what an anchor repeats comes once for each time."""
    match node:
        case Mapping():
            for entry in node.entries.values():
                yield from scalars(entry.value)
        case Sequence():
            for item in node.items:
                yield from scalars(item)
        case Scalar(value=str()):
            yield node
        case _:
            return


def spot_in(node: Scalar, source: list[str], needle: str) -> Spot:
    """Where a piece of a text stands in the file: a block of lines begins below its key."""
    for number in range(node.spot.line, min(node.spot.line + 400, len(source)) + 1):
        column = source[number - 1].find(needle, node.spot.column - 1 if number == node.spot.line else 0)
        if column >= 0:
            return Spot(number, column + 1)
    return node.spot
