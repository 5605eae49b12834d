"""Durations as people write them (`90s`, `5m`, `1h30m`) and as people read them."""

from __future__ import annotations

import re

from trunkline.expressions import expression

_PART = expression(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)", re.ASCII)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MINUTE_S = 60
_HOUR_S = 3600
_DAY_S = 86400


def parse_duration(text: str) -> float:
    """Seconds in `text`, such as `90s`, `5m` or `1h30m`.

    Raises:
        ValueError: one sentence with what was expected.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 30s, 5m or 1h30m")
    return sum(float(number) * _UNIT_S[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """`seconds` in at most two units, as short as a table wants it: `0.4s`, `12s`, `3m05s`, `2h10m`, `4d06h`."""
    if seconds < 0:
        return "-" + format_duration(-seconds)
    if seconds < 9.95:  # noqa: PLR2004 - from here on a tenth no longer tells anybody anything
        return f"{abs(seconds):.1f}s"
    whole = round(seconds)
    if whole < _MINUTE_S:
        return f"{whole}s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S}m{whole % _MINUTE_S:02d}s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S}h{whole % _HOUR_S // _MINUTE_S:02d}m"
    return f"{whole // _DAY_S}d{whole % _DAY_S // _HOUR_S:02d}h"
