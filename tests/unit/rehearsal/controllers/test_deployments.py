"""Deployments: the steps, words and states of rollouts, as recorded on a real cluster."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.controllers.objects import template, workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World, condition
from trunkline.rehearsal.controllers.deployments import Deployments
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.replicasets import ReplicaSets
from trunkline.rehearsal.errors import forbidden
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at

REVISION = "deployment.kubernetes.io/revision"
NEVER = "never"


class Cluster(World):
    """Pods become ready one by one, two seconds apart, unless their command is `never`."""

    def __init__(self) -> None:
        super().__init__()
        means = Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events)
        self.loop.add(Deployments(means))
        self.loop.add(ReplicaSets(means))
        self.kubelet = FakeKubelet(self, self._delay)
        self._next_s = 0.0

    def _delay(self, pod: Object) -> float | None:
        if at(pod, "spec", "containers", 0, "command", 1) == NEVER:
            return None
        self._next_s = max(self._next_s, self.clock.monotonic()) + 2
        return self._next_s - self.clock.monotonic()

    def deploy(self, replicas: int, **spec: Any) -> Object:
        self.create(workload("Deployment", "web", replicas, **{"progressDeadlineSeconds": 600, **spec}))
        self.settle()
        return self.get("Deployment", "web")

    def roll(self, command: str, **spec: Any) -> None:
        def edit(value: Any) -> None:
            value["spec"].update(template=template("web", command), **spec)

        self.change("Deployment", "web", edit)
        self.settle()

    def scaled(self) -> list[str]:
        """How ReplicaSets were scaled, `new` and `old` for their names."""
        names = {
            item["metadata"]["name"]: item["metadata"]["annotations"][REVISION]
            for item in self.all("ReplicaSet")
        }
        found = []
        for reason, message, _ in self.told("web"):
            assert reason == "ScalingReplicaSet"
            words = message.removeprefix("Scaled ").split()
            found.append(f"{words[0]} r{names[words[3]]} {words[5]}-{words[7]}")
        return found

    @property
    def status(self) -> Object:
        status: Object = self.get("Deployment", "web")["status"]
        return {key: item for key, item in status.items() if key != "conditions"}

    def condition(self, type_: str) -> tuple[str, ...]:
        return tuple(condition(self.get("Deployment", "web"), type_).values())


def rolling(surge: Any, unavailable: Any) -> dict[str, Any]:
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}


def test_a_first_rollout() -> None:
    """A new Deployment tells each of its states in the words of the real controller, and ends complete."""
    cluster = Cluster()
    cluster.deploy(5)
    (replica_set,) = cluster.all("ReplicaSet")
    name = replica_set["metadata"]["name"]
    assert name.startswith("web-")
    assert replica_set["metadata"]["labels"] == {"app": "web", "pod-template-hash": name[4:]}
    assert replica_set["metadata"]["annotations"] == {
        "deployment.kubernetes.io/desired-replicas": "5",
        "deployment.kubernetes.io/max-replicas": "7",
        REVISION: "1",
    }
    assert cluster.get("Deployment", "web")["metadata"]["annotations"] == {REVISION: "1"}
    assert cluster.status == {
        "observedGeneration": 1,
        "replicas": 5,
        "updatedReplicas": 5,
        "unavailableReplicas": 5,
    }
    assert cluster.condition("Available") == (
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
    )
    assert cluster.condition("Progressing") == (
        "True",
        "ReplicaSetUpdated",
        f'ReplicaSet "{name}" is progressing.',
    )
    cluster.advance(8)
    # Four of five are enough with the usual 25 percent.
    assert cluster.condition("Available")[:2] == ("True", "MinimumReplicasAvailable")
    assert cluster.status["unavailableReplicas"] == 1
    cluster.advance(2)
    assert cluster.status == {
        "observedGeneration": 1,
        "replicas": 5,
        "updatedReplicas": 5,
        "readyReplicas": 5,
        "availableReplicas": 5,
    }
    assert cluster.condition("Progressing") == (
        "True",
        "NewReplicaSetAvailable",
        f'ReplicaSet "{name}" has successfully progressed.',
    )
    assert cluster.told("web") == [("ScalingReplicaSet", f"Scaled up replica set {name} from 0 to 5", 1)]


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "found"),
    [
        # As a real cluster did it, pod by pod.
        (
            5, "25%", "25%",
            ["up r2 0-2", "down r1 5-4", "up r2 2-3", "down r1 4-3", "up r2 3-4", "down r1 3-2", "up r2 4-5",
             "down r1 2-1", "down r1 1-0"],
        ),
        (3, 1, 0, ["up r2 0-1", "down r1 3-2", "up r2 1-2", "down r1 2-1", "up r2 2-3", "down r1 1-0"]),
        (2, 0, 1, ["down r1 2-1", "up r2 0-1", "down r1 1-0", "up r2 1-2"]),
        (2, "100%", 0, ["up r2 0-2", "down r1 2-1", "down r1 1-0"]),
        (1, "25%", "25%", ["up r2 0-1", "down r1 1-0"]),
    ],
)  # fmt: skip
def test_a_rolling_update_moves_as_far_as_it_may(
    replicas: int, surge: Any, unavailable: Any, found: list[str]
) -> None:
    """ReplicaSets grow and shrink within maxSurge and maxUnavailable, in the order of the real controller."""
    cluster = Cluster()
    cluster.deploy(replicas, strategy=rolling(surge, unavailable))
    cluster.advance(100)
    # A crowd of events is combined after nine: the first rollout is not to count.
    cluster.events._alike.clear()
    first = len(cluster.told("web"))
    cluster.roll("2")
    cluster.advance(100)
    assert cluster.scaled()[first:] == found
    assert cluster.status["updatedReplicas"] == cluster.status["replicas"] == replicas


def test_never_too_many_and_never_too_few() -> None:
    """At no moment of a rollout are there more pods than the surge allows, or fewer available than promised."""
    cluster = Cluster()
    cluster.deploy(8, strategy=rolling(3, 2))
    cluster.advance(100)
    cluster.roll("2")
    for _ in range(60):
        cluster.advance(0.5)
        pods = [pod for pod in cluster.all("Pod") if not pod["metadata"].get("deletionTimestamp")]
        ready = [pod for pod in pods if at(pod, "status", "conditions", 0, "status") == "True"]
        assert len(pods) <= 11
        assert len(ready) >= 6
    assert cluster.status["availableReplicas"] == cluster.status["updatedReplicas"] == 8


def test_recreate_waits_for_the_last_old_pod() -> None:
    """Recreate has no new pod before all old ones are gone."""
    cluster = Cluster()
    cluster.deploy(3, strategy={"type": "Recreate"})
    cluster.advance(10)
    first = cluster.all("Pod")[0]
    cluster.change("Pod", first["metadata"]["name"], lambda pod: pod["metadata"].update(finalizers=["x/y"]))
    cluster.roll("2")
    assert [pod["metadata"]["name"] for pod in cluster.all("Pod")] == [first["metadata"]["name"]]
    assert "updatedReplicas" not in cluster.status
    cluster.change("Pod", first["metadata"]["name"], lambda pod: pod["metadata"].pop("finalizers"))
    cluster.advance(10)
    assert cluster.scaled() == ["up r1 0-3", "down r1 3-0", "up r2 0-3"]
    assert cluster.status["availableReplicas"] == 3


def test_a_return_keeps_the_history() -> None:
    """The template of an old ReplicaSet makes it the new one, with the next revision and a history."""
    cluster = Cluster()
    cluster.deploy(1)
    cluster.advance(10)
    cluster.roll("2")
    cluster.advance(10)
    cluster.roll("1")
    cluster.advance(10)
    found = {item["metadata"]["annotations"][REVISION]: item for item in cluster.all("ReplicaSet")}
    assert set(found) == {"2", "3"}
    assert found["3"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    assert cluster.get("Deployment", "web")["metadata"]["annotations"][REVISION] == "3"


def test_the_history_is_limited() -> None:
    """Old ReplicaSets beyond revisionHistoryLimit are deleted, the oldest revisions first."""
    cluster = Cluster()
    cluster.deploy(1, revisionHistoryLimit=2)
    for number in range(2, 7):
        cluster.advance(10)
        cluster.roll(str(number))
    cluster.advance(10)
    revisions = {item["metadata"]["annotations"][REVISION] for item in cluster.all("ReplicaSet")}
    assert revisions == {"4", "5", "6"}


def test_a_deadline_passes() -> None:
    """A rollout that does not get on is marked after its deadline, and its old pods stay."""
    cluster = Cluster()
    cluster.deploy(3, progressDeadlineSeconds=60)
    cluster.advance(10)
    cluster.roll(NEVER)
    cluster.advance(60)
    assert cluster.condition("Progressing")[1] == "ReplicaSetUpdated"
    cluster.advance(2)
    status, reason, message = cluster.condition("Progressing")
    assert (status, reason) == ("False", "ProgressDeadlineExceeded")
    assert message.endswith('" has timed out progressing.')
    assert cluster.condition("Available")[0] == "True"
    assert cluster.status["unavailableReplicas"] == 1
    cluster.roll("1")
    cluster.advance(10)
    assert cluster.condition("Progressing")[1] == "NewReplicaSetAvailable"
    assert cluster.loop.next_due() is None


def test_nothing_rolls_out_while_it_is_paused() -> None:
    """A paused Deployment changes its size but not its template, and says so."""
    cluster = Cluster()
    cluster.deploy(2)
    cluster.advance(10)
    cluster.roll("2", paused=True, replicas=3)
    cluster.advance(10)
    assert cluster.condition("Progressing") == ("Unknown", "DeploymentPaused", "Deployment is paused")
    assert cluster.scaled() == ["up r1 0-2", "up r1 2-3"]
    assert "updatedReplicas" not in cluster.status
    cluster.change("Deployment", "web", lambda value: value["spec"].update(paused=False))
    cluster.settle()
    assert cluster.status["observedGeneration"] == 3
    cluster.advance(20)
    assert cluster.condition("Progressing")[1] == "NewReplicaSetAvailable"


def test_minimum_seconds_delay_each_step() -> None:
    """A pod that is ready counts only after minReadySeconds."""
    cluster = Cluster()
    cluster.deploy(1, minReadySeconds=30)
    cluster.advance(10)
    assert (cluster.status["readyReplicas"], cluster.status.get("availableReplicas")) == (1, None)
    cluster.advance(30)
    assert cluster.status["availableReplicas"] == 1


def test_a_refused_pod_is_told_by_the_deployment() -> None:
    """The refusal of a pod is a ReplicaFailure of the Deployment, too."""
    cluster = Cluster()

    def quota(kind: Kind, value: Object) -> None:
        if kind.kind == "Pod":
            raise forbidden("pods", "", value["metadata"]["name"], "exceeded quota: q")

    cluster.admission.refusals.append(quota)
    cluster.deploy(2)
    status, reason, message = cluster.condition("ReplicaFailure")
    assert (status, reason) == ("True", "FailedCreate")
    assert message.endswith("is forbidden: exceeded quota: q")
    assert cluster.status == {"observedGeneration": 1, "unavailableReplicas": 2}


def test_a_refused_replica_set_is_told() -> None:
    """A ReplicaSet that may not be created is an event and a failed progress."""
    cluster = Cluster()

    def quota(kind: Kind, value: Object) -> None:
        if kind.kind == "ReplicaSet":
            raise forbidden("replicasets", "apps", value["metadata"]["name"], "no")

    cluster.admission.refusals.append(quota)
    cluster.deploy(2)
    status, reason, message = cluster.condition("Progressing")
    assert (status, reason) == ("False", "ReplicaSetCreateError")
    assert message.startswith('Failed to create new replica set "web-')
    assert cluster.told("web")[0][:2] == ("ReplicaSetCreateError", message)


def test_a_name_that_is_taken_gets_another_hash() -> None:
    """If a stranger has the ReplicaSet's name, the collision is counted and another name is taken."""
    cluster = Cluster()
    cluster.deploy(1)
    (taken,) = cluster.all("ReplicaSet")
    other = Cluster()
    stranger = workload("ReplicaSet", taken["metadata"]["name"], 0)
    other.create({**stranger, "spec": {**stranger["spec"], "selector": {"matchLabels": {"app": "x"}}}})
    other.deploy(1)
    other.advance(10)
    assert other.status["collisionCount"] == 1
    assert other.status["availableReplicas"] == 1
