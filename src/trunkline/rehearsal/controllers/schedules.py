"""Cron expressions of five fields, in UTC. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from trunkline.dataclass import dataclass

_NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_DAYS = {name: number for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])}
_FIELDS = 5
# A leap day on a given weekday comes back within 40 years at the latest.
_MOST_DAYS = 366 * 40


class BadSchedule(ValueError):
    """It is no cron expression."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments that a cron expression names.

    Attributes:
        any_day: whether the days of the month and those of the week must both hold; if both are
            restricted, one of them is enough.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool

    def after(self, moment: datetime) -> datetime | None:
        """The first moment after this one, None if there is none."""
        start = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for offset in range(_MOST_DAYS):
            day = start.replace(hour=0, minute=0) + timedelta(days=offset)
            if not self._holds_on(day):
                continue
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = day.replace(hour=hour, minute=minute)
                    if found >= start:
                        return found
        return None

    def _holds_on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return of_month and of_week if self.any_day else of_month or of_week


def parse(text: str) -> Schedule:
    """A schedule from a cron expression such as `*/5 8-18 * * mon-fri`, or `@daily`.

    Raises:
        BadSchedule: it is none.
    """
    fields = _NAMED.get(text.strip().lower(), text).split()
    if len(fields) != _FIELDS:
        raise BadSchedule(f"expected exactly 5 fields, found {len(fields)}: {text}")
    weekdays = _field(fields[4], 0, 7, _DAYS)
    return Schedule(
        _field(fields[0], 0, 59, {}),
        _field(fields[1], 0, 23, {}),
        _field(fields[2], 1, 31, {}),
        _field(fields[3], 1, 12, _MONTHS),
        frozenset(day % 7 for day in weekdays),
        fields[2][0] in "*?" or fields[4][0] in "*?",
    )


def _field(text: str, least: int, most: int, names: dict[str, int]) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step_text = part.partition("/")
        step = _number(step_text, {}) if slash else 1
        if span in {"*", "?"}:
            first, last = least, most
        else:
            low, dash, high = span.partition("-")
            first = _number(low, names)
            last = _number(high, names) if dash else most if slash else first
        if step < 1 or not least <= first <= last <= most:
            raise BadSchedule(f"{part} is not within {least} and {most}")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    known = names.get(text.lower())
    if known is not None:
        return known
    if not (text.isascii() and text.isdigit() and len(text) <= 4):  # noqa: PLR2004 - more digits than any field has
        raise BadSchedule(f"failed to parse int from {text}")
    return int(text)
