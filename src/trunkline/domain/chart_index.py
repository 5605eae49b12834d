"""Reads a chart repository's `index.yaml`: the versions of one chart, without reading all the others.

The format is Helm's (helm.sh/docs/topics/chart_repository), in YAML or in JSON. Indexes grow to tens of
megabytes, of which one chart's block is a few kilobytes, so that block is cut out by its indentation before it
is parsed. Values stay text: a version `1.10` is not the number 1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from trunkline.domain.charts.trees import read_yaml

_ENTRIES = re.compile(r"^entries:[ \t]*(?:#.*)?\r?$", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^[^\s#]", re.MULTILINE)
_FIRST_KEY = re.compile(r"^( +)[^\s#-]", re.MULTILINE)


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
        content = read_yaml(index)
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
    content = read_yaml(index[found.start() : behind.start() if behind else end])
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
