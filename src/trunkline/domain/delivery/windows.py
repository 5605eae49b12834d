"""Windows of time, half-open, and the days of a named time zone in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Window:
    """The time from `since` (inclusive) to `until` (exclusive)."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        # Python subtracts moments of one zone by what the clock on the wall showed, and that is an hour too much or too
        # little when clocks change between them.
        object.__setattr__(self, "since", self.since.astimezone(UTC))
        object.__setattr__(self, "until", self.until.astimezone(UTC))

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment < self.until

    @property
    def days(self) -> float:
        """Its length in days of 24 hours."""
        return (self.until - self.since) / timedelta(days=1)

    def before(self) -> Window:
        """The window of the same length that ends where this one begins."""
        return Window(self.since - (self.until - self.since), self.since)


def days_of(window: Window, zone: tzinfo) -> Iterator[date]:
    """The calendar days that a window touches; those on which clocks change have 23 or 25 hours."""
    if window.until <= window.since:
        return
    day = window.since.astimezone(zone).date()
    # The last moment that still belongs to it.
    last = (window.until - timedelta(microseconds=1)).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def per_day(moments: Iterable[datetime], window: Window, zone: tzinfo) -> dict[date, int]:
    """How many moments of the window fall on each of its days; a day without any has 0."""
    counted = dict.fromkeys(days_of(window, zone), 0)
    for moment in moments:
        if moment in window:
            counted[moment.astimezone(zone).date()] += 1
    return counted
