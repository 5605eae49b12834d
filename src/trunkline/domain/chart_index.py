"""Reads a chart repository's `index.yaml`: the versions of one chart, without reading all the others.

The format is Helm's (helm.sh/docs/topics/chart_repository), in YAML or in JSON. Indexes grow to tens of
megabytes, of which one chart's block is a few kilobytes, so that block is cut out by its indentation before it
is parsed. Values stay text: a version `1.10` is not the number 1.1.

Parsing keeps its own stack: libyaml's tree builder recurses in C, and a few thousand brackets end the process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_ENTRIES = re.compile(r"^entries:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[^\s#]", re.MULTILINE)
_FIRST_KEY = re.compile(r"^( +)[^\s#-]", re.MULTILINE)
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """One version in the index; `digest` is the archive's sha256 in hex, empty where the index has none."""

    version: str
    digest: str = ""
    urls: tuple[str, ...] = ()


def chart_versions(index: str, name: str) -> tuple[ChartVersion, ...]:
    """The versions of chart `name`, in the index's order; none where the index does not know the chart.

    Raises:
        ValueError: this is no index; the message says why and where.
    """
    if index.lstrip().startswith("{"):
        content = _from_json(index)
        entries = content.get("entries") if isinstance(content, dict) else None
        found = entries.get(name) if isinstance(entries, dict) else None
    elif start := _ENTRIES.search(index):
        found = _from_block(index, start.end(), name)
    else:
        content = _from_yaml(index)
        entries = content.get("entries") if isinstance(content, dict) else None
        if not isinstance(entries, dict):
            raise ValueError("it has no `entries`")
        found = entries.get(name)
    return tuple(_versions(found)) if isinstance(found, list) else ()


def _from_json(index: str) -> Any:
    try:
        return json.loads(index)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"it is no valid JSON: {error}") from error


def _from_block(index: str, start: int, name: str) -> Any:
    """What the block of one chart holds, or None without such a block."""
    after = _TOP_LEVEL.search(index, start)
    end = after.start() if after else len(index)
    first = _FIRST_KEY.search(index, start, end)
    if first is None:
        return None
    indent = len(first[1])
    spelled = re.escape(name)
    key = re.compile(rf"^ {{{indent}}}(?:{spelled}|\"{spelled}\"|'{spelled}')[ \t]*:", re.MULTILINE)
    found = key.search(index, start, end)
    if found is None:
        return None
    # A list may begin at its key's own indentation; a comment ends nothing.
    nearer = re.compile(rf"^(?: {{0,{indent - 1}}}[^\s#]| {{{indent}}}[^\s#-])", re.MULTILINE)
    behind = nearer.search(index, found.end(), end)
    content = _from_yaml(index[found.start() : behind.start() if behind else end])
    return content.get(name) if isinstance(content, dict) else None


def _versions(entries: list[Any]) -> Iterator[ChartVersion]:
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(version := entry.get("version"), str):
            continue
        digest, urls = entry.get("digest"), entry.get("urls")
        yield ChartVersion(
            version,
            digest.removeprefix("sha256:").lower() if isinstance(digest, str) else "",
            tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        )


def _from_yaml(text: str) -> Any:
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
                    tree.add(event.value)
                case yaml.AliasEvent():
                    # Helm writes none, and what an alias multiplies is nothing that is read here.
                    tree.add(None)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ValueError(f"it is no valid YAML{where}") from error
    return tree.root


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
