"""DaemonSets: nodes, updates and status."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.controllers.objects import template, workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World
from trunkline.rehearsal.controllers.daemon_nodes import fits, node_of
from trunkline.rehearsal.controllers.daemonsets import DaemonSets
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.objects import Object, at

NEVER = "never"


class Cluster(World):
    def __init__(self, nodes: int = 3) -> None:
        super().__init__()
        self.loop.add(
            DaemonSets(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events))
        )
        self.kubelet = FakeKubelet(self, self._delay)
        for number in range(nodes):
            self.node(f"node-{number}")

    def node(self, name: str, **spec: Any) -> None:
        self.create(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"at": name}},
                "spec": spec,
            }
        )

    def _delay(self, pod: Object) -> float | None:
        return None if at(pod, "spec", "containers", 0, "command", 1) == NEVER else 2.0

    def roll(self, command: str) -> None:
        self.change("DaemonSet", "web", lambda value: value["spec"].update(template=template("web", command)))
        self.settle()

    def commands(self) -> dict[str, str]:
        return {node_of(pod): pod["spec"]["containers"][0]["command"][1] for pod in self.all("Pod")}

    @property
    def status(self) -> Object:
        status: Object = self.get("DaemonSet", "web")["status"]
        return status


def test_every_node_gets_a_pod() -> None:
    """Each node has one pod, and a node that joins gets one, too."""
    cluster = Cluster(2)
    cluster.create(workload("DaemonSet", "web"))
    cluster.settle()
    assert cluster.status == {
        "currentNumberScheduled": 2,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 2,
        "numberReady": 0,
        "observedGeneration": 1,
        "updatedNumberScheduled": 2,
        "numberUnavailable": 2,
    }
    cluster.node("node-2")
    cluster.advance(2)
    assert set(cluster.commands()) == {"node-0", "node-1", "node-2"}
    assert (cluster.status["numberReady"], cluster.status["numberAvailable"]) == (3, 3)
    assert {message[:13] for _, message, _ in cluster.told("web")} == {"Created pod: "}


def test_an_update_replaces_as_many_as_may_be_missing() -> None:
    """A rolling update deletes one pod at a time, and waits for the new one."""
    cluster = Cluster()
    cluster.create(workload("DaemonSet", "web"))
    cluster.advance(2)
    cluster.roll("2")
    assert sorted(cluster.commands().values()) == ["1", "1", "2"]
    cluster.advance(2)
    assert sorted(cluster.commands().values()) == ["1", "2", "2"]
    cluster.advance(4)
    assert sorted(cluster.commands().values()) == ["2", "2", "2"]
    assert cluster.status["updatedNumberScheduled"] == 3


def test_a_bad_update_stops_at_its_first_pod_and_is_undone() -> None:
    """While the new pod is not available no other is replaced; with the old template it is deleted at once."""
    cluster = Cluster()
    cluster.create(workload("DaemonSet", "web"))
    cluster.advance(2)
    cluster.roll(NEVER)
    cluster.advance(60)
    assert sorted(cluster.commands().values()) == ["1", "1", NEVER]
    assert cluster.status["numberUnavailable"] == 1
    cluster.roll("1")
    cluster.advance(10)
    assert sorted(cluster.commands().values()) == ["1", "1", "1"]
    assert cluster.status["numberAvailable"] == 3


def test_a_surge_starts_before_it_ends() -> None:
    """With maxSurge the new pod runs beside the old one until it is available."""
    cluster = Cluster(1)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    cluster.create(workload("DaemonSet", "web", updateStrategy=strategy))
    cluster.advance(2)
    cluster.roll("2")
    assert len(cluster.all("Pod")) == 2
    cluster.advance(2)
    assert cluster.commands() == {"node-0": "2"}
    assert len(cluster.all("Pod")) == 1


def test_nothing_is_replaced_on_delete() -> None:
    """With OnDelete only a pod that somebody deletes is replaced by a new one."""
    cluster = Cluster(1)
    cluster.create(workload("DaemonSet", "web", updateStrategy={"type": "OnDelete"}))
    cluster.advance(2)
    cluster.roll("2")
    assert cluster.commands() == {"node-0": "1"}
    cluster.delete("Pod", cluster.all("Pod")[0]["metadata"]["name"])
    cluster.settle()
    assert cluster.commands() == {"node-0": "2"}


def test_a_failed_pod_is_replaced() -> None:
    """A pod that failed is told of, deleted and made again."""
    cluster = Cluster(1)
    cluster.create(workload("DaemonSet", "web"))
    cluster.advance(2)
    name = cluster.all("Pod")[0]["metadata"]["name"]
    cluster.kubelet.set_phase(("default", name), "Failed")
    cluster.settle()
    assert [pod["metadata"]["name"] for pod in cluster.all("Pod")] != [name]
    assert "FailedDaemonPod" in {reason for reason, _, _ in cluster.told("web")}


def test_nodes_are_chosen() -> None:
    """A node counts if its labels are selected and its taints tolerated; cordoned ones count."""
    node: Object = {"metadata": {"name": "n", "labels": {"disk": "fast"}}, "spec": {}}
    tainted = {**node, "spec": {"taints": [{"key": "x", "value": "y", "effect": "NoSchedule"}]}}
    cordoned = {
        **node,
        "spec": {"taints": [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]},
    }
    toleration = {"key": "x", "operator": "Equal", "value": "y"}
    assert fits({"spec": {"nodeSelector": {"disk": "fast"}}}, node) == (True, True)
    assert fits({"spec": {"nodeSelector": {"disk": "slow"}}}, node) == (False, False)
    assert fits({"spec": {}}, tainted) == (False, True)
    assert fits({"spec": {"tolerations": [toleration]}}, tainted) == (True, True)
    assert fits({"spec": {}}, cordoned) == (True, True)
