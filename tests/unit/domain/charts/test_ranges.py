"""Version ranges; tests/e2e/test_chart_ranges.py holds them to Helm's own reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.charts.ranges import is_exact, parse_range
from trunkline.domain.versions import parse_version

numbers = st.integers(0, 12)
versions = st.builds(
    lambda parts, pre: ".".join(map(str, parts)) + pre,
    st.tuples(numbers, numbers, numbers),
    st.sampled_from(["", "", "", "-0", "-rc.1", "-alpha"]),
)


@pytest.mark.parametrize(
    ("text", "newest"),
    [
        ("~1.4", "1.4.2"),
        ("^1", "1.10.0"),
        (">=1.2 <1.10", "1.4.2"),
        (">=1.2, <1.10", "1.4.2"),
        ("1.x || >=2 <3", "2.0.0"),
        ("1.2 - 1.4", "1.4.2"),
        ("*", "2.0.0"),
        (">=2.0.0-0", "3.0.0-rc.1"),
        ("^3", None),
        ("=1.4.1", "1.4.1"),
        ("^0.3", "0.3.9"),
        ("~0.0.0", "2.0.0"),
    ],
)
def test_the_newest_in_a_range(text: str, newest: str | None) -> None:
    """The highest version of a range is taken; a prerelease only where the range names one."""
    there = ["0.3.9", "0.4.0", "1.4.1", "1.4.2", "1.10.0", "2.0.0", "3.0.0-rc.1", "no version"]
    chosen = parse_range(text).newest(there)
    assert (chosen and chosen.text) == newest


@given(versions, versions)
def test_an_exact_version_is_itself_alone(text: str, other: str) -> None:
    """An exact version is the range that holds it and nothing else."""
    assert is_exact(text)
    assert parse_range(text).accepts(parse_version(text))
    same = parse_version(text).precedence == parse_version(other).precedence
    assert parse_range(text).accepts(parse_version(other)) is same


@given(versions, versions)
def test_what_is_below_is_not_above(limit: str, text: str) -> None:
    """Of released versions every one is either below a limit or not below it, and ranges joined by || add up."""
    limit, version = limit.partition("-")[0], parse_version(text.partition("-")[0])
    below, others = parse_range(f"<{limit}"), parse_range(f">={limit}")
    assert below.accepts(version) is not others.accepts(version)
    assert parse_range(f"<{limit} || >={limit}").accepts(version)
    assert not parse_range(f"<{limit}, >={limit}").accepts(version)


@given(versions, versions)
def test_a_caret_holds_what_its_tilde_holds(limit: str, text: str) -> None:
    """Wherever the first number is not 0, `^` allows all that `~` allows."""
    version = parse_version(text)
    if parse_version(limit).major and parse_range(f"~{limit}").accepts(version):
        assert parse_range(f"^{limit}").accepts(version)


@pytest.mark.parametrize(
    "text",
    ["", " ", "||", "1 ||", "a", "1.2.3.4", ">>1", ">=1,", ",1", "1..2", "^*", "1 - ", "1" * 300, "01.2.3.4"],
)
def test_what_is_no_range_is_refused(text: str) -> None:
    """What Helm would not read, or would read as nobody means it, is refused with one sentence."""
    with pytest.raises(ValueError, match="range"):
        parse_range(text)


@given(st.text(alphabet="0123456789.xX*<>=!~^|, -+vab\n\u0662", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    """A text from a stranger is read or refused, and never anything else."""
    try:
        found = parse_range(text)
    except ValueError:
        return
    found.newest(["1.2.3", "0.0.0", "1.0.0-rc.1"])
