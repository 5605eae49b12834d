"""All controllers together, with many releases."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.unit.rehearsal.controllers.objects import template, workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World
from trunkline.rehearsal.controllers.installed import install
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.store import Store


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        install(self.store, self.registry, self.kinds, self.clock, self.loop, self.events)
        FakeKubelet(self, lambda _: 1.0)
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
        self.settle()

    def release(self, name: str, replicas: int) -> None:
        self.create(workload("Deployment", name, replicas, progressDeadlineSeconds=600))
        spec: dict[str, Any] = {"selector": {"app": name}, "ports": [{"port": 80}]}
        self.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})


def test_a_release_goes_without_a_trace() -> None:
    """What controllers have made for a release goes when the release is deleted."""
    cluster = Cluster()
    cluster.release("web", 2)
    cluster.advance(5)
    assert cluster.get("Deployment", "web")["status"]["availableReplicas"] == 2
    cluster.delete("Deployment", "web")
    cluster.delete("Service", "web")
    cluster.advance(5)
    for kind in ("ReplicaSet", "Pod", "Endpoints", "EndpointSlice"):
        assert cluster.all(kind) == [], kind
    assert cluster.loop.next_due() is None


def test_a_restored_cluster_goes_on() -> None:
    """Controllers that find a store as it was left do what is still to be done."""
    before, after = Cluster(), World()
    before.create(workload("Deployment", "web", 2))
    after.store.restore(before.store.version, iter(list(before.store.everything())))
    install(after.store, after.registry, after.kinds, after.clock, after.loop, after.events)
    FakeKubelet(after)
    after.loop.resync()
    after.advance(5)
    assert after.get("Deployment", "web")["status"]["replicas"] == 2


def test_nobody_looks_through_all_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rollout of 1,000 pods is quick, and no controller ever lists the pods of the cluster."""
    cluster = Cluster()
    cluster.release("first", 1)
    cluster.advance(5)
    listed: list[str] = []
    all_of = Store.all_of

    def watched(store: Store, kind: Kind, namespace: str = "") -> list[Object]:
        listed.append(kind.kind)
        return all_of(store, kind, namespace)

    monkeypatch.setattr(Store, "all_of", watched)
    began = time.perf_counter()
    for number in range(100):
        cluster.release(f"web-{number}", 10)
    cluster.advance(10)
    took_s = time.perf_counter() - began
    assert cluster.store.count(cluster.kind("Pod")) == 1001
    assert "Pod" not in listed
    assert took_s < 15


def test_an_update_under_all_controllers() -> None:
    """A rolling update ends with one ReplicaSet that has pods, and one that is kept for the way back."""
    cluster = Cluster()
    cluster.release("web", 4)
    cluster.advance(10)
    cluster.change("Deployment", "web", lambda value: value["spec"].update(template=template("web", "2")))
    cluster.advance(30)
    assert sorted(item["spec"]["replicas"] for item in cluster.all("ReplicaSet")) == [0, 4]
    (subset,) = cluster.get("Endpoints", "web")["subsets"]
    assert len(subset["addresses"]) == 4
