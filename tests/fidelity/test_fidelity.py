"""The simulated cluster shows clients what a real one has shown them, but for the listed differences."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fidelity.differences import LISTED, VARYING
from tests.fidelity.player import Player, Record
from tests.fidelity.record import read
from tests.fidelity.sessions import SESSIONS
from tests.fidelity.simulate import simulate


def _differing(
    seen: dict[str, Record], but: set[tuple[str, str]]
) -> dict[tuple[str, str], tuple[Record, Record]]:
    found = {}
    for session in SESSIONS:
        recorded = read(session.name)
        assert recorded.keys() == seen[session.name].keys(), f"record {session.name} again"
        for name, real in recorded.items():
            if real != seen[session.name][name] and (session.name, name) not in but:
                found[session.name, name] = (real, seen[session.name][name])
    return found


def test_there_are_enough_cases() -> None:
    """At least 150 cases are compared, and not found to differ."""
    cases = sum(len(read(session.name)) for session in SESSIONS)
    assert cases - len(LISTED) - len(VARYING) >= 150


def test_simulated_cluster_shows_what_the_real_one_showed() -> None:
    """Every case shows the same as its record, each listed difference is still there, and no other is."""
    found = _differing(simulate(SESSIONS), set(VARYING))
    unlisted = {case: pair for case, pair in found.items() if case not in LISTED}
    assert not unlisted
    assert not LISTED.keys() - found.keys(), "these do not differ any more: take them off the list"


@pytest.mark.cluster
def test_records_are_what_the_real_cluster_shows(kubeconfig: Path) -> None:
    """The real cluster still shows what was recorded."""
    assert not _differing(Player(kubeconfig).play_all(SESSIONS, at_once=3), set(VARYING))
