"""The sentences of a judgement about the scan and about the policy's exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities.findings import Look, ScanState
from trunkline.domain.vulnerabilities.outcomes import OUTCOMES, Note, Outcome, Row, Standing, Topic
from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction, names_of

SOON_DAYS = 14
_STATES = {
    ScanState.SCANNED: "The scanner says that it is done, and gives no result",
    ScanState.QUEUED: "The scan has not begun or is not done yet",
    ScanState.FAILED: "The scanner failed on this image",
    ScanState.UNSUPPORTED: "The scanner cannot read images of this kind",
    ScanState.TOO_LARGE: "A layer of this image is larger than the scanner takes",
    ScanState.SCANNER_DOWN: "The scanner does not answer",
    ScanState.NOT_SCANNED: "Nothing has scanned this image",
}
_REACTIONS = {
    Reaction.REFUSE: "the policy refuses it",
    Reaction.WARN: "the policy only warns",
    Reaction.PASS: "the policy lets it pass",
}
_DETAIL = 300
_LINE = 120


def scan_notes(policy: Policy, look: Look, *, has_baseline: bool) -> Iterator[Note]:
    """What is to be said of the scan itself: no result, no packages, nothing to compare with."""
    report = look.report
    if look.state is not ScanState.SCANNED or report is None:
        reaction = policy.reaction_to(look.state)
        detail = f" ({one_line(look.detail, _DETAIL).rstrip('.')})" if look.detail.strip() else ""
        sentence = f"{_STATES[look.state]}{detail}: {_REACTIONS[reaction]}."
        yield Note(Topic.NO_RESULT, sentence, OUTCOMES[reaction])
    elif report.packages == 0 and not report.findings:
        sentence = f"The scanner recognised no package in this image, so it could find nothing: {_REACTIONS[policy.no_packages]}."
        yield Note(Topic.NO_PACKAGES, sentence, OUTCOMES[policy.no_packages])
    if policy.new_only and not has_baseline and report is not None:
        yield Note(
            Topic.NO_BASELINE,
            "Of what production runs no scan is known: every finding counts as new.",
            Outcome.PASSED,
        )


def exception_notes(policy: Policy, rows: Sequence[Row], look: Look, today: date) -> Iterator[Note]:
    """What is to be said of each exception, in the policy's order; only a whole scan shows that one matches nothing."""
    whole = look.state is ScanState.SCANNED and look.report is not None
    by_name: dict[str, list[Row]] = {}
    for row in rows:
        for name in names_of(row.finding):
            by_name.setdefault(name, []).append(row)
    for exemption in policy.exceptions:
        covered = [row for row in by_name.get(exemption.name, ()) if exemption.covers(row.finding)]
        left = (exemption.until - today).days
        if not covered and whole:
            ended = f" and ended on {exemption.until}" if left < 0 else ""
            yield Note(Topic.UNMATCHED, f"{_named(exemption)} matches nothing{ended}: remove it.")
        elif covered and left < 0:
            yield Note(Topic.ENDED, f"{_named(exemption)} ended on {exemption.until}{_consequence(covered)}")
        elif covered and left <= SOON_DAYS:
            when = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
            yield Note(Topic.ENDS_SOON, f"{_named(exemption)} ends {when}, on {exemption.until}.")


def _consequence(covered: Sequence[Row]) -> str:
    if any(row.standing is Standing.GATES for row in covered):
        return ", and what it let off gates again: mend it, or let its owner decide anew."
    return ", and nothing that it let off gates: remove it."


def _named(exemption: Exemption) -> str:
    package = f" in {one_line(exemption.package, _LINE)}" if exemption.package else ""
    return f"The exception for {one_line(exemption.id, _LINE)}{package} of {one_line(exemption.owner, _LINE)}"
