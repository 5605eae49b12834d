"""Durations as people write and read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1d2h3m4s5ms", 93784.005),
        ("1.5h", 5400),
        ("250ms", 0.25),
        ("0s", 0),
    ],
)
def test_parse(text: str, seconds: float) -> None:
    """Numbers with units add up to seconds."""
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "m5", "-5m", "5m30", "1e3s", "5M", "٣s", "1" * 400 + "s", "5m\n", "five", ".5s"]
)
def test_what_is_no_duration(text: str) -> None:
    """Anything else is refused with what was expected."""
    with pytest.raises(ValueError, match="is not a duration such as 30s, 5m or 1h30m"):
        parse_duration(text)


@given(st.text(alphabet="0123456789.smhd ", max_size=30))
def test_what_is_read_is_a_finite_number_of_seconds(text: str) -> None:
    """No text makes a negative, endless or missing duration."""
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert seconds >= 0
    assert math.isfinite(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (-0.0, "0.0s"),
        (0.44, "0.4s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (59.4, "59s"),
        (59.6, "1m00s"),
        (185, "3m05s"),
        (3599.7, "1h00m"),
        (7800, "2h10m"),
        (86399.9, "1d00h"),
        (4 * 86400 + 6 * 3600, "4d06h"),
        (-185, "-3m05s"),
    ],
)
def test_format(seconds: float, text: str) -> None:
    """At most two units are shown, and rounding never shows sixty of anything."""
    assert format_duration(seconds) == text


@given(st.integers(10, 10**9))
def test_what_is_shown_can_be_read_again(seconds: int) -> None:
    """A shown duration, read again, is off by no more than its smaller unit."""
    shown = format_duration(seconds)
    smallest = {"s": 1, "m": 60, "h": 3600}[shown[-1]]
    assert abs(parse_duration(shown) - seconds) <= smallest
