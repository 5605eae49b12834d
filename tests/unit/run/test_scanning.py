"""Waiting for a scan: what is waited for, for how long, how often is asked, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.vulnerabilities import Look, Report, ScanState
from trunkline.errors import Refused, Unreachable
from trunkline.ports.scanners import RETRY_AFTER
from trunkline.run.scanning import await_scan

IMAGE = parse_image("quay.example/acme/api@sha256:" + "a" * 64)
SETTINGS = ImageSettings(IMAGE)
DONE = Look(ScanState.SCANNED, Report("quay", "", (), 3))
QUEUED, FAILED, DOWN = (Look(state) for state in (ScanState.QUEUED, ScanState.FAILED, ScanState.SCANNER_DOWN))
AWAY = Unreachable("quay.example cannot be reached: the connection was refused.")
_MOVING = (QUEUED, FAILED, DOWN, AWAY)


@dataclass
class Played:
    """A scanner that gives the answers of a list, the last one again and again; and a wait for it."""

    answers: list[Look | Exception]
    name: str = "played"
    clock: FakeClock = field(default_factory=FakeClock)
    asked_s: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:
        self.asked_s.append(self.clock.monotonic() - 1000.0)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def wait(self, timeout_s: float = 600.0, chance: float = 0.5) -> Look:
        return await_scan(self, IMAGE, SETTINGS, self.clock, timeout_s, self.told.append, lambda: chance)


@pytest.mark.parametrize(
    "state", [ScanState.SCANNED, ScanState.UNSUPPORTED, ScanState.TOO_LARGE, ScanState.NOT_SCANNED]
)
def test_an_end_ends_the_wait(state: ScanState) -> None:
    """What cannot change is returned as it is, at once and without a word."""
    look = Look(state, detail="so it is")
    played = Played([look])
    assert played.wait() == look
    assert (played.clock.slept, played.told) == ([], [])


@pytest.mark.parametrize("answer", _MOVING)
def test_what_may_pass_is_waited_for(answer: Look | Exception) -> None:
    """A queue, a failure, a scanner that is down and a server that does not answer are asked again."""
    played = Played([answer, answer, DONE])
    assert played.wait() == DONE
    assert played.asked_s == [0.0, 2.0, 5.0]
    assert len(played.told) == 1


def test_a_refusal_is_not_waited_for() -> None:
    """Who is not let in is told so at once."""
    refused = Refused("quay.example refuses acme+ci.")
    with pytest.raises(Refused) as caught:
        Played([QUEUED, refused]).wait()
    assert caught.value is refused


def test_pauses_grow() -> None:
    """Questions come 2 seconds apart at first and 15 at last."""
    played = Played([QUEUED])
    played.wait(100.0)
    assert played.clock.slept[:7] == [2.0, 3.0, 4.5, 6.75, 10.125, 15.0, 15.0]


@pytest.mark.parametrize(("chance", "first_s"), [(0.0, 1.6), (0.5, 2.0), (1.0, 2.4)])
def test_pauses_differ_by_chance(chance: float, first_s: float) -> None:
    """A pause is up to a fifth shorter or longer."""
    played = Played([QUEUED, DONE])
    played.wait(chance=chance)
    assert played.clock.slept == [pytest.approx(first_s)]


def test_the_time_is_over() -> None:
    """At the end of the time one last look is taken, and tells how long the wait was."""
    played = Played([QUEUED])
    look = played.wait(60.0)
    assert (look.state, look.detail) == (ScanState.QUEUED, "waited 1m00s")
    assert played.asked_s[-1] == 60.0


def test_a_scan_that_ends_in_the_last_moment() -> None:
    """The last look counts."""
    assert Played([QUEUED, QUEUED, DONE]).wait(3.0) == DONE


def test_no_time_at_all() -> None:
    """Without time there is one look."""
    played = Played([Look(ScanState.QUEUED, detail="number 7 in the line.")])
    assert played.wait(0.0).detail == "number 7 in the line; waited 0.0s"
    assert len(played.asked_s) == 1


def test_a_failure_stays() -> None:
    """A scan that is seen failed for a minute and a half is taken for failed."""
    played = Played([FAILED])
    look = played.wait()
    assert look.state is ScanState.FAILED
    assert 90.0 <= played.asked_s[-1] <= 105.0


def test_a_failure_that_is_tried_again() -> None:
    """A failure counts from when it was seen first, and anew after the scan was tried again."""
    played = Played([*[FAILED] * 9, QUEUED, *[FAILED] * 6, DONE])
    assert played.wait() == DONE


def test_a_report_of_a_part_is_kept() -> None:
    """What is known when the time is over is returned with the look."""
    look = Played([Look(ScanState.QUEUED, DONE.report)]).wait(5.0)
    assert look.report == DONE.report


def test_nobody_ever_answers() -> None:
    """A server that never answers is the error that it was."""
    played = Played([AWAY])
    with pytest.raises(Unreachable) as caught:
        played.wait(30.0)
    assert caught.value is AWAY
    assert played.asked_s[-1] == 30.0


def test_nobody_answers_at_last() -> None:
    """A server that went away later is told with the last look."""
    look = Played([QUEUED, AWAY]).wait(30.0)
    assert look.state is ScanState.QUEUED
    assert look.detail == f"waited 30s; at last: {AWAY.message.rstrip('.')}"


def test_a_server_that_wants_to_be_left_alone() -> None:
    """A server that names a time is left alone for so long."""
    limited = Unreachable("quay.example limits us.")
    limited.facts[RETRY_AFTER] = 40.0
    played = Played([limited, DONE])
    assert played.wait() == DONE
    assert played.asked_s == [0.0, 40.0]


def test_changes_are_told() -> None:
    """Each change is told once, and what stays is told once a minute."""
    played = Played([QUEUED, QUEUED, DOWN, *[QUEUED] * 9, DONE])
    played.wait()
    words = [told.partition(":")[0] for told in played.told]
    assert words == ["the scan is queued", "the scanner does not answer", *["the scan is queued"] * 2]
    assert played.told[-1] == "the scan is queued: 1m11s of at most 10m00s"


def test_a_person_interrupts() -> None:
    """Ctrl-C ends the wait."""

    class Interrupted(FakeClock):
        def sleep(self, seconds: float) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Played([QUEUED], clock=Interrupted()).wait()


@given(
    st.lists(st.sampled_from(_MOVING), min_size=1, max_size=60),
    st.floats(0, 3600),
    st.floats(0, 1),
)
def test_whatever_is_answered(answers: list[Look | Exception], timeout_s: float, chance: float) -> None:
    """Whatever the answers are, the wait keeps to its time and never asks more than once in a second."""
    played = Played([*answers, QUEUED])
    try:
        look = played.wait(timeout_s, chance)
    except Unreachable:
        assert all(isinstance(answer, Unreachable) for answer in answers[: len(played.asked_s)])
    else:
        assert "waited" in look.detail
    assert played.asked_s[-1] <= timeout_s + 0.001
    gaps = [late - early for early, late in zip(played.asked_s, played.asked_s[1:], strict=False)]
    # Only the very last question may come sooner: it is asked when the time is over.
    assert all(gap >= 1.0 for gap in gaps[:-1])
