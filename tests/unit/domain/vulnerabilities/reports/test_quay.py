"""Quay's report: what of Clair's sentences becomes of a finding."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trunkline.domain.vulnerabilities import Finding, Look, ScanState, Severity
from trunkline.domain.vulnerabilities.reports.quay import read_quay

DIGEST = "sha256:" + "a" * 64


def read(**vulnerability: Any) -> Finding:
    feature = {
        "Name": "zlib",
        "Version": "1.2",
        "AddedBy": "sha256:b",
        "Vulnerabilities": [{"Name": "CVE-2026-0001", **vulnerability}],
    }
    look = read_quay(
        {"status": "scanned", "data": {"Layer": {"Name": DIGEST, "Features": [feature]}}}, DIGEST
    )
    assert look.report
    (finding,) = look.report.findings
    return finding


@pytest.mark.parametrize(
    ("name", "links", "advisory", "aliases"),
    [
        ("CVE-2026-0001", "https://a.example/CVE-2026-0001", "CVE-2026-0001", ()),
        ("CVE-2026-0001 on Ubuntu 24.04 LTS (noble) - medium", "", "CVE-2026-0001", ()),
        ("RHSA-2026:0951: zlib update (Important)", "https://a.example/CVE-2026-0002", "RHSA-2026:0951", ("CVE-2026-0002",)),
        ("RHSA-2026:0951: zlib update", "CVE-2026-0002 CVE-2026-0003", "RHSA-2026:0951", ()),
        ("GHSA-jfh8-c2jp-5v3q", "https://a.example/CVE-2026-0002", "GHSA-jfh8-c2jp-5v3q", ("CVE-2026-0002",)),
        ("pyup.io-38765 (CVE-2026-0002)", "", "pyup.io-38765", ("CVE-2026-0002",)),
        ("Regular expression that never ends", "", "Regular expression that never ends", ()),
        ("Stack-based overflow in zlib", "", "Stack-based overflow in zlib", ()),
    ],
)  # fmt: skip
def test_names(name: str, links: str, advisory: str, aliases: tuple[str, ...]) -> None:
    """A finding goes by the advisory's id, and by its CVE too where it is about one alone."""
    finding = read(Name=name, Link=links)
    assert (finding.id, finding.aliases) == (advisory, aliases)


@pytest.mark.parametrize(
    ("score", "vector", "expected"),
    [
        (7.5, "", 7.5),
        ("9.8", "", 9.8),
        ("", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("", "", None),
        (0, "CVSS:3.1/AV:N", None),
    ],
)
def test_scores(score: object, vector: str, expected: float | None) -> None:
    """The score is Quay's, else that of its vector, else none."""
    assert read(Metadata={"NVD": {"CVSSv3": {"Score": score, "Vectors": vector}}}).score == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Defcon1", Severity.CRITICAL),
        ("High", Severity.HIGH),
        (None, Severity.UNKNOWN),
        ("?", Severity.UNKNOWN),
    ],
)
def test_severities(word: str | None, expected: Severity) -> None:
    """Quay's words are ours, and its worst one, which older ones have, is critical."""
    assert read(Severity=word).severity is expected


@pytest.mark.parametrize("data", [None, {}, {"Layer": None}, {"Layer": {}}])
def test_a_scan_without_a_layer(data: object) -> None:
    """A scan that is done and shows nothing at all is none."""
    with pytest.raises(ValueError, match="Layer is missing"):
        read_quay({"status": "scanned", "data": data}, DIGEST)


def test_no_package_is_known() -> None:
    """A scan that recognised nothing says so."""
    look = read_quay({"status": "scanned", "data": {"Layer": {"Name": DIGEST, "Features": []}}}, DIGEST)
    assert (look.state, look.report and look.report.packages) == (ScanState.SCANNED, 0)


def whole() -> dict[str, Any]:
    vulnerability = {
        "Severity": "High",
        "NamespaceName": "debian",
        "Link": "https://a.example/CVE-2026-0001",
        "FixedBy": "1.3",
        "Description": "overflow",
        "Name": "CVE-2026-0001",
        "Metadata": {"UpdatedBy": "debian", "NVD": {"CVSSv3": {"Vectors": "CVSS:3.1/AV:N", "Score": 8.1}}},
    }
    feature = {"Name": "zlib", "Version": "1.2", "AddedBy": "sha256:b", "Vulnerabilities": [vulnerability]}
    layer = {"Name": DIGEST, "ParentName": "", "IndexedByVersion": 4, "Features": [feature]}
    return {"status": "scanned", "data": {"Layer": layer}}


_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(10**400) | st.floats() | st.text(max_size=4)
    | st.sampled_from(["\ud800", "a\nb", "nan", "1e999", "CVSS:3.1/AV:N", "RHSA-1: x\x1b[2J"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in _places(item, (*path, key)))]


def _with(place: tuple[Any, ...], value: Any) -> Any:
    document: Any = whole()
    if not place:
        return value
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    parent[place[-1]] = value
    return document


def _read(data: Any) -> Look | ValueError:
    try:
        return read_quay(data, DIGEST)
    except ValueError as error:
        return error


@settings(deadline=None)
@given(st.sampled_from(_places(whole())), _odd)
def test_one_thing_is_wrong(place: tuple[Any, ...], value: Any) -> None:
    """Whatever stands in one place of the answer, it is read whole, or refused with one sentence."""
    look = _read(_with(place, value))
    if isinstance(look, ValueError):
        assert type(look) is ValueError
        assert str(look).isprintable()
        return
    assert (look.report is not None) == (look.state is ScanState.SCANNED)
    for finding in look.report.findings if look.report else ():
        assert finding.id
        assert finding.package
        assert finding.score is None or 0 < finding.score <= 10
        texts = (finding.id, finding.package, finding.version, finding.link, finding.layer, *finding.aliases)
        assert not any("\n" in text or "\x1b" in text for text in texts)
        json.dumps([texts, finding.description], ensure_ascii=False).encode()
