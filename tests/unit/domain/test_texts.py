"""Texts fit for systems with limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.texts import clean, cut, one_line


@given(st.text(st.characters(exclude_categories=())), st.integers(3, 40))
def test_cut_keeps_the_limit_in_whole_characters(text: str, limit: int) -> None:
    """What is cut is valid UTF-8 within the limit, and what fits is only cleaned."""
    made = cut(text, limit)
    assert len(made.encode()) <= limit
    assert made == clean(text) or made.endswith("...")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\x00b\x1b[1mc\r\n\td", "a b [1mc \n\td"), ("\ud83d\ude80 \udc80", "🚀 \ufffd"), ("plain", "plain")],
)
def test_clean_leaves_only_what_json_readers_accept(text: str, expected: str) -> None:
    """Control characters become spaces, halves of characters are joined or replaced, newlines and tabs stay."""
    assert clean(text) == expected


def test_one_line_is_one_line() -> None:
    """Newlines and runs of spaces become one space."""
    assert one_line(" a\n\n b\tc ", 100) == "a b c"
