"""StatefulSets: order, revisions, claims, and what holds them up; recorded on a real cluster."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.controllers.objects import template, workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.statefulsets import StatefulSets
from trunkline.rehearsal.objects import Object, at
from trunkline.rehearsal.store import Change

NEVER = "never"
CLAIM = {"metadata": {"name": "data"}, "spec": {"storageClassName": "standard"}}


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        self.loop.add(
            StatefulSets(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events))
        )
        self.kubelet = FakeKubelet(self, self._delay)

    def _delay(self, pod: Object) -> float | None:
        return None if at(pod, "spec", "containers", 0, "command", 1) == NEVER else 2.0

    def ask(self, replicas: int, **spec: Any) -> None:
        self.create(workload("StatefulSet", "web", replicas, serviceName="web", **spec))
        self.settle()

    def roll(self, command: str, **spec: Any) -> None:
        def edit(value: Any) -> None:
            value["spec"].update(template=template("web", command), **spec)

        self.change("StatefulSet", "web", edit)
        self.settle()

    @property
    def status(self) -> Object:
        status: Object = self.get("StatefulSet", "web")["status"]
        return status

    def commands(self) -> dict[str, str]:
        return {
            pod["metadata"]["name"]: pod["spec"]["containers"][0]["command"][1] for pod in self.all("Pod")
        }


def test_pods_come_one_after_the_other() -> None:
    """Each pod has its number, and waits until the one before it is ready."""
    cluster = Cluster()
    cluster.ask(3)
    assert list(cluster.commands()) == ["web-0"]
    cluster.advance(2)
    assert list(cluster.commands()) == ["web-0", "web-1"]
    cluster.advance(4)
    pod = cluster.get("Pod", "web-2")
    revision = cluster.status["updateRevision"]
    assert pod["metadata"]["labels"] == {
        "app": "web",
        "apps.kubernetes.io/pod-index": "2",
        "controller-revision-hash": revision,
        "statefulset.kubernetes.io/pod-name": "web-2",
    }
    assert (pod["spec"]["hostname"], pod["spec"]["subdomain"]) == ("web-2", "web")
    assert cluster.status == {
        "observedGeneration": 1,
        "replicas": 3,
        "availableReplicas": 3,
        "readyReplicas": 3,
        "currentReplicas": 3,
        "updatedReplicas": 3,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    assert cluster.told("web") == [
        ("SuccessfulCreate", f"create Pod web-{number} in StatefulSet web successful", 1)
        for number in range(3)
    ]


def test_an_update_goes_backwards() -> None:
    """Pods are replaced from the last to the first, one at a time, and then the new revision is the current one."""
    cluster = Cluster()
    cluster.ask(3)
    cluster.advance(6)
    before = cluster.status["currentRevision"]
    cluster.roll("2")
    assert cluster.commands() == {"web-0": "1", "web-1": "1", "web-2": "2"}
    assert cluster.status["currentRevision"] == before != cluster.status["updateRevision"]
    assert (cluster.status["currentReplicas"], cluster.status["updatedReplicas"]) == (2, 1)
    cluster.advance(2)
    assert cluster.commands() == {"web-0": "1", "web-1": "2", "web-2": "2"}
    cluster.advance(4)
    assert cluster.commands() == dict.fromkeys(("web-0", "web-1", "web-2"), "2")
    assert cluster.status["currentRevision"] == cluster.status["updateRevision"]
    deleted = [message for reason, message, _ in cluster.told("web") if reason == "SuccessfulDelete"]
    assert deleted == [f"delete Pod web-{number} in StatefulSet web successful" for number in (2, 1, 0)]


def test_a_broken_pod_blocks_the_way_back() -> None:
    """A pod that never gets ready holds the set up even when it returns, until somebody deletes it."""
    cluster = Cluster()
    cluster.ask(3)
    cluster.advance(6)
    first = cluster.status["currentRevision"]
    cluster.roll(NEVER)
    cluster.advance(60)
    assert cluster.commands() == {"web-0": "1", "web-1": "1", "web-2": NEVER}
    cluster.roll("1")
    cluster.advance(60)
    assert cluster.commands()["web-2"] == NEVER
    assert cluster.status["updateRevision"] == first
    assert (cluster.status["currentReplicas"], cluster.status["updatedReplicas"]) == (2, 2)
    assert [
        item["revision"] for item in cluster.all("ControllerRevision") if item["metadata"]["name"] == first
    ] == [3]
    cluster.delete("Pod", "web-2")
    cluster.advance(10)
    assert cluster.commands()["web-2"] == "1"
    assert cluster.status["readyReplicas"] == 3


def test_a_partition_keeps_the_first_ones() -> None:
    """Pods below the partition stay on the old revision, even when they are made anew."""
    cluster = Cluster()
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    cluster.ask(2, updateStrategy=strategy)
    cluster.advance(6)
    cluster.roll("2")
    cluster.advance(6)
    cluster.delete("Pod", "web-0")
    cluster.advance(6)
    assert cluster.commands() == {"web-0": "1", "web-1": "2"}
    assert (cluster.status["currentReplicas"], cluster.status["updatedReplicas"]) == (1, 1)


def test_nothing_is_replaced_on_delete() -> None:
    """With OnDelete only a pod that somebody deletes is replaced by a new one."""
    cluster = Cluster()
    cluster.ask(2, updateStrategy={"type": "OnDelete"})
    cluster.advance(6)
    cluster.roll("2")
    cluster.advance(6)
    cluster.delete("Pod", "web-0")
    cluster.advance(6)
    assert cluster.commands() == {"web-0": "2", "web-1": "1"}


def test_parallel_pods_wait_for_nobody() -> None:
    """A Parallel set creates and deletes all at once."""
    cluster = Cluster()
    cluster.ask(3, podManagementPolicy="Parallel")
    assert len(cluster.commands()) == 3
    cluster.change("StatefulSet", "web", lambda value: value["spec"].update(replicas=1))
    cluster.settle()
    assert list(cluster.commands()) == ["web-0"]


def test_a_parallel_set_leaves_its_broken_pods_behind() -> None:
    """A Parallel set replaces pods of the old revision even if they have never been ready."""
    cluster = Cluster()
    cluster.ask(2, podManagementPolicy="Parallel", template=template("web", NEVER))
    cluster.advance(60)
    assert cluster.status.get("readyReplicas") is None
    cluster.roll("2")
    cluster.advance(10)
    assert cluster.commands() == {"web-0": "2", "web-1": "2"}


def test_the_states_of_an_update_are_those_of_a_real_cluster() -> None:
    """Status counts pass through the same states as on a real cluster: all, ready, current and updated pods."""
    cluster = Cluster()
    cluster.ask(3)
    cluster.advance(6)
    seen: list[tuple[int, ...]] = []

    def note(change: Change) -> None:
        if change.kind.kind == "StatefulSet":
            keys = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas")
            state = tuple(change.value["status"].get(key, 0) for key in keys)
            if not seen or seen[-1] != state:
                seen.append(state)

    cluster.store.listen(note)
    cluster.roll("2")
    cluster.advance(10)
    assert seen == [
        (3, 3, 3, 3),
        (3, 3, 2, 0),
        (3, 2, 2, 1),
        (3, 3, 1, 1),
        (3, 2, 1, 2),
        (3, 3, 0, 2),
        (3, 2, 0, 3),
        (3, 3, 3, 3),
    ]


def test_a_set_shrinks_from_its_end() -> None:
    """The last pods go first, one after the other."""
    cluster = Cluster()
    cluster.ask(3)
    cluster.advance(6)
    cluster.change("Pod", "web-2", lambda pod: pod["metadata"].update(finalizers=["x/y"]))
    cluster.change("StatefulSet", "web", lambda value: value["spec"].update(replicas=1))
    cluster.settle()
    assert list(cluster.commands()) == ["web-0", "web-1", "web-2"]
    cluster.change("Pod", "web-2", lambda pod: pod["metadata"].pop("finalizers"))
    cluster.settle()
    assert list(cluster.commands()) == ["web-0"]
    assert cluster.status["replicas"] == 1


def test_claims_outlive_their_pods() -> None:
    """Each pod gets its claims, which are told of, mounted, and kept when the pod goes."""
    cluster = Cluster()
    cluster.ask(2, volumeClaimTemplates=[CLAIM], podManagementPolicy="Parallel")
    (first, second) = cluster.all("PersistentVolumeClaim")
    assert (first["metadata"]["name"], first["metadata"]["labels"]) == ("data-web-0", {"app": "web"})
    assert cluster.get("Pod", "web-0")["spec"]["volumes"] == [
        {"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}
    ]
    assert cluster.told("web")[0][1] == "create Claim data-web-0 Pod web-0 in StatefulSet web success"
    cluster.change("StatefulSet", "web", lambda value: value["spec"].update(replicas=0))
    cluster.settle()
    assert cluster.all("Pod") == []
    assert cluster.all("PersistentVolumeClaim") == [first, second]


def test_a_failed_pod_is_made_anew() -> None:
    """A pod that has ended, for whatever reason, is deleted and made again."""
    cluster = Cluster()
    cluster.ask(1)
    cluster.advance(2)
    uid = cluster.get("Pod", "web-0")["metadata"]["uid"]
    cluster.kubelet.set_phase(("default", "web-0"), "Failed")
    cluster.advance(2)
    assert cluster.get("Pod", "web-0")["metadata"]["uid"] != uid
    assert cluster.status["readyReplicas"] == 1


def test_old_revisions_are_forgotten() -> None:
    """Revisions beyond the limit go, but never one that is in use."""
    cluster = Cluster()
    cluster.ask(1, revisionHistoryLimit=1)
    cluster.advance(6)
    for number in range(2, 6):
        cluster.roll(str(number))
        cluster.advance(6)
    assert sorted(item["revision"] for item in cluster.all("ControllerRevision")) == [4, 5]
    data = cluster.all("ControllerRevision")[0]["data"]["spec"]["template"]
    assert data["$patch"] == "replace"
