"""The words of a judgement: what becomes of an image, and of each finding in it, and why."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

from trunkline.dataclass import dataclass
from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities.findings import Finding, ScanState, Severity
from trunkline.domain.vulnerabilities.policy import Exemption, Reaction

_NAMED = 3
_LONGEST = 80


class Outcome(StrEnum):
    """What becomes of the image, from the best to the worst."""

    PASSED = "passed"
    WARNED = "warned"
    REFUSED = "refused"

    @property
    def rank(self) -> int:
        """0 for `passed`, 2 for `refused`."""
        return _OUTCOME_RANKS[self]


_OUTCOME_RANKS = {outcome: rank for rank, outcome in enumerate(Outcome)}
OUTCOMES = {
    Reaction.REFUSE: Outcome.REFUSED,
    Reaction.WARN: Outcome.WARNED,
    Reaction.PASS: Outcome.PASSED,
}


class Standing(StrEnum):
    """What a finding does to the image, in the order in which people read it."""

    GATES = "gates"
    WARNS = "warns"
    EXEMPT = "exempt"
    BELOW = "below"
    IGNORED = "ignored"

    @property
    def rank(self) -> int:
        """0 for `gates`, 4 for `ignored`."""
        return _STANDING_RANKS[self]

    @property
    def outcome(self) -> Outcome:
        """What it makes of the image."""
        return _STANDING_OUTCOMES.get(self, Outcome.PASSED)


_STANDING_RANKS = {standing: rank for rank, standing in enumerate(Standing)}
_STANDING_OUTCOMES = {Standing.GATES: Outcome.REFUSED, Standing.WARNS: Outcome.WARNED}


@dataclass(frozen=True, slots=True)
class Row:
    """One finding and its standing.

    Attributes:
        reason: why it stands so, in a few words.
        layers: the digests of all layers that bring it.
        platforms: all platforms that have it.
        exemption: the exception that holds for it.
        is_new: whether production does not have it; None where that is not known.
    """

    finding: Finding
    standing: Standing
    reason: str
    layers: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    exemption: Exemption | None = None
    is_new: bool | None = None


class Topic(StrEnum):
    """What a note is about."""

    NO_RESULT = "no-result"
    NO_PACKAGES = "no-packages"
    NO_BASELINE = "no-baseline"
    ENDED = "exception-ended"
    UNMATCHED = "exception-unmatched"
    ENDS_SOON = "exception-ends-soon"


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about the scan or the policy, and what it makes of the image."""

    topic: Topic
    sentence: str
    outcome: Outcome = Outcome.PASSED


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a policy makes of an image.

    Attributes:
        rows: worst first.
        state: how far the scan is; there may be rows of a part of it before it is `scanned`.
        source: who scanned, empty where nobody did.
        digest: the image's, as the report names it; empty where it does not.
        packages: how many packages were looked at, None where it is not told.
    """

    outcome: Outcome
    rows: tuple[Row, ...]
    notes: tuple[Note, ...]
    state: ScanState
    source: str = ""
    digest: str = ""
    packages: int | None = None

    def standing(self, *standings: Standing) -> tuple[Row, ...]:
        """The rows that stand so, worst first."""
        return tuple(row for row in self.rows if row.standing in standings)

    @property
    def counts(self) -> dict[Standing, int]:
        """How many rows stand how, those with none left out."""
        return dict(Counter(row.standing for row in self.rows))

    @property
    def summary(self) -> str:
        """One sentence: what decides, how many there are, and the worst three."""
        deciding = next((note for note in self.notes if note.outcome is self.outcome), None)
        rows = tuple(row for row in self.rows if row.standing.outcome is self.outcome)
        if self.outcome is Outcome.PASSED:
            return _passed(self)
        if not rows:
            return deciding.sentence if deciding is not None else ""
        verb = Standing.GATES if self.outcome is Outcome.REFUSED else Standing.WARNS
        warning = self.counts.get(Standing.WARNS, 0) if self.outcome is Outcome.REFUSED else 0
        besides = f", {warning} more warn" if warning > 1 else ", 1 more warns" if warning else ""
        incomplete = (
            "" if self.state is ScanState.SCANNED else f"; and the scan is not complete ({self.state})"
        )
        return f"{_counted(rows, verb)}{besides}: {_worst(rows)}{incomplete}."


def named(finding: Finding) -> str:
    """The finding in a few words, whatever its texts hold."""
    name, package, version = (
        one_line(text, _LONGEST) for text in (finding.id, finding.package, finding.version)
    )
    mend = f"fixed in {one_line(finding.fixed_in, _LONGEST)}" if finding.fixed_in else "no fix yet"
    return f"{name} in {f'{package} {version}'.strip()} ({finding.weight}, {mend})"


def _passed(judgement: Judgement) -> str:
    if not judgement.rows:
        deciding = next((n for n in judgement.notes if n.topic is Topic.NO_RESULT), None)
        if deciding is not None:
            return deciding.sentence
        among = f" in {judgement.packages} packages" if judgement.packages else ""
        return f"No vulnerability was found{among}."
    counts = ", ".join(f"{count} {standing}" for standing, count in sorted_counts(judgement))
    return f"No vulnerability gates: {counts}."


def sorted_counts(judgement: Judgement) -> list[tuple[Standing, int]]:
    """The counts of the standings that there are, in their order."""
    return sorted(judgement.counts.items(), key=lambda item: item[0].rank)


def _counted(rows: tuple[Row, ...], verb: Standing) -> str:
    weights = Counter(row.finding.weight for row in rows)
    spelled = ", ".join(
        f"{weights[severity]} {severity}" for severity in reversed(Severity) if weights[severity]
    )
    one = len(rows) == 1
    return f"{len(rows)} {'vulnerability' if one else 'vulnerabilities'} {verb if one else verb[:-1]} ({spelled})"


def _worst(rows: tuple[Row, ...]) -> str:
    more = len(rows) - _NAMED
    names = [named(row.finding) for row in rows[:_NAMED]]
    return ", ".join([*names, f"and {more} more"] if more > 0 else names)
