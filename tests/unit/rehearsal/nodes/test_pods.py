"""The life of a pod, as a release can see it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.faults import Fault
from trunkline.rehearsal.registry import Deletion

PROBE = {"httpGet": {"path": "/", "port": 80}, "periodSeconds": 1}


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as made:
        yield made


def one(command: str = "", **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "nginx:1", **more}
    if command:
        container["command"] = ["sh", "-c", command]
    return {"containers": [container]}


def test_a_pod_comes_up_in_the_kubelets_order(cluster: Played) -> None:
    """It is scheduled, pulled, created and started, has an address, and is ready."""
    cluster.pod(one())
    cluster.run(5)
    status = cluster.status()
    assert status["phase"] == "Running"
    assert status["podIP"]
    assert {item["type"]: item["status"] for item in status["conditions"]}["Ready"] == "True"
    assert [reason for reason, _ in cluster.events()] == [
        "Scheduled",
        "Pulling",
        "Pulled",
        "Created",
        "Started",
    ]


def test_a_pod_that_runs_well_needs_no_time(cluster: Played) -> None:
    """Nothing is left to do for it: a thousand of them cost nothing."""
    cluster.pod(one(readinessProbe=PROBE, livenessProbe=PROBE))
    cluster.run(5)
    assert cluster.container()["ready"]
    assert cluster.cluster.loop.next_due() is None


def test_a_crash_loop_backs_off(cluster: Played) -> None:
    """The first restart comes at once, and each one after it waits twice as long, with the kubelet's words."""
    cluster.pod(one("echo no way; exit 3"))
    cluster.run(4)
    now = cluster.container()
    assert now["restartCount"] == 1
    assert now["lastState"]["terminated"]["exitCode"] == 3
    assert now["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    assert now["state"]["waiting"]["message"].startswith(
        "back-off 10s restarting failed container=main pod=web_default("
    )
    cluster.run(11)
    assert cluster.container()["restartCount"] == 2
    assert "back-off 20s" in cluster.container()["state"]["waiting"]["message"]
    assert (
        "BackOff",
        f"Back-off restarting failed container main in pod web_default({cluster.get('', 'Pod', 'web')['metadata']['uid']})",
    ) in cluster.events("BackOff")


@pytest.mark.parametrize(
    ("policy", "command", "phase"),
    [
        ("Never", "exit 0", "Succeeded"),
        ("Never", "exit 4", "Failed"),
        ("OnFailure", "exit 0", "Succeeded"),
        ("Always", "exit 0", "Running"),
    ],
)
def test_how_a_pod_ends(cluster: Played, policy: str, command: str, phase: str) -> None:
    """What became of its containers and the restart policy decide the phase."""
    cluster.pod({**one(command), "restartPolicy": policy})
    cluster.run(3)
    assert cluster.status()["phase"] == phase


def test_init_containers_go_one_after_the_other(cluster: Played) -> None:
    """The main container waits for all of them, and a failing one keeps it waiting."""
    inits = [
        {"name": "first", "image": "a:1", "command": ["sh", "-c", "sleep 2"]},
        {"name": "second", "image": "a:1", "command": ["sh", "-c", "exit 1"]},
    ]
    cluster.pod({**one(), "initContainers": inits})
    cluster.run(2.5)
    assert "running" in cluster.status()["initContainerStatuses"][0]["state"]
    cluster.run(4)
    first, second = cluster.status()["initContainerStatuses"]
    assert first["state"]["terminated"]["exitCode"] == 0
    assert second["restartCount"] >= 1
    assert cluster.status()["phase"] == "Pending"
    assert cluster.container()["state"]["waiting"]["reason"] == "PodInitializing"


def test_missing_configuration_is_found_when_it_comes(cluster: Played) -> None:
    """A container waits for the ConfigMap that its environment names, and starts when it is there."""
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]
    cluster.pod(one(env=env))
    cluster.run(3)
    waiting = cluster.container()["state"]["waiting"]
    assert (waiting["reason"], waiting["message"]) == (
        "CreateContainerConfigError",
        'configmap "settings" not found',
    )
    cluster.create(
        "", "ConfigMap", {"metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "1"}}
    )
    cluster.run(1)
    assert "running" in cluster.container()["state"]


def test_a_volume_that_is_not_there(cluster: Played) -> None:
    """A Secret in a volume keeps the pod waiting with the kubelet's words."""
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}]
    cluster.pod({**one(), "volumes": volumes})
    cluster.run(3)
    assert cluster.container()["state"]["waiting"]["reason"] == "ContainerCreating"
    assert (
        "FailedMount",
        'MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
    ) in cluster.events("FailedMount")


