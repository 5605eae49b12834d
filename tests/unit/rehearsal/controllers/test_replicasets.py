"""ReplicaSets: number, ranking, adoption, refusals and status."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.controllers.objects import workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World, condition
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.replicasets import ReplicaSets
from trunkline.rehearsal.errors import forbidden
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, controller_of


def cluster() -> World:
    world = World()
    world.loop.add(
        ReplicaSets(Means(world.store, world.registry, world.kinds, world.clock, world.loop, world.events))
    )
    return world


def scale(world: World, replicas: int) -> None:
    world.change("ReplicaSet", "web", lambda value: value["spec"].update(replicas=replicas))
    world.settle()


def test_pods_are_created_and_counted() -> None:
    """A ReplicaSet gets its pods, and its status counts those that are ready and available."""
    world = cluster()
    FakeKubelet(world, lambda _: 5.0)
    world.create(workload("ReplicaSet", "web", 3, minReadySeconds=10))
    world.settle()
    assert world.get("ReplicaSet", "web")["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 3,
        "observedGeneration": 1,
    }
    world.advance(5)
    assert world.get("ReplicaSet", "web")["status"]["readyReplicas"] == 3
    assert "availableReplicas" not in world.get("ReplicaSet", "web")["status"]
    world.advance(10)
    assert world.get("ReplicaSet", "web")["status"]["availableReplicas"] == 3
    assert [reason for reason, _, _ in world.told("web")] == ["SuccessfulCreate"] * 3
    assert world.told("web")[0][1].startswith("Created pod: web-")


def test_a_deleted_or_failed_pod_is_replaced() -> None:
    """A pod that is gone or has failed is replaced by another one."""
    world = cluster()
    kubelet = FakeKubelet(world)
    world.create(workload("ReplicaSet", "web", 2))
    world.settle()
    first, second = (pod["metadata"]["name"] for pod in world.all("Pod"))
    world.delete("Pod", first)
    kubelet.set_phase(("default", second), "Failed")
    world.settle()
    assert len(world.all("Pod")) == 3
    assert world.get("ReplicaSet", "web")["status"]["replicas"] == 2


def test_the_unready_go_first() -> None:
    """When it shrinks, pods that are not ready go before ready ones, and newer before older."""
    world = cluster()
    slow: set[str] = set()
    FakeKubelet(world, lambda pod: None if pod["metadata"]["name"] in slow else 0.0)
    world.create(workload("ReplicaSet", "web", 2))
    world.advance(1)
    older = {pod["metadata"]["name"] for pod in world.all("Pod")}
    world.advance(60)
    scale(world, 3)
    world.advance(1)
    scale(world, 2)
    assert {pod["metadata"]["name"] for pod in world.all("Pod")} == older
    broken = min(older)
    kubelet = FakeKubelet(world)
    kubelet.set_phase(("default", broken), "Running", ready=False)
    scale(world, 1)
    assert {pod["metadata"]["name"] for pod in world.all("Pod")} == older - {broken}
    assert world.told("web")[-1] == ("SuccessfulDelete", f"Deleted pod: {broken}", 1)


def test_orphans_are_adopted_and_strangers_let_go() -> None:
    """A pod that matches and has no controller is adopted; one whose labels no longer match is released."""
    world = cluster()
    FakeKubelet(world)
    lone = {"name": "lone", "labels": {"app": "web"}}
    world.create({"apiVersion": "v1", "kind": "Pod", "metadata": lone, "spec": {}})
    world.create(workload("ReplicaSet", "web", 2))
    world.settle()
    assert len(world.all("Pod")) == 2
    assert controller_of(world.get("Pod", "lone")) is not None
    world.change("Pod", "lone", lambda pod: pod["metadata"]["labels"].update(app="other"))
    world.settle()
    assert controller_of(world.get("Pod", "lone")) is None
    assert len(world.all("Pod")) == 3


@pytest.mark.parametrize("allowed", [0, 2])
def test_a_refusal_is_told_and_tried_again(allowed: int) -> None:
    """What a quota refuses is an event and a ReplicaFailure with the API's words, until it is granted."""
    world = cluster()
    FakeKubelet(world)
    open_again: list[bool] = []

    def quota(kind: Kind, value: Object) -> None:
        if kind.kind == "Pod" and not open_again and len(world.all("Pod")) >= allowed:
            raise forbidden("pods", "", value["metadata"]["name"], "exceeded quota: q")

    world.admission.refusals.append(quota)
    world.create(workload("ReplicaSet", "web", 4))
    world.settle()
    replica_set = world.get("ReplicaSet", "web")
    failure: dict[str, Any] = condition(replica_set, "ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert failure["message"].endswith('" is forbidden: exceeded quota: q')
    assert replica_set["status"]["replicas"] == allowed
    failed = [message for reason, message, _ in world.told("web") if reason == "FailedCreate"]
    assert failed[0].startswith('Error creating: pods "web-')
    open_again.append(True)
    world.advance(60)
    assert world.get("ReplicaSet", "web")["status"]["readyReplicas"] == 4
    assert condition(world.get("ReplicaSet", "web"), "ReplicaFailure") == {}


def test_a_refused_attempt_is_not_repeated_at_once() -> None:
    """While all is refused, attempts come less and less often."""
    world = cluster()
    attempts: list[float] = []

    def never(kind: Kind, value: Object) -> None:
        if kind.kind == "Pod":
            attempts.append(world.clock.monotonic())
            raise forbidden("pods", "", value["metadata"]["name"], "no")

    world.admission.refusals.append(never)
    world.create(workload("ReplicaSet", "web", 50))
    world.advance(100)
    assert len(attempts) < 15
