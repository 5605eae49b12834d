"""The rows of a judgement as cells."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.vulnerabilities.samples import TODAY, finding, scanned
from tests.unit.domain.vulnerabilities.strategies import looks, policies
from trunkline.domain.vulnerabilities import Finding, Look, Policy, judge
from trunkline.domain.vulnerabilities.table import HEADINGS, cells


def _cells(*findings: Finding) -> dict[str, str]:
    (row,) = judge(Policy(), scanned(*findings), None, TODAY).rows
    return dict(zip(HEADINGS, cells(row), strict=True))


def test_cells() -> None:
    """A row tells all that a person wants of a finding."""
    assert _cells(finding(score=8.25, layer="sha256:" + "a" * 64, platform="linux/arm64")) == {
        "STANDING": "gates",
        "SEVERITY": "high 8.2",
        "VULNERABILITY": "CVE-1",
        "PACKAGE": "openssl",
        "INSTALLED": "3.0.1",
        "FIXED IN": "3.0.2",
        "LAYER": "linux/arm64 aaaaaaaaaaaa",
        "WHY": "high or worse",
        "LINK": "https://advisories.example/CVE-1",
    }


def test_bare() -> None:
    """What is not known is left out, and that there is no fix is shown."""
    told = _cells(Finding("CVE-1", "openssl", ""))
    assert (told["SEVERITY"], told["INSTALLED"], told["FIXED IN"], told["LAYER"]) == ("unknown", "", "-", "")


def test_many_layers() -> None:
    """Of several layers the first is named, with how many more there are."""
    found = [finding(layer=f"sha256:{letter * 64}") for letter in "cab"]
    assert _cells(*found)["LAYER"] == "aaaaaaaaaaaa +2"


@settings(max_examples=80, deadline=None)
@given(policies, looks, st.dates())
def test_nothing_that_a_terminal_obeys(policy: Policy, look: Look, today: date) -> None:
    """Whatever scanners say, a cell is one line of printable text that is not long."""
    for row in judge(policy, look, None, today).rows:
        for cell in cells(row):
            assert cell.isprintable()
            assert len(cell) <= 200