@pytest.mark.parametrize(
    ("what", "reason", "words"),
    [
        ("image-missing", "ImagePullBackOff", "not found"),
        ("image-refused", "ImagePullBackOff", "authorization"),
        ("registry-away", "ImagePullBackOff", "connection refused"),
    ],
)
def test_images_that_cannot_be_pulled(cluster: Played, what: str, reason: str, words: str) -> None:
    """The registry's answer is in the events, and the pull is tried again less and less often."""
    cluster.cluster.faults.strike(Fault(what, "default"))
    cluster.pod(one())
    cluster.run(4)
    assert cluster.container()["state"]["waiting"]["reason"] == reason
    assert any(words in message for _, message in cluster.events("Failed"))
    pulls = len([1 for kind, _ in cluster.events("Pulling") if kind])
    cluster.run(300)
    assert pulls == 1


def test_a_pod_without_room(cluster: Played) -> None:
    """What no node has room for stays pending with the scheduler's words, and goes when there is room."""
    cluster.pod(one(resources={"requests": {"cpu": "1000"}}))
    cluster.run(1)
    (condition,) = [item for item in cluster.status()["conditions"] if item["type"] == "PodScheduled"]
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/2 nodes are available: 2 Insufficient cpu. preemption:")


def test_a_probe_that_never_passes(cluster: Played) -> None:
    """The pod runs, is not ready, and the events have the probe's words."""
    cluster.cluster.faults.strike(
        Fault("never-ready", "default", settings={"message": "HTTP probe failed with statuscode: 503"})
    )
    cluster.pod(one(readinessProbe=PROBE))
    cluster.run(10)
    assert not cluster.container()["ready"]
    assert ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503") in cluster.events(
        "Unhealthy"
    )


def test_a_pod_that_is_deleted_ends_first(cluster: Played) -> None:
    """It is asked to stop, and gone when its containers are."""
    cluster.pod(one())
    cluster.run(3)
    with cluster.cluster.store.lock:
        cluster.cluster.registry.delete(cluster.kind("", "Pod"), "default", "web")
    cluster.settle()
    assert cluster.get("", "Pod", "web")["metadata"]["deletionTimestamp"]
    cluster.run(2)
    assert cluster.get("", "Pod", "web") is None
    assert ("Killing", "Stopping container main") in cluster.events("Killing")


def test_a_node_that_is_lost(cluster: Played) -> None:
    """Its pod stays as it was until the control plane gives it up, and a Deployment brings up another one elsewhere."""
    template = {"metadata": {"labels": {"app": "web"}}, "spec": one()}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    cluster.create("apps", "Deployment", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    cluster.run(5)
    (pod,) = cluster.cluster.store.all_of(cluster.kind("", "Pod"))
    lost = pod["spec"]["nodeName"]
    cluster.cluster.losses.lose(lost)
    cluster.run(60)
    node = cluster.get("", "Node", lost, "")
    assert {item["status"] for item in node["status"]["conditions"]} == {"Unknown"}
    cluster.run(320)
    pods = cluster.cluster.store.all_of(cluster.kind("", "Pod"))
    assert [item["spec"]["nodeName"] for item in pods if item["status"]["phase"] == "Running"] != [lost]


def test_a_cluster_goes_on_where_another_was() -> None:
    """From a state, pods that ran go on running without a restart, and what was under way is finished."""
    with played() as before:
        before.pod(one())
        before.run(5)
        before.pod(one(), "late")
        state = before.cluster.state()
    with played(state) as after:
        after.run(5)
        assert after.container()["restartCount"] == 0
        assert after.container()["state"] == state_of(state, "web")
        assert after.status("late")["phase"] == "Running"


def state_of(state: Any, name: str) -> Any:
    return next(
        value for kind, value in state.objects if kind.kind == "Pod" and value["metadata"]["name"] == name
    )["status"]["containerStatuses"][0]["state"]


def test_a_pod_in_the_place_of_another(cluster: Played) -> None:
    """A pod that no node takes does not run, though the one of its name before it did."""
    cluster.pod(one())
    cluster.run(3)
    with cluster.cluster.store.lock:
        cluster.cluster.registry.delete(cluster.kind("", "Pod"), "default", "web", Deletion(grace_s=0))
        cluster.cluster.registry.create(
            cluster.kind("", "Pod"),
            {
                "metadata": {"name": "web", "namespace": "default"},
                "spec": one(resources={"requests": {"cpu": "1000"}}),
            },
        )
    cluster.run(5)
    assert cluster.status()["phase"] == "Pending"
    assert len(cluster.events("Started")) == 1
