"""Identifiers: unique, in order, and proper UUIDs of version 7."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.identifiers import Sequence, new_id

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"


class SetClock(SystemClock):
    """A clock that stands where it is put."""

    def __init__(self, moment: datetime = NOON) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def as_uuid(identifier: str) -> uuid.UUID:
    number = 0
    for digit in identifier:
        number = number * 32 + DIGITS.index(digit)
    return uuid.UUID(int=number)


def test_is_a_uuid_of_version_7() -> None:
    """An id is a UUIDv7 that tells the millisecond at which it was made, in 26 digits of Crockford's base 32."""
    identifier = new_id(SetClock(NOON + timedelta(milliseconds=789)), Sequence())
    assert len(identifier) == 26
    parsed = as_uuid(identifier)
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert parsed.int >> 80 == round(NOON.timestamp() * 1000) + 789


@given(st.lists(st.integers(-5000, 5000), min_size=2, max_size=50))
def test_order_of_making(milliseconds: list[int]) -> None:
    """Each id is greater than the one before, whatever the clock does: stand still, jump or go back."""
    clock, sequence = SetClock(), Sequence()
    made = []
    for shift in milliseconds:
        clock.moment = NOON + timedelta(milliseconds=shift)
        made.append(new_id(clock, sequence))
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {as_uuid(identifier).version for identifier in made} == {7}


def test_overflow_within_a_millisecond() -> None:
    """When the random part has no room left to grow, the time part goes on, so that the order holds."""
    sequence = Sequence()
    clock = SetClock()
    before = new_id(clock, sequence)
    sequence._random = (1 << 74) - 1
    after = new_id(clock, sequence)
    assert after > before
    assert as_uuid(after).int >> 80 == (as_uuid(before).int >> 80) + 1


def test_two_processes_in_one_millisecond() -> None:
    """Sequences that know nothing of each other, as in two processes, do not make the same id at the same moment."""
    made = {new_id(SetClock(), Sequence()) for _ in range(1000)}
    assert len(made) == 1000


def test_threads() -> None:
    """Threads that share a sequence never get the same id."""
    sequence = Sequence()
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: new_id(SystemClock(), sequence), range(2000)))
    assert len(set(made)) == 2000


def test_a_clock_before_1970() -> None:
    """A clock that was never set gives an id all the same."""
    assert as_uuid(new_id(SetClock(datetime(1960, 1, 1, tzinfo=UTC)), Sequence())).int >> 80 == 0


def test_of_this_process() -> None:
    """Without a sequence of its own, every id of the process is in one order."""
    made = [new_id(SystemClock()) for _ in range(100)]
    assert made == sorted(set(made))
