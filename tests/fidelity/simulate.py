"""Plays sessions on a simulated cluster of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.fidelity.player import Player, Record
from tests.fidelity.steps import Session
from trunkline.rehearsal.cluster import SimulatedCluster


def simulate(sessions: Sequence[Session]) -> dict[str, Record]:
    """What clients see on the simulated cluster, in real time, all sessions beside one another."""
    with SimulatedCluster() as cluster, tempfile.TemporaryDirectory() as folder:
        kubeconfig = Path(folder) / "kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig_text, encoding="utf-8")
        return Player(kubeconfig).play_all(sessions, at_once=len(sessions))
