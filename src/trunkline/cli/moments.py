"""Moments and time zones as people write them."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

from trunkline.errors import UsageError


def read_zone(name: str) -> tzinfo:
    """The time zone of that name.

    Raises:
        UsageError: there is none.
    """
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise UsageError(f"{name!r} is no time zone.", "Write it as Europe/Berlin or UTC.") from None


def read_moment(text: str, option: str, zone: tzinfo = UTC) -> datetime:
    """A day or a moment, in UTC; without an offset of its own it is one of the zone.

    Raises:
        UsageError: it is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{option}: {text!r} is no day and no moment.",
            "Write it as 2026-11-01 or 2026-11-01T12:00+01:00.",
        ) from None
