"""The index, read in YAML and JSON and written so that Helm, its S3 plug-in and we read it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.chart_index import chart_versions
from trunkline.domain.charts.index import Index, key_of, parse_index, render_index

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HELM = """\
apiVersion: v1
entries:
  backend:
  - apiVersion: v2
    appVersion: 1.10
    created: "2026-01-02T03:04:05Z"
    deprecated: true
    description: true
    digest: abc
    name: backend
    urls:
    - s3://charts/stable/backend-1.10.0.tgz
    version: 1.10.0
  - name: backend
    version: 1.9.0
  - name: backend
    version: 1.9.0
    digest: twice
generated: "2026-01-02T03:04:05Z"
"""
names = st.text("abcXYZ09-_. é\u2028'\"", min_size=1, max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=12), lambda inner: st.lists(inner, max_size=3)
)


def test_an_index_of_helm_is_read() -> None:
    """Texts stay texts, truth values become such where Helm wants them, and the first of two equals counts."""
    index = parse_index(HELM)
    newer = index.entries["backend", "1.10.0"]
    assert (newer["appVersion"], newer["deprecated"], newer["description"]) == ("1.10", True, "true")
    assert "digest" not in index.entries["backend", "1.9.0"]
    assert index.further["apiVersion"] == "v1"


def test_it_is_written_newest_first_a_line_each() -> None:
    """A version is a line, so that a difference between two indexes can be read."""
    index = Index().changed(
        [{"name": "b", "version": version} for version in ("1.9.0", "1.10.0", "odd", "1.10.0-rc.1")]
    )
    lines = [
        json.loads(line.rstrip(","))
        for line in render_index(index, NOW).splitlines()
        if line.startswith('{"name')
    ]
    assert [line["version"] for line in lines] == ["1.10.0", "1.10.0-rc.1", "1.9.0", "odd"]


@given(st.dictionaries(st.tuples(names, names), st.dictionaries(names, values, max_size=3), max_size=4))
def test_what_is_written_is_read(found: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Any index comes back as it was: as JSON, as YAML, and chart by chart."""
    kept = {key: {**fields, "name": key[0], "version": key[1]} for key, fields in found.items()}
    text = render_index(Index(kept), NOW)
    assert parse_index(text).entries == kept
    assert yaml.safe_load(text)["entries"] == json.loads(text)["entries"]
    for name, version in kept:
        assert version in [item.version for item in chart_versions(text, name)]


@given(
    st.text(max_size=200)
    | st.sampled_from(["{" * 3000, "[" * 3000, "a: &b [*b]", "entries: {a: [{version: 1}]}"])
)
def test_any_text_is_an_index_or_refused(text: str) -> None:
    """A text from a stranger is read or refused with a sentence, and never anything else."""
    try:
        index = parse_index(text)
    except ValueError:
        return
    assert all(key == key_of(entry) for key, entry in index.entries.items())


@pytest.mark.parametrize(
    "text", ["", "\n", "apiVersion: v1\n", "entries:\n", '{"entries": null}', "\ufeffentries: {}"]
)
def test_an_empty_index_is_one(text: str) -> None:
    """An index without entries is an index."""
    assert parse_index(text).entries == {}
