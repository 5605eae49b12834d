"""Reads a chart repository's `index.yaml`: the versions of one chart, without reading all the others.

The format is Helm's (helm.sh/docs/topics/chart_repository), in YAML or in JSON. Indexes grow to tens of megabytes, of
which one chart's block is a few kilobytes. That block is cut out by its indentation, and where it is laid out as Helm
or we lay it out, it is read line by line; everything else is left to a parser. Values stay text: a version `1.10` is
not the number 1.1.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.chart_lines import bare_digest, scan_versions
from trunkline.domain.charts.trees import read_yaml
from trunkline.expressions import expression

# A newline in front is ten times as fast to look for as the beginning of a line is.
_ENTRIES = expression(r"(?:^|\n)entries:[ \t]*(?:#.*)?\r?(?=\n|$)")
_TOP_LEVEL = expression(r"\n[^\s#]")
_FIRST_KEY = expression(r"\n( +)[^\s#-]")
_JSON_ENTRIES = '\n"entries": {\n'


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
        found = _from_json_lines(index, name)
        if found is None:
            content = _from_json(index)
            entries = content.get("entries") if isinstance(content, dict) else None
            found = entries.get(name) if isinstance(entries, dict) else None
    elif start := _ENTRIES.search(index):
        return _from_block(index, start.end(), name)
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


def _from_json_lines(index: str, name: str) -> list[Any] | None:
    """The chart's entries where the index is laid out as ours are, a line for each version; else None."""
    start = index.find(_JSON_ENTRIES)
    key = f"\n{json.dumps(name)}: [\n"
    begin = index.find(key, start + len(_JSON_ENTRIES) - 1) if start >= 0 else -1
    end = index.find("\n]", begin)
    if begin < 0 or end < 0:
        return None
    try:
        return [json.loads(line.removesuffix(",")) for line in index[begin + len(key) : end].split("\n")]
    except (ValueError, RecursionError):
        return None


def _from_block(index: str, start: int, name: str) -> tuple[ChartVersion, ...]:
    """The versions in the block of one chart; none without such a block."""
    first = _FIRST_KEY.search(index, start)
    if first is None or _TOP_LEVEL.search(index, start, first.start()):
        return ()
    indent = len(first[1])
    spelled = re.escape(name)
    key = re.compile(rf"\n {{{indent}}}(?:{spelled}|\"{spelled}\"|'{spelled}')[ \t]*:")
    found = key.search(index, start)
    # A key of that name may stand behind the entries, in another part.
    if found is None or _TOP_LEVEL.search(index, start, found.start()):
        return ()
    # A list may begin at its key's own indentation; a comment ends nothing.
    nearer = re.compile(rf"\n(?: {{0,{indent - 1}}}[^\s#]| {{{indent}}}[^\s#-])")
    behind = nearer.search(index, found.end())
    to = behind.start() if behind else len(index)
    if (scanned := scan_versions(index[found.end() : to])) is not None:
        return tuple(ChartVersion(*fields) for fields in scanned)
    content = read_yaml(index[found.start() + 1 : to])
    versions = content.get(name) if isinstance(content, dict) else None
    return tuple(_versions(versions)) if isinstance(versions, list) else ()


def _versions(entries: list[Any]) -> Iterator[ChartVersion]:
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(version := entry.get("version"), str):
            continue
        digest, urls = entry.get("digest"), entry.get("urls")
        yield ChartVersion(
            version,
            bare_digest(digest) if isinstance(digest, str) else "",
            tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        )
