"""The header in which a registry says how it wants to be logged in to."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.challenges import Challenge, parse_challenges


def test_a_bearer_challenge_is_read() -> None:
    """Realm, service and scope come out as the registry wrote them, commas in quotes included."""
    header = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:acme/api:pull,push"'
    assert parse_challenges(header) == (
        Challenge(
            "bearer",
            {
                "realm": "https://auth.example/token",
                "service": "registry.example",
                "scope": "repository:acme/api:pull,push",
            },
        ),
    )


def test_several_challenges_are_told_apart() -> None:
    """One header with two schemes yields both, in order."""
    found = parse_challenges('Basic realm="a \\"b\\" c", Bearer realm=x , service = "y"')
    assert found == (
        Challenge("basic", {"realm": 'a "b" c'}),
        Challenge("bearer", {"realm": "x", "service": "y"}),
    )


def test_a_scheme_may_come_alone() -> None:
    """A challenge without parameters is one."""
    assert parse_challenges("Negotiate") == (Challenge("negotiate"),)


@given(st.text(alphabet=st.sampled_from('abc="\\, \t='), max_size=60))
def test_any_header_is_read_or_left(header: str) -> None:
    """No header makes reading fail."""
    for challenge in parse_challenges(header):
        assert challenge.scheme


def test_a_hostile_header_takes_no_time() -> None:
    """A header made of a megabyte of half-open quotes is given up within a second."""
    begin = time.perf_counter()
    parse_challenges('Bearer realm="' + "\\" * 1_000_000)
    parse_challenges("Bearer " + "a =" * 300_000)
    parse_challenges(" " * 1_000_000 + "Bearer")
    assert time.perf_counter() - begin < 1
