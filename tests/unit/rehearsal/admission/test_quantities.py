"""Quantities: what they are worth, how they are added, and how the API spells them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.rehearsal.admission.quantities import ZERO, Quantity, added, amounts, quantity


def spelled(text: object) -> str:
    found = quantity(text)
    assert found is not None
    return str(found)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0", "0"), ("0.5", "500m"), ("1000m", "1"), ("1500m", "1500m"), ("2000", "2k"), ("1e3", "1e3"), ("12e4", "120e3"),
        ("1024Mi", "1Gi"), ("0.5Gi", "512Mi"), ("1000Mi", "1000Mi"), ("512Ki", "512Ki"), ("1023", "1023"), (2, "2"),
        ("0.1Ki", "102400m"), ("100u", "100u"), ("0.1n", "1n"), ("-1", "-1"), (".5", "500m"), ("1.", "1"), ("1E", "1E"),
    ],
)  # fmt: skip
def test_spelling(text: object, canonical: str) -> None:
    """A quantity is spelled as the API does."""
    assert spelled(text) == canonical


@pytest.mark.parametrize(
    "text", ["", "m", "1.2.3", "1 Gi", "1gi", "Inf", "nan", None, True, [], {}, "1" * 100, "٣"]
)
def test_what_is_none(text: object) -> None:
    """What is no quantity is none."""
    assert quantity(text) is None


def test_sums_keep_the_form_of_the_first() -> None:
    """A sum is spelled like its first part, unless that is nothing."""
    one, other = (
        amounts({"memory": "1Gi", "cpu": "0"}),
        amounts({"memory": "1000k", "cpu": "100m", "pods": 1}),
    )
    total = {name: str(item) for name, item in added(one, other).items()}
    assert total == {"memory": "1074741824", "cpu": "100m", "pods": "1"}
    assert str(ZERO + Quantity(2**30 * 10**9, "binary")) == "1Gi"


@given(
    st.text() | st.from_regex(r"[+-]?\d{1,40}\.?\d{0,30}([eE][+-]?\d{1,3}|[numkMGTPE]i?)?", fullmatch=True)
)
def test_anything_is_read(text: str) -> None:
    """No text breaks it, and what is a quantity is worth the same when it is spelled."""
    found = quantity(text)
    if found is not None:
        again = quantity(str(found))
        assert again is not None
        assert again.nano == found.nano
