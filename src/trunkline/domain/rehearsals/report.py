"""What came of a scenario, and which of its expectations do not hold."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.dataclass import dataclass
from trunkline.domain.rehearsals.scenarios import Ending, Scenario


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that was said during a rehearsal.

    Attributes:
        at_s: seconds of the rehearsal's own time since the scenario began.
        environment: empty for what concerns none.
    """

    at_s: float
    environment: str
    text: str


@dataclass(frozen=True, slots=True)
class Performance:
    """How the train went in one scenario.

    Attributes:
        struck: the environment where the failure was to strike.
        ending: whether the train came through.
        stopped_at: the environment where it was stopped, empty if it was not.
        cause: the cause's code, empty if none was named.
        sentence: what a person was told.
        undone: what was taken back, in words; empty if nothing was.
        took_s: seconds of the rehearsal's own time from the struck deployment's start to its end.
        touched: the environments after the struck one of which anything was changed.
        left_over: what does not stand as it should, one sentence each.
        moments: the time line.
    """

    scenario: Scenario
    struck: str
    ending: Ending
    stopped_at: str = ""
    cause: str = ""
    sentence: str = ""
    undone: str = ""
    took_s: float = 0.0
    touched: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    moments: tuple[Moment, ...] = ()
    broken: tuple[str, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether everything that was expected holds."""
        return not self.broken


def broken_expectations(seen: Performance) -> Iterator[str]:
    """Every expectation that does not hold, as a sentence."""
    expected = seen.scenario.expect
    if expected.ending is Ending.DELIVERED:
        if seen.ending is not Ending.DELIVERED:
            yield f"The train was to come through, and was stopped at {seen.stopped_at}: {seen.sentence}"
    else:
        yield from _broken_stop(seen)
    if expected.within_s and seen.took_s > expected.within_s:
        yield f"It took {seen.took_s:.0f} s; {expected.within_s:.0f} s are allowed."
    yield from seen.left_over


def _broken_stop(seen: Performance) -> Iterator[str]:
    expected = seen.scenario.expect
    if seen.ending is Ending.DELIVERED:
        yield f"The train was to be stopped at {seen.struck}, and came through."
        return
    if seen.stopped_at != seen.struck:
        yield f"The train was to be stopped at {seen.struck}, and was at {seen.stopped_at}: {seen.sentence}"
    if expected.causes and seen.cause not in expected.causes:
        told = seen.cause or "none"
        yield f"The cause was to be {' or '.join(expected.causes)}, and {told} was named: {seen.sentence}"
    if expected.undone and not seen.undone:
        yield "What was begun was to be taken back, and was not."
    if seen.touched:
        yield f"What comes after {seen.struck} was to stay as it was, and was changed: {', '.join(seen.touched)}."
