"""The order, the sentences and the laws of a judgement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.vulnerabilities.samples import TODAY, exemption, finding, report, scanned
from tests.unit.domain.vulnerabilities.strategies import baselines, exemptions, looks, policies
from trunkline.domain.vulnerabilities import (
    Exemption,
    Finding,
    Look,
    Outcome,
    Policy,
    Report,
    ScanState,
    Standing,
    judge,
)


def test_worst_first() -> None:
    """What gates stands before what warns, and of these the worse, the higher score, and what can be mended."""
    found = (
        finding("CVE-5", "low"),
        finding("CVE-4", "unknown"),
        finding("CVE-3", "high", fixed=""),
        finding("CVE-2", "high"),
        finding("CVE-1", "high", score=8.8),
        finding("CVE-0", "critical", fixed=""),
    )
    judgement = judge(Policy(), scanned(*found), None, TODAY)
    assert [row.finding.id for row in judgement.rows] == [f"CVE-{number}" for number in range(6)]


def test_joined() -> None:
    """The same finding on several layers and platforms is one row that names them all."""
    found = (
        finding(layer="sha256:b", platform="linux/arm64", fixed="3.0.3", score=7.1),
        finding(layer="sha256:a", platform="linux/amd64", fixed="3.0.2", score=7.5, aliases=("GHSA-X",)),
        finding(layer="", platform="", fixed=""),
    )
    (row,) = judge(Policy(), scanned(*found), None, TODAY).rows
    assert (row.layers, row.platforms) == (("sha256:a", "sha256:b"), ("linux/amd64", "linux/arm64"))
    assert (row.finding.fixed_in, row.finding.score) == ("3.0.2, 3.0.3", 7.5)
    assert row.finding.aliases == ("GHSA-X",)


def test_two_versions_are_two_findings() -> None:
    """Another version or another package is another finding."""
    found = (finding(), finding(version="1.1.1"), finding(package="libssl3"))
    assert len(judge(Policy(), scanned(*found), None, TODAY).rows) == 3


def test_new() -> None:
    """Each row says whether production has it, and nothing where that is not known."""
    known = judge(Policy(), scanned(finding(), finding("CVE-2")), report(finding()), TODAY)
    assert {row.finding.id: row.is_new for row in known.rows} == {"CVE-1": False, "CVE-2": True}
    (row,) = judge(Policy(), scanned(finding()), None, TODAY).rows
    assert row.is_new is None


def test_exempt_row() -> None:
    """An exempt row carries its exception and says until when, who answers for it and why."""
    holding = exemption(until=90)
    (row,) = judge(Policy(exceptions=(exemption(until=30), holding)), scanned(finding()), None, TODAY).rows
    assert row.exemption is holding
    assert row.reason == "until 2027-02-21, ann: not reachable from outside"


@pytest.mark.parametrize(
    ("found", "policy", "summary"),
    [
        ((), Policy(), "No vulnerability was found in 100 packages."),
        ((finding(severity="low"),), Policy(), "No vulnerability gates: 1 below."),
        (
            (finding(),),
            Policy(),
            "1 vulnerability gates (1 high): CVE-1 in openssl 3.0.1 (high, fixed in 3.0.2).",
        ),
        (
            (finding(severity="unknown", fixed=""),),
            Policy(),
            "1 vulnerability warns (1 unknown): CVE-1 in openssl 3.0.1 (unknown, no fix yet).",
        ),
        (
            (*(finding(f"CVE-{number}") for number in range(5)), finding("CVE-9", "critical"), finding("CVE-8", "unknown")),
            Policy(),
            ("6 vulnerabilities gate (1 critical, 5 high), 1 more warns: CVE-9 in openssl 3.0.1 (critical, fixed in 3.0.2), "
            "CVE-0 in openssl 3.0.1 (high, fixed in 3.0.2), CVE-1 in openssl 3.0.1 (high, fixed in 3.0.2), and 3 more."),
        ),
    ],
)  # fmt: skip
def test_summary(found: tuple[Finding, ...], policy: Policy, summary: str) -> None:
    """One sentence counts what decides and names the worst three."""
    assert judge(policy, scanned(*found), None, TODAY).summary == summary


def test_summary_without_result() -> None:
    """Without a result the summary says why there is none, in the scanner's words too."""
    look = Look(ScanState.FAILED, None, "layer 3 is\n no tar archive.")
    judgement = judge(Policy(), look, None, TODAY)
    assert judgement.summary == (
        "The scanner failed on this image (layer 3 is no tar archive): the policy refuses it."
    )
    assert judgement.state is ScanState.FAILED


def test_summary_of_a_part() -> None:
    """What gates in a part of a scan is told together with how far the scan is."""
    judgement = judge(Policy(), Look(ScanState.QUEUED, report(finding())), None, TODAY)
    assert judgement.summary.endswith("; and the scan is not complete (queued).")


def test_ended_exception() -> None:
    """An exception that ended names its owner and its last day, in a note and at the finding."""
    judgement = judge(Policy(exceptions=(exemption(until=-3),)), scanned(finding()), None, TODAY)
    assert [note.sentence for note in judgement.notes] == [
        (
            "The exception for CVE-1 of ann ended on 2026-11-20, and what it let off gates again: "
            "mend it, or let its owner decide anew."
        )
    ]
    assert judgement.rows[0].reason == "its exception ended on 2026-11-20"


def test_a_part_shows_no_needless_exception() -> None:
    """Before the scan is whole, no exception is said to match nothing."""
    for look in (Look(ScanState.QUEUED), Look(ScanState.QUEUED, report()), Look(ScanState.SCANNED)):
        judgement = judge(Policy(exceptions=(exemption(),)), look, None, TODAY)
        assert [note.topic for note in judgement.notes] == ["no-result"]


@settings(max_examples=150, deadline=None)
@given(policies, looks, baselines, st.dates())
def test_never_raises(policy: Policy, look: Look, baseline: Report | None, today: date) -> None:
    """Whatever a scanner says, there is an outcome, a sentence, and a row for each finding."""
    judgement = judge(policy, look, baseline, today)
    assert judgement.summary
    assert judgement.summary.encode()
    found = () if look.report is None else look.report.findings
    rows = {(row.finding.id.casefold(), row.finding.package, row.finding.version) for row in judgement.rows}
    assert rows == {(one.id.casefold(), one.package, one.version) for one in found}
    if any(row.standing is Standing.GATES for row in judgement.rows):
        assert judgement.outcome is Outcome.REFUSED


@settings(max_examples=150, deadline=None)
@given(policies, looks, baselines, st.dates(), st.randoms(use_true_random=False))
def test_order_does_not_matter(
    policy: Policy, look: Look, baseline: Report | None, today: date, random: Random
) -> None:
    """However a scanner orders its findings, the judgement is the same."""
    if look.report is None:
        return
    shuffled = list(look.report.findings)
    random.shuffle(shuffled)
    other = replace(look, report=replace(look.report, findings=tuple(shuffled)))
    assert judge(policy, look, baseline, today) == judge(policy, other, baseline, today)


@settings(max_examples=150, deadline=None)
@given(policies, looks, baselines, st.dates(), exemptions)
def test_an_exception_never_makes_it_worse(
    policy: Policy, look: Look, baseline: Report | None, today: date, added: Exemption
) -> None:
    """With one exception more the outcome is the same or better."""
    more = replace(policy, exceptions=(*policy.exceptions, added))
    before, after = judge(policy, look, baseline, today), judge(more, look, baseline, today)
    assert after.outcome.rank <= before.outcome.rank
