"""A parsed file made ready for the schema: variables are replaced, and every value can say where it stands."""

from __future__ import annotations

from collections.abc import Mapping as Environ
from dataclasses import field
from typing import Any, NamedTuple

from trunkline.config.interpolation import BUILD_VARIABLES, CHECK_VARIABLES, interpolate
from trunkline.config.mistakes import START, Mistake, Path, Spot, quoted
from trunkline.config.yaml_positions import Mapping, Node, Number, Scalar, Sequence
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import is_secret_name

_BUILD_ARGS = ("image", "build_args")


class Place(NamedTuple):
    """Where a value is, and its key; `shown` is how a mistake may repeat the value, empty for not at all."""

    key: Spot
    value: Spot
    shown: str


@dataclass(slots=True)
class Document:
    """Plain data (dict, list, str, bool, Number, None), with the place of each part by its path."""

    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def known(self, path: Path) -> Path:
        """The path itself or, where the file has no such key, that of the nearest thing around it."""
        while path and path not in self.places:
            path = path[:-1]
        return path

    def place(self, path: Path) -> Place:
        """The place of a value, or of the nearest thing around it."""
        return self.places.get(self.known(path)) or Place(START, START, "")


def read_document(root: Node, environ: Environ[str, str]) -> Document:
    """The data of a tree; variables that are missing are among its mistakes."""
    document = Document()
    document.data = _read(document, root, (), root.spot, environ)
    return document


def _read(document: Document, node: Node, path: Path, key: Spot, environ: Environ[str, str]) -> Any:
    document.places[path] = Place(key, node.spot, _shown(node, path))
    if isinstance(node, Mapping):
        return {
            name: _read(document, entry.value, (*path, name), entry.spot, environ)
            for name, entry in node.entries.items()
        }
    if isinstance(node, Sequence):
        return [
            _read(document, item, (*path, index), item.spot, environ) for index, item in enumerate(node.items)
        ]
    if not isinstance(node.value, str):
        return node.value
    filled = interpolate(node.value, environ, _kept(path))
    document.mistakes += [Mistake(node.spot, problem, path) for problem in filled.problems]
    return filled.text


def _kept(path: Path) -> tuple[str, ...]:
    """The variables that stay as they are at this place, for whoever fills them in later."""
    if path[:-1] == _BUILD_ARGS:
        return BUILD_VARIABLES
    return CHECK_VARIABLES if path[:1] == ("environments",) and path[2:3] == ("checks",) else ()


def _shown(node: Node, path: Path) -> str:
    if any(isinstance(part, str) and is_secret_name(part) for part in path):
        return ""
    if isinstance(node, Mapping):
        return "a mapping"
    if isinstance(node, Sequence):
        return "a list"
    return _shown_scalar(node)


def _shown_scalar(node: Scalar) -> str:
    match node.value:
        case None:
            return "nothing"
        case bool():
            return "true" if node.value else "false"
        case Number():
            return quoted(node.value.text)[1:-1]
        case _:
            return quoted(node.value)
