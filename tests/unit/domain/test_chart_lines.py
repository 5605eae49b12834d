"""Reading a chart's block line by line says what a parser says, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.records import NOON
from trunkline.domain.chart_index import ChartVersion, chart_versions
from trunkline.domain.chart_lines import Fields, bare_digest, scan_versions
from trunkline.domain.charts.index import Index, render_index
from trunkline.domain.charts.trees import read_yaml

WORDS = st.text(st.sampled_from("ab1.-:#'\"\\ \n{[&*|>!%@`?,é"), max_size=12)
ENTRY = st.fixed_dictionaries(
    {"version": st.sampled_from(["1.0.0", "1.10", "2.0.0-rc.1+b5", "v1"])},
    optional={
        "digest": st.sampled_from(["a" * 64, "sha256:" + "B" * 64]) | WORDS,
        "urls": st.lists(
            st.sampled_from(["a-1.0.0.tgz", "https://host:80/a?b=c&d", "s3://b/a"]) | WORDS, max_size=2
        ),
        "description": WORDS,
        "keywords": st.lists(WORDS, max_size=2),
        "annotations": st.dictionaries(st.sampled_from(["version", "a"]), WORDS, max_size=2),
        "created": st.just("2026-01-01T00:00:00Z"),
    },
)


def parsed(block: str) -> tuple[Fields, ...] | None:
    """What the parser makes of it; None where it is no list, ValueError where it is no YAML."""
    content = read_yaml(f"backend:{block}")
    entries = content.get("backend") if isinstance(content, dict) else None
    if not isinstance(entries, list):
        return None
    found = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(version := entry.get("version"), str):
            digest, urls = entry.get("digest"), entry.get("urls")
            addresses = tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else ()
            found.append((version, bare_digest(digest) if isinstance(digest, str) else "", addresses))
    return tuple(found)


def block(entries: list[dict[str, Any]], **style: Any) -> str:
    text = yaml.safe_dump({"entries": {"backend": entries}}, allow_unicode=True, **style)
    return str(text).partition("backend:")[2]


@given(
    st.lists(ENTRY, min_size=1, max_size=3),
    st.integers(2, 4),
    st.sampled_from([20, 80, 10_000]),
    st.booleans(),
)
def test_what_a_writer_wrote(entries: list[dict[str, Any]], indent: int, width: int, unsorted: bool) -> None:
    """Whatever texts an index holds, and however its writer breaks lines, the scan agrees with the parser or abstains."""
    text = block(entries, indent=indent, width=width, sort_keys=not unsorted)
    assert scan_versions(text) in {None, parsed(text)}


PLAIN = block(
    [{"version": "1.0.0", "digest": "a" * 64, "description": "x", "urls": ["a.tgz"]}, {"version": "0.9.0"}]
)


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN)), st.integers(0, 6), WORDS | st.sampled_from(["\n  ", "\n    version: 9", "\r"])), max_size=3)
)  # fmt: skip
@example([(0, 0, "")])
def test_what_somebody_changed(changes: list[tuple[int, int, str]]) -> None:
    """Of a block that was changed anywhere, the scan says what the parser says, where there is anything to parse."""
    text = PLAIN
    for place, drop, put in changes:
        text = text[:place] + put + text[place + drop :]
    scanned = scan_versions(text)
    try:
        expected = parsed(text)
    except ValueError:
        return
    assert scanned in {None, expected}


def test_helm_s_own_layout_is_scanned() -> None:
    """What Helm writes is read line by line: an abstention would be a hundred times as slow."""
    assert scan_versions(PLAIN) == (("1.0.0", "a" * 64, ("a.tgz",)), ("0.9.0", "", ()))
    assert (
        scan_versions(block([{"version": "1.0.0", "maintainers": [{"name": "a", "email": "b"}]}])) is not None
    )
    quoted = "\n  - description: 'it''s: one'\n    home: \"a \\\"b\\\" c\"\n    version: 1.0.0\n"
    assert scan_versions(quoted) == (("1.0.0", "", ()),)


@pytest.mark.parametrize(
    "line",
    [
        "version: &a 1.0.0",
        'version: "1.0.0\n   "',
        'description: "a\n version: 9.9.9"',
        "description: {a: b,\n version: 9.9.9}",
        "version: 1.0.0 # why",
        "version: 1.0.0\n    version: 2.0.0",
        "version: 1.0.0\n      further",
        "? version\n    : 1.0.0",
        "urls: [a.tgz]",
        '"version": 1.0.0',
        "version:\t1.0.0",
        "version: |\n      1.0.0",
    ],
)
def test_what_could_mean_something_else_is_left_to_the_parser(line: str) -> None:
    """Nothing is guessed at: an unusual line leads to the parser."""
    assert scan_versions(f"\n  - name: backend\n    {line}\n") is None


def test_our_own_layout_needs_no_whole_parse() -> None:
    """In an index of ours only the lines of the chart are read: what follows may be anything."""
    entries = {("backend", "1.0.0"): {"version": "1.0.0", "name": "backend", "urls": ["a.tgz"]}}
    index = render_index(Index({**entries, ("other", "1.0.0"): {"version": "1.0.0"}}), NOON)
    broken = index.replace('"other": [', '"other": [[[[')
    assert chart_versions(broken, "backend") == (ChartVersion("1.0.0", "", ("a.tgz",)),)
    assert chart_versions(index, "other") == (ChartVersion("1.0.0"),)
    assert chart_versions(index, "none") == ()
    assert json.loads(index)["entries"]["backend"][0]["version"] == "1.0.0"
