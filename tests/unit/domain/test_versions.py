"""Semantic versions: what is one, and which is newer."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.versions import in_order, newest, parse_version

numbers = st.integers(min_value=0, max_value=99999).map(str)
identifiers = st.one_of(numbers, st.from_regex(r"[0-9]*[A-Za-z-][0-9A-Za-z-]{0,6}", fullmatch=True))
prereleases = st.lists(identifiers, min_size=1, max_size=4).map(".".join)
versions = st.tuples(numbers, numbers, numbers, st.one_of(st.none(), prereleases)).map(
    lambda item: ".".join(item[:3]) + (f"-{item[3]}" if item[3] else "")
)


def test_precedence_is_that_of_the_specification() -> None:
    """The specification's own chain of examples (section 11) is in ascending order."""
    chain = [
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-alpha.beta",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc.1",
        "1.0.0",
        "1.0.10",
        "1.2.0",
        "1.10.0",
        "2.0.0",
    ]
    for lower, higher in pairwise(chain):
        assert parse_version(lower).precedence < parse_version(higher).precedence
    assert [version.text for version in in_order(reversed(chain))] == chain


def test_build_metadata_and_a_leading_v_do_not_count() -> None:
    """Two versions that differ only in build metadata or in a leading `v` rank the same."""
    assert parse_version("1.2.3+a").precedence == parse_version("v1.2.3+b.7").precedence


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1.2",
        "1.2.x",
        "^1.2.3",
        ">=1.2.3",
        "1.2.3 ",
        "01.2.3",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3+",
        "1.2.٣",
        "*",
    ],
)
def test_what_is_not_exact_is_refused(text: str) -> None:
    """Ranges, partial versions and near misses are refused in one sentence."""
    with pytest.raises(ValueError, match="is not an exact version such as"):
        parse_version(text)


def test_an_endless_number_is_no_version() -> None:
    """A version of thousands of digits is refused without being turned into a number."""
    with pytest.raises(ValueError, match="is not an exact version"):
        parse_version("9" * 100_000 + ".0.0")


def test_the_newest_is_a_release() -> None:
    """The newest version is no prerelease and not one that cannot be read."""
    assert newest(["1.9.0", "1.10.0", "2.0.0-rc.1", "latest"]) == parse_version("1.10.0")
    assert newest(["2.0.0-rc.1"]) is None


@given(versions)
def test_a_version_is_kept_as_it_was_written(text: str) -> None:
    """Whatever is a version keeps its spelling, since files are named after it."""
    assert str(parse_version(text)) == text


@given(versions, prereleases)
def test_a_prerelease_ranks_below_its_release(text: str, prerelease: str) -> None:
    """Whatever its identifiers, a prerelease is older than the release that it leads to, and newer than the last."""
    release = text.partition("-")[0]
    version = parse_version(f"{release}-{prerelease}")
    assert version.precedence < parse_version(release).precedence
    if version.patch:
        before = f"{version.major}.{version.minor}.{version.patch - 1}"
        assert version.precedence > parse_version(before).precedence


@given(st.text(max_size=40))
def test_any_text_is_a_version_or_a_value_error(text: str) -> None:
    """No text makes parsing fail in another way."""
    with contextlib.suppress(ValueError):
        assert parse_version(text).text == text
