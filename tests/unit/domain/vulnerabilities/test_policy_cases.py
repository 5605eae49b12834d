"""What a policy makes of an image, case by case: the table that says what each of its words means."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.unit.domain.vulnerabilities.samples import TODAY, exemption, finding, report, scanned
from trunkline.domain.vulnerabilities import (
    Finding,
    Look,
    Policy,
    Reaction,
    Report,
    ScanState,
    Severity,
    judge,
)

PASS, WARN, REFUSE = Reaction.PASS, Reaction.WARN, Reaction.REFUSE


@dataclass(frozen=True)
class Case:
    name: str
    policy: Policy
    findings: tuple[Finding, ...] | Look
    outcome: str
    standings: dict[str, str] = field(default_factory=dict)
    baseline: Report | None = None
    note: str = ""


def _one(severity: str, standing: str, outcome: str, **policy: Severity | Reaction | None) -> Case:
    name = f"{severity} before {policy}"
    return Case(name, Policy(**policy), (finding(severity=severity),), outcome, {"CVE-1": standing})  # type: ignore[arg-type]  # a table of keywords


def _state(state: str, reaction: Reaction, outcome: str) -> Case:
    look = Look(ScanState(state))
    return Case(f"{state}, {reaction}", Policy(without_result=reaction), look, outcome, note=state)


HIGH, LOW = (finding(),), (finding(severity="low"),)
NO_FIX = (finding(fixed=""),)
TWO = (finding("CVE-1", "critical"), finding("CVE-2", "high", package="zlib"))
STAYS, NEW_ONLY = report(finding(version="3.0.0")), Policy(new_only=True)
EXEMPTED = Policy(exceptions=(exemption(),))

CASES = [
    # The least severity that gates.
    _one("critical", "gates", "refused"),
    _one("high", "gates", "refused"),
    _one("medium", "below", "passed"),
    _one("low", "below", "passed"),
    _one("negligible", "below", "passed"),
    _one("high", "below", "passed", fail_on=Severity.CRITICAL),
    _one("critical", "gates", "refused", fail_on=Severity.CRITICAL),
    _one("medium", "gates", "refused", fail_on=Severity.MEDIUM),
    _one("negligible", "gates", "refused", fail_on=Severity.NEGLIGIBLE),
    _one("critical", "below", "passed", fail_on=None),
    Case("nothing found", Policy(), (), "passed"),
    # The worse of severity and score.
    Case("a score in a worse band counts", Policy(), (finding(severity="low", score=7.0),), "refused", {"CVE-1": "gates"}),
    Case("a score just below the band does not", Policy(), (finding(severity="low", score=6.9),), "passed", {"CVE-1": "below"}),
    Case("a severity worse than the score counts", Policy(), (finding(severity="high", score=2.0),), "refused", {"CVE-1": "gates"}),
    Case("Quay's 10.0 without a severity", Policy(), (finding(severity="unknown", score=10.0),), "refused", {"CVE-1": "gates"}),
    # Findings that nobody has judged.
    _one("unknown", "warns", "warned"),
    _one("unknown", "gates", "refused", unknown=REFUSE),
    _one("unknown", "below", "passed", unknown=PASS),
    _one("unknown", "below", "passed", unknown=REFUSE, fail_on=None),
    _one("unknown", "gates", "refused", fail_on=Severity.UNKNOWN),
    # Only what can be mended.
    Case("no fix gates by default", Policy(), NO_FIX, "refused", {"CVE-1": "gates"}),
    Case("no fix only warns", Policy(fixable_only=True), NO_FIX, "warned", {"CVE-1": "warns"}),
    Case("a fix gates", Policy(fixable_only=True), HIGH, "refused", {"CVE-1": "gates"}),
    Case("no fix and unknown, refused", Policy(fixable_only=True, unknown=REFUSE), (finding(severity="unknown", fixed=""),),
         "warned", {"CVE-1": "warns"}),
    Case("no fix and below stays below", Policy(fixable_only=True), (finding(severity="low", fixed=""),), "passed", {"CVE-1": "below"}),
    # Days of grace.
    Case("young", Policy(grace_days=7), (finding(age=6),), "warned", {"CVE-1": "warns"}),
    Case("as old as the grace", Policy(grace_days=7), (finding(age=7),), "refused", {"CVE-1": "gates"}),
    Case("published today", Policy(grace_days=1), (finding(age=0),), "warned", {"CVE-1": "warns"}),
    Case("published today without grace", Policy(), (finding(age=0),), "refused", {"CVE-1": "gates"}),
    Case("without a date", Policy(grace_days=7), HIGH, "refused", {"CVE-1": "gates"}),
    Case("young and below", Policy(grace_days=7), (finding(severity="low", age=1),), "passed", {"CVE-1": "below"}),
    Case("the older of two dates counts", Policy(grace_days=7), (finding(age=1, layer="a"), finding(age=30, layer="b")),
         "refused", {"CVE-1": "gates"}),
    # Packages that are ignored.
    Case("ignored by name", Policy(packages_ignored=("openssl",)), HIGH, "passed", {"CVE-1": "ignored"}),
    Case("ignored by glob", Policy(packages_ignored=("linux-*", "open*")), HIGH, "passed", {"CVE-1": "ignored"}),
    Case("ignored in other letters", Policy(packages_ignored=("OpenSSL",)), HIGH, "passed", {"CVE-1": "ignored"}),
    Case("a part of a name is no name", Policy(packages_ignored=("ssl",)), HIGH, "refused", {"CVE-1": "gates"}),
    Case("only the one package", Policy(packages_ignored=("zlib",)), TWO, "refused", {"CVE-1": "gates", "CVE-2": "ignored"}),
    # Exceptions.
    Case("an exception", EXEMPTED, HIGH, "passed", {"CVE-1": "exempt"}),
    Case("on its last day", Policy(exceptions=(exemption(until=0),)), HIGH, "passed", {"CVE-1": "exempt"}, note="ends today"),
    Case("a day after", Policy(exceptions=(exemption(until=-1),)), HIGH, "refused", {"CVE-1": "gates"}, note="of ann ended on 2026-11-22"),
    Case("ended, and below", Policy(exceptions=(exemption(until=-1),)), LOW, "passed", {"CVE-1": "below"}, note="nothing that it let off gates"),
    Case("in other letters", Policy(exceptions=(exemption(" cve-1 "),)), HIGH, "passed", {"CVE-1": "exempt"}),
    Case("by an alias", Policy(exceptions=(exemption("ghsa-x"),)), (finding(aliases=("GHSA-X",)),), "passed", {"CVE-1": "exempt"}),
    Case("for another package", Policy(exceptions=(exemption(package="libssl*"),)), HIGH, "refused", {"CVE-1": "gates"}, note="matches nothing"),
    Case("for this package", Policy(exceptions=(exemption(package="Open*"),)), HIGH, "passed", {"CVE-1": "exempt"}),
    Case("for another id", Policy(exceptions=(exemption("CVE-10"),)), HIGH, "refused", {"CVE-1": "gates"}, note="for CVE-10 of ann matches nothing"),
    Case("for one of two", EXEMPTED, TWO, "refused", {"CVE-1": "exempt", "CVE-2": "gates"}),
    Case("one ended, another holds", Policy(exceptions=(exemption(until=-1), exemption(until=99))), HIGH, "passed", {"CVE-1": "exempt"}),
    Case("ends within a fortnight", Policy(exceptions=(exemption(until=14),)), HIGH, "passed", {"CVE-1": "exempt"}, note="ends in 14 days"),
    Case("ends tomorrow", Policy(exceptions=(exemption(until=1),)), HIGH, "passed", {"CVE-1": "exempt"}, note="ends tomorrow"),
    Case("matches nothing", EXEMPTED, (), "passed", {}, note="matches nothing: remove it"),
    Case("ended and matches nothing", Policy(exceptions=(exemption(until=-9),)), (), "passed", {}, note="matches nothing and ended on 2026-11-14"),
    Case("for what nobody has judged", EXEMPTED, (finding(severity="unknown"),), "passed", {"CVE-1": "exempt"}),
    Case("for what is ignored", Policy(exceptions=(exemption(),), packages_ignored=("*",)), HIGH, "passed", {"CVE-1": "ignored"}),
    # What production has as well.
    Case("production has it", NEW_ONLY, HIGH, "warned", {"CVE-1": "warns"}, STAYS),
    Case("production has it under an alias", NEW_ONLY, (finding(aliases=("GHSA-X",)),), "warned", {"CVE-1": "warns"},
         report(finding("ghsa-x"))),
    Case("production has it in another package", NEW_ONLY, HIGH, "refused", {"CVE-1": "gates"}, report(finding(package="zlib"))),
    Case("production has another", NEW_ONLY, HIGH, "refused", {"CVE-1": "gates"}, report(finding("CVE-2"))),
    Case("one is new", NEW_ONLY, TWO, "refused", {"CVE-1": "warns", "CVE-2": "gates"}, STAYS),
    Case("production was not scanned", NEW_ONLY, HIGH, "refused", {"CVE-1": "gates"}, None, note="every finding counts as new"),
    Case("production has it, and all count", Policy(), HIGH, "refused", {"CVE-1": "gates"}, STAYS),
    # The scan itself.
    *(_state(state, reaction, outcome)
      for state in ("queued", "failed", "unsupported", "too-large", "scanner-down", "not-scanned")
      for reaction, outcome in ((REFUSE, "refused"), (WARN, "warned"), (PASS, "passed"))),
    Case("one state by itself", Policy(states={ScanState.UNSUPPORTED: WARN}), Look(ScanState.UNSUPPORTED), "warned"),
    Case("another state as ever", Policy(states={ScanState.UNSUPPORTED: WARN}), Look(ScanState.FAILED), "refused"),
    Case("scanned, and no report", Policy(), Look(ScanState.SCANNED), "refused", note="gives no result"),
    Case("a part is scanned, and it gates", Policy(without_result=PASS), Look(ScanState.QUEUED, report(finding())),
         "refused", {"CVE-1": "gates"}),
    Case("a part is scanned, and it is good", Policy(), Look(ScanState.QUEUED, report()), "refused", note="queued"),
    Case("no package was recognised", Policy(), scanned(packages=0), "warned", note="recognised no package"),
    Case("no package, refused", Policy(no_packages=REFUSE), scanned(packages=0), "refused", note="recognised no package"),
    Case("no package, passed", Policy(no_packages=PASS), scanned(packages=0), "passed", note="recognised no package"),
    Case("packages are not told", Policy(), scanned(packages=None), "passed"),
    # The same finding many times.
    Case("on two layers", Policy(), (finding(layer="sha256:a"), finding(layer="sha256:b")), "refused", {"CVE-1": "gates"}),
    Case("on two platforms, one with a fix", Policy(fixable_only=True),
         (finding(platform="linux/amd64", fixed=""), finding(platform="linux/arm64")), "refused", {"CVE-1": "gates"}),
    Case("on two platforms, one worse", Policy(), (finding(severity="low"), finding(severity="high")), "refused", {"CVE-1": "gates"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_cases(case: Case) -> None:
    """The policy makes of the image, and of each finding, what the table says."""
    look = case.findings if isinstance(case.findings, Look) else scanned(*case.findings)
    judgement = judge(case.policy, look, case.baseline, TODAY)
    assert judgement.outcome == case.outcome
    assert {row.finding.id: row.standing for row in judgement.rows} == case.standings
    sentences = [note.sentence for note in judgement.notes]
    words = _STATE_WORDS.get(case.note, case.note)
    assert not words or any(words in sentence for sentence in sentences), sentences
    assert judgement.summary.endswith(".")


_STATE_WORDS = {
    "queued": "has not begun or is not done yet",
    "failed": "failed on this image",
    "unsupported": "cannot read images of this kind",
    "too-large": "larger than the scanner takes",
    "scanner-down": "does not answer",
    "not-scanned": "Nothing has scanned",
}


def test_names() -> None:
    """No two cases bear the same name, and there are enough of them."""
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 50
