"""Base scores by the formula of the specification."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.vulnerabilities.cvss import base_score

_VALUES = {"AV": "NALP", "AC": "LH", "PR": "NLH", "UI": "NR", "S": "UC", "C": "HLN", "I": "HLN", "A": "HLN"}


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:U/C:L/I:L/A:N", 4.8),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:R/S:C/C:L/I:L/A:H", 8.2),
        ("CVSS:3.1/AV:N/AC:H/PR:L/UI:N/S:C/C:H/I:H/A:H", 8.5),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:N", 5.3),
        ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.0),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 8.8),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:C/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/A:H/I:H/C:H/S:U/UI:N/PR:N/AC:L/AV:N", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O/RC:C/CR:H/MAV:L", 9.8),
    ],
)
def test_scores(vector: str, score: float) -> None:
    """Scores are those that the vulnerability databases give, whatever else the vector tells in whatever order."""
    assert base_score(vector) == score


@pytest.mark.parametrize(
    "vector",
    [
        "",
        "7.5",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AV:L/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:NAC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    ],
)
def test_no_score(vector: str) -> None:
    """Another version, and a vector without each base metric once, has no score."""
    assert base_score(vector) is None


@given(st.fixed_dictionaries({name: st.sampled_from(values) for name, values in _VALUES.items()}))
def test_every_vector(metrics: dict[str, str]) -> None:
    """Every vector has a score in tenths from 0 to 10, which more loss never lowers."""
    vector = "CVSS:3.1/" + "/".join(f"{name}:{value}" for name, value in metrics.items())
    score = base_score(vector)
    assert score is not None
    assert 0 <= score <= 10
    assert round(score, 1) == score
    worse = base_score(vector.replace("/A:L", "/A:H").replace("/A:N", "/A:L"))
    assert worse is not None
    assert worse >= score


@given(st.text() | st.from_regex(r"CVSS:3\.1/([A-Z]{1,3}:[A-Z]?/?){1,9}"))
def test_any_text(text: str) -> None:
    """No text breaks it."""
    assert base_score(text) is None or 0 <= (base_score(text) or 0) <= 10
