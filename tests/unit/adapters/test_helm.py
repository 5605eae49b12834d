"""Helm's questions while the API is busy."""

from __future__ import annotations

import pytest

from tests.fakes.processes import FakeProcesses
from trunkline.adapters.helm import HelmCommand
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.errors import DeploymentFailed, TrunklineError
from trunkline.ports import Command

TARGET = ReleaseTarget(ClusterTarget(), "team", "web")
BUSY = "Error: query: failed to query with labels: Internal error occurred: etcdserver: leader changed"


def helm(*answers: tuple[int, str, str]) -> tuple[HelmCommand, FakeProcesses, list[float]]:
    left = list(answers)
    paused: list[float] = []

    def script(_: Command) -> tuple[int, str, str]:
        return left.pop(0) if len(left) > 1 else left[0]

    processes = FakeProcesses(script, "helm")
    return HelmCommand(ClusterTarget(), processes, paused.append), processes, paused


def test_a_busy_moment_is_waited_out() -> None:
    """A question that the API cannot answer now is asked again, less and less often."""
    asked, processes, paused = helm((1, "", BUSY), (1, "", BUSY), (0, "[]", ""))
    assert not asked.history(TARGET).exists
    assert paused == [0.5, 1.0]
    assert len(processes.commands) == 3


def test_patience_ends() -> None:
    """An API that stays in trouble is told of after a while."""
    asked, processes, paused = helm((1, "", BUSY))
    with pytest.raises(DeploymentFailed, match="Internal error occurred"):
        asked.history(TARGET)
    assert len(processes.commands) == len(paused) + 1
    assert 10 < sum(paused) < 30


def test_a_cluster_that_is_not_there_is_told_at_once() -> None:
    """No time is spent on an address where nobody listens."""
    asked, _, paused = helm((1, "", "Error: Kubernetes cluster unreachable: connection refused"))
    with pytest.raises(TrunklineError):
        asked.history(TARGET)
    assert paused == []
