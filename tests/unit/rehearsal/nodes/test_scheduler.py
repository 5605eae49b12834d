"""Which node a pod gets, and what is said where it gets none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.objects import Object, copy_of
from trunkline.rehearsal.registry import Write

NO_VICTIMS = "No preemption victims found for incoming pod."
NOT_HELPFUL = "Preemption is not helpful for scheduling."


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as made:
        yield made


def wanting(amounts: dict[str, str] | None = None, **more: Any) -> Object:
    container = {"name": "main", "image": "nginx:1", "resources": {"requests": amounts or {}}}
    return {"containers": [container], **more}


def rank(cluster: Played, **ranks: int) -> None:
    for name, value in ranks.items():
        made: Object = {"metadata": {"name": name}, "value": value}
        if name == "polite":
            made["preemptionPolicy"] = "Never"
        cluster.create("scheduling.k8s.io", "PriorityClass", made)


def change_node(cluster: Played, name: str, subresource: str = "", **parts: Any) -> None:
    node = copy_of(cluster.get("", "Node", name, ""))
    for part, value in parts.items():
        node.setdefault(part, {}).update(value)
    cluster.cluster.registry.update(cluster.kind("", "Node"), node, Write("test", subresource))
    cluster.settle()


def refusal(cluster: Played, name: str = "web") -> str:
    (found,) = [item for item in cluster.status(name)["conditions"] if item["type"] == "PodScheduled"]
    return str(found.get("message", ""))


def node_of(cluster: Played, name: str = "web") -> Any:
    return cluster.get("", "Pod", name)["spec"].get("nodeName")


TAINT = {"key": "reserved", "value": "us", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("one", "two", "spec", "message"),
    [
        (
            {"taints": [TAINT]},
            {"unschedulable": True},
            wanting(),
            (
                f"0/2 nodes are available: 1 node(s) had untolerated taint {{reserved: us}}, 1 node(s) were unschedulable."
                f" preemption: 0/2 nodes are available: 2 {NOT_HELPFUL}"
            ),
        ),
        (
            {},
            {},
            wanting(nodeSelector={"disk": "nowhere"}),
            (
                f"0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector."
                f" preemption: 0/2 nodes are available: 2 {NOT_HELPFUL}"
            ),
        ),
        (
            {},
            {},
            wanting({"example.com/gpu": "1"}),
            (
                f"0/2 nodes are available: 2 Insufficient example.com/gpu."
                f" preemption: 0/2 nodes are available: 2 {NO_VICTIMS}"
            ),
        ),
        (
            {"unschedulable": True},
            {},
            wanting({"cpu": "9999"}),
            (
                f"0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable."
                f" preemption: 0/2 nodes are available: 1 {NO_VICTIMS[:-1]}, 1 {NOT_HELPFUL}"
            ),
        ),
    ],
)
def test_what_keeps_a_pod_away_is_said_and_counted(
    cluster: Played, one: Object, two: Object, spec: Object, message: str
) -> None:
    """The condition and the event bear the scheduler's own words, with a number for each."""
    change_node(cluster, "one", spec=one)
    change_node(cluster, "two", spec=two)
    cluster.pod(spec)
    assert refusal(cluster) == message
    assert ("FailedScheduling", message) in cluster.events("FailedScheduling")


def test_a_port_of_a_node_is_taken_once(cluster: Played) -> None:
    """Each node has room for one pod that wants its port, and the next waits until that is free."""
    spec = wanting()
    spec["containers"][0]["ports"] = [{"containerPort": 80, "hostPort": 8080}]
    for name in ("a", "b", "web"):
        cluster.pod(spec, name)
    assert {node_of(cluster, "a"), node_of(cluster, "b")} == {"one", "two"}
    assert refusal(cluster).startswith(
        "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."
    )


def test_a_node_that_gets_room_wakes_who_waits(cluster: Played) -> None:
    """A pod goes to a node as soon as that has the resource that it lacked, at the same moment."""
    cluster.pod(wanting({"example.com/gpu": "2"}))
    assert node_of(cluster) is None
    change_node(cluster, "two", "status", status={"capacity": {"example.com/gpu": "2"}})
    assert node_of(cluster) == "two"


@pytest.mark.parametrize("toleration", [{"operator": "Exists"}, {"key": "reserved", "value": "us"}])
def test_a_taint_that_is_tolerated_keeps_nobody_away(cluster: Played, toleration: Object) -> None:
    """A pod with a toleration for every taint of a node goes there."""
    for name in ("one", "two"):
        change_node(cluster, name, spec={"taints": [TAINT]})
    cluster.pod(wanting(tolerations=[toleration]))
    assert node_of(cluster) == "one"


def test_a_lesser_pod_makes_room(cluster: Played) -> None:
    """It is told to end, an event says for whom, and the more important pod comes up in its place."""
    rank(cluster, more=5, most=10)
    for name in ("one", "two"):
        change_node(cluster, name, "status", status={"capacity": {"example.com/gpu": "1"}})
    cluster.pod(wanting({"example.com/gpu": "1"}, priorityClassName="more"), "important")
    cluster.pod(wanting({"example.com/gpu": "1"}), "lesser")
    cluster.run(5)
    cluster.pod(wanting({"example.com/gpu": "1"}, priorityClassName="most"))
    uid = cluster.get("", "Pod", "web")["metadata"]["uid"]
    assert cluster.status()["nominatedNodeName"] == "two"
    assert cluster.events("Preempted") == [("Preempted", f"Preempted by pod {uid} on node two")]
    assert "preemption:" not in refusal(cluster)
    cluster.run(40)
    assert cluster.get("", "Pod", "lesser") is None
    assert node_of(cluster) == "two"
    assert node_of(cluster, "important") == "one"


def test_equals_are_not_driven_out(cluster: Played) -> None:
    """A pod of the same priority waits, and so does one that must not drive out anybody."""
    rank(cluster, same=1, polite=9)
    for name in ("one", "two"):
        change_node(cluster, name, "status", status={"capacity": {"example.com/gpu": "1"}})
        cluster.pod(wanting({"example.com/gpu": "1"}, priorityClassName="same"), name)
    cluster.pod(wanting({"example.com/gpu": "1"}, priorityClassName="same"))
    cluster.pod(wanting({"example.com/gpu": "1"}, priorityClassName="polite"), "polite")
    cluster.run(40)
    assert node_of(cluster) is None
    assert node_of(cluster, "polite") is None
    assert not cluster.events("Preempted")
