"""Reads YAML that others wrote into mappings, lists and texts, without ever recursing.

libyaml's tree builder recurses in C, and a few thousand brackets end the process; its events do not. Scalars stay
text: a version `1.10` is not the number 1.1. Only what Go's YAML would refuse as text, plain truth values and
nothings, can be told apart (`typed`).
"""

from __future__ import annotations

from typing import Any

_DEEPEST = 32
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NOTHINGS = frozenset({"", "~", "null", "Null", "NULL"})


def read_yaml(text: str, *, typed: bool = False) -> Any:
    """What a YAML text holds: dicts, lists and texts; with `typed` also booleans and None.

    Raises:
        ValueError: it is no YAML, or nested too deeply; the message says where.
    """
    import yaml  # noqa: PLC0415 - 15 ms that a release with an exact chart version does not need

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    tree = _Tree()
    try:
        for event in yaml.parse(text, Loader=loader):
            match event:
                case yaml.MappingStartEvent():
                    tree.open({})
                case yaml.SequenceStartEvent():
                    tree.open([])
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    tree.close()
                case yaml.ScalarEvent():
                    # libyaml's word for a plain scalar is an empty one, PyYAML's is None.
                    plain = typed and not event.style
                    tree.add(_typed(event.value) if plain else event.value)
                case yaml.AliasEvent():
                    # Helm writes none, and what an alias multiplies is nothing that is read here.
                    tree.add(None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is no valid YAML{where}") from error
    return tree.root


def _typed(text: str) -> str | bool | None:
    return None if text in _NOTHINGS else _TRUTHS.get(text, text)


class _Tree:
    """Mappings, lists and scalars, put together without recursion."""

    def __init__(self) -> None:
        self.root: Any = None
        # Each open container, with the key that waits for its value.
        self._open: list[tuple[dict[Any, Any] | list[Any], list[Any]]] = []

    def open(self, container: dict[Any, Any] | list[Any]) -> None:
        if len(self._open) >= _DEEPEST:
            raise ValueError("it is nested too deeply")
        self._open.append((container, []))

    def close(self) -> None:
        container, _ = self._open.pop()
        self.add(container)

    def add(self, value: Any) -> None:
        if not self._open:
            self.root = value
            return
        container, waiting = self._open[-1]
        if isinstance(container, list):
            container.append(value)
        elif waiting:
            container[waiting.pop()] = value
        else:
            # A key that is no text is no key of an index.
            waiting.append(value if isinstance(value, str) else None)
