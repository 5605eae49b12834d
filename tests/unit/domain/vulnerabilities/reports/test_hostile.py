"""Reports of any shape: read, or refused with a sentence."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.vulnerabilities.reports import documents
from trunkline.domain.vulnerabilities import Report
from trunkline.domain.vulnerabilities.reports import (
    read_grype,
    read_osv,
    read_report,
    read_trivy,
    with_inventory,
)

_READERS: dict[str, tuple[Callable[[Any], Report], Callable[[], dict[str, Any]]]] = {
    "grype": (read_grype, documents.grype),
    "trivy": (read_trivy, documents.trivy),
    "osv": (read_osv, documents.osv),
    "syft": (lambda data: with_inventory(Report("osv", "", ()), data), documents.syft),
}
_odd = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["\ud800", "a\nb", "nan", "1e999", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "CVSS:3.1/AV:N"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.sampled_from(["a\nb"]), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


def _with(document: dict[str, Any], place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    changed = copy.deepcopy(document)
    parent: Any = changed
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return changed


def _read(read: Callable[[Any], Report], data: Any) -> Report | ValueError:
    try:
        return read(data)
    except ValueError as error:
        return error


def _survives(read: Callable[[Any], Report], data: Any) -> None:
    report = _read(read, data)
    if not isinstance(report, Report):
        assert type(report) is ValueError
        assert str(report).isprintable()
        return
    for finding in report.findings:
        assert finding.id
        assert finding.package
        assert finding.score is None or 0 < finding.score <= 10
        texts = (finding.id, finding.package, finding.version, finding.link, finding.layer, finding.fixed_in)
        assert not any("\n" in text for text in texts)
        json.dumps([texts, finding.description], ensure_ascii=False).encode()


@pytest.mark.parametrize("name", _READERS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_one_thing_is_wrong(name: str, data: st.DataObject) -> None:
    """Whatever stands in one place of a report, it is read, or refused with one sentence."""
    read, document = _READERS[name]
    place = data.draw(st.sampled_from(_places(document())))
    _survives(read, _with(document(), place, data.draw(_odd)))


@settings(max_examples=150, deadline=None)
@given(
    _odd
    | st.dictionaries(
        st.sampled_from(["matches", "SchemaVersion", "Results", "results", "Metadata", "source"]), _odd
    )
)
def test_anything(data: Any) -> None:
    """Whatever JSON is given, it is read, or refused with one sentence."""
    _survives(read_report, data)


@pytest.mark.parametrize("name", _READERS)
def test_every_key_may_be_missing(name: str) -> None:
    """A report without any one of its keys is read, or refused with a sentence that names what is missing."""
    read, document = _READERS[name]
    for place in _places(document())[1:]:
        if isinstance(place[-1], str):
            report = _read(read, _with(document(), place, None))
            assert isinstance(report, Report) or "is missing" in str(report) or "SchemaVersion" in str(report)
