"""The port `Cluster`: the fake, the adapter over an API server in memory, and the adapter over a real cluster."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.contract.cluster_stages import WORDS, FakeStage, MemoryStage, RealStage, Stage
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.domain.rollouts import Observation, Resource
from trunkline.errors import DeploymentFailed, Locked
from trunkline.ports import LeaseHolder, LogLine

ALICE = LeaseHolder("run-1", "alice at laptop")
BOB = LeaseHolder("run-2", "bob in CI")


def _observed(stage: Stage, workload: Resource, timeout_s: float) -> Iterator[Observation]:
    with stage.cluster.watch(stage.namespace) as watch:
        yield from watch.observe([workload], timeout_s)


@pytest.fixture(params=["fake", "memory", pytest.param("real", marks=pytest.mark.cluster)])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    made: Stage
    match request.param:
        case "fake":
            made = FakeStage()
        case "memory":
            made = MemoryStage()
        case _:
            made = RealStage(request.getfixturevalue("kubeconfig"))
    try:
        yield made
    finally:
        made.clean()


@pytest.fixture
def target(stage: Stage) -> ReleaseTarget:
    return ReleaseTarget(ClusterTarget(), stage.namespace, "sample")


def test_version(stage: Stage) -> None:
    """The server tells its version."""
    assert stage.cluster.version().startswith("v1.")


def test_allowed(stage: Stage) -> None:
    """Whoever may do everything may read pods."""
    assert stage.cluster.allowed(stage.namespace, "list", "", "pods")


def test_namespace_is_made_once(stage: Stage) -> None:
    """A namespace that is already there is no trouble."""
    stage.cluster.ensure_namespace(stage.namespace)
    stage.cluster.ensure_namespace(stage.namespace)


def test_namespace_that_is_being_deleted(stage: Stage) -> None:
    """A namespace that is being deleted takes no deployment, and the message names it."""
    doomed = stage.doomed_namespace()
    with pytest.raises(DeploymentFailed, match=rf"{doomed} is being deleted"):
        stage.cluster.ensure_namespace(doomed)


def test_lease_has_one_holder(stage: Stage, target: ReleaseTarget) -> None:
    """While one holds the lease, another one is told who it is; and nobody is in the way afterwards."""
    with stage.cluster.lease(target, ALICE) as lease:
        lease.ensure_held()
        with pytest.raises(Locked, match=rf"{target} is being deployed by alice at laptop"):
            stage.cluster.lease(target, BOB).__enter__()
        lease.ensure_held()
    with stage.cluster.lease(target, BOB) as lease:
        lease.ensure_held()


def test_leases_of_other_releases_are_free(stage: Stage, target: ReleaseTarget) -> None:
    """Two releases of one namespace are deployed at once."""
    other = ReleaseTarget(target.cluster, target.namespace, "other")
    with stage.cluster.lease(target, ALICE), stage.cluster.lease(other, BOB) as lease:
        lease.ensure_held()


def test_lease_is_given_back_on_failure(stage: Stage, target: ReleaseTarget) -> None:
    """A failure inside comes out as it is, and leaves the lease free."""
    with pytest.raises(ZeroDivisionError), stage.cluster.lease(target, ALICE):
        raise ZeroDivisionError
    with stage.cluster.lease(target, BOB) as lease:
        lease.ensure_held()


def test_lease_race(stage: Stage, target: ReleaseTarget) -> None:
    """Of those who ask at the same moment exactly one wins, and the others are told so."""
    start, done = threading.Barrier(4), threading.Event()
    outcomes: list[str] = []

    def contend(number: int) -> None:
        start.wait()
        try:
            with stage.cluster.lease(target, LeaseHolder(f"run-{number}", f"runner {number}")):
                outcomes.append("won")
                done.wait(60)
        except Locked:
            outcomes.append("locked")
        if len(outcomes) == 4:
            done.set()

    threads = [threading.Thread(target=contend, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 60
    while len(outcomes) < 4 and time.monotonic() < deadline:
        done.wait(0.05)
    done.set()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["locked", "locked", "locked", "won"]


def test_lost_lease(stage: Stage, target: ReleaseTarget) -> None:
    """Who lost the lease to somebody else is stopped, and does not take it back on leaving."""
    with stage.cluster.lease(target, ALICE) as lease:
        stage.steal(target)
        with pytest.raises(Locked, match="lost"):
            _until(lease.ensure_held)
    assert stage.holder(target) == "thief"


def test_good_revisions(stage: Stage, target: ReleaseTarget) -> None:
    """What was noted as good is known afterwards, whoever holds the lease then, and the lease goes on."""
    assert not stage.cluster.good_revisions(target)
    with stage.cluster.lease(target, ALICE) as lease:
        stage.cluster.note_good(target, 1)
        stage.cluster.note_good(target, 3, '{"chart": "backend 1.0"}')
        lease.ensure_held()
    with stage.cluster.lease(target, BOB):
        assert stage.cluster.good_revisions(target) == {1: "", 3: '{"chart": "backend 1.0"}'}


def test_good_revisions_of_a_removed_release(stage: Stage, target: ReleaseTarget) -> None:
    """What was noted can be forgotten, whether or not anything was noted."""
    stage.cluster.forget_good(target)
    stage.cluster.note_good(target, 2)
    stage.cluster.forget_good(target)
    assert not stage.cluster.good_revisions(target)


def test_good_revisions_of_an_earlier_life(stage: Stage, target: ReleaseTarget) -> None:
    """After a release was removed and installed anew its old revision numbers count no more."""
    stage.cluster.note_good(target, 7)
    stage.cluster.note_good(target, 2)
    assert stage.cluster.good_revisions(target) == {2: ""}


def test_pending_record_becomes_failed(stage: Stage, target: ReleaseTarget) -> None:
    """A revision that a dead client left pending is failed afterwards, and says why."""
    stage.helm_record(target, 3, "pending-upgrade")
    stage.cluster.mark_failed(target, 3, "its client died")
    assert stage.helm_state(target, 3) == ("failed", "its client died")


def test_finished_record_stays(stage: Stage, target: ReleaseTarget) -> None:
    """A revision that came to its end is left alone, and one that is not there is no trouble."""
    stage.helm_record(target, 2, "deployed")
    stage.cluster.mark_failed(target, 2, "its client died")
    stage.cluster.mark_failed(target, 99, "its client died")
    assert stage.helm_state(target, 2) == ("deployed", "")


def test_observing_what_is_not_there(stage: Stage) -> None:
    """A workload that does not exist is None, and the last observation says that the time is up."""
    workload = Resource("Deployment", stage.namespace, "nothing")
    seen = list(_observed(stage, workload, 0.0))
    assert [observation.objects for observation in seen] == [{workload: None}]
    assert [observation.expired for observation in seen] == [True]


def test_observing_a_deployment(stage: Stage) -> None:
    """A Deployment is shown with its ReplicaSet and its pods."""
    stage.deploy("web", talks=False)
    workload = Resource("Deployment", stage.namespace, "web")
    seen = _first(_observed(stage, workload, 60.0), lambda found: bool(found.pods.get(workload)))
    live = seen.objects[workload]
    assert live is not None
    assert live["metadata"]["name"] == "web"
    assert [owner["metadata"]["name"].rpartition("-")[0] for owner in seen.owners[workload]] == ["web"]
    assert [pod["metadata"]["labels"]["app"] for pod in seen.pods[workload]] == ["web"]
    assert not seen.trouble


def test_logs(stage: Stage) -> None:
    """All pods' lines are read, each with its pod and container."""
    stage.deploy("talker", talks=True)
    lines = _wait_for_lines(stage)
    assert {(line.pod.split("-")[0], line.container) for line in lines} == {("talker", "main")}
    assert all(WORDS in line.text for line in lines)
    assert len(list(stage.cluster.logs(stage.namespace, [{"app": "talker"}], follow=False, tail=1))) == 1
    assert not list(stage.cluster.logs(stage.namespace, [{"app": "nobody"}], follow=False, tail=None))


def test_following_logs(stage: Stage) -> None:
    """Following shows lines as they come, and ends when the reader leaves."""
    stage.deploy("talker", talks=True)
    followed = stage.cluster.logs(stage.namespace, [{"app": "talker"}], follow=True, tail=None)
    with contextlib.closing(followed):  # type: ignore[type-var]  # it is a generator
        assert WORDS in next(followed).text


def test_last_log(stage: Stage) -> None:
    """The last lines of a container are found, also after it ended; of a pod that is not there, none."""
    stage.deploy("talker", talks=True)
    pod = _wait_for_lines(stage)[0].pod
    last = stage.cluster.last_log(stage.namespace, pod, "main", 5)
    assert [WORDS in line for line in last] == [True]
    assert stage.cluster.last_log(stage.namespace, "nobody", "main", 5) == ()


def test_gone(stage: Stage) -> None:
    """Pods are gone when they are really gone, not before."""
    manifest = stage.deploy("web", talks=False)
    workload = Resource("Deployment", stage.namespace, "web")
    _first(_observed(stage, workload, 60.0), lambda found: bool(found.pods.get(workload)))
    assert not stage.cluster.gone([manifest], stage.namespace, 0.0)
    stage.remove(manifest)
    assert stage.cluster.gone([manifest], stage.namespace, 60.0)


def _first(seen: Iterator[Observation], wanted: Callable[[Observation], bool]) -> Observation:
    return next(observation for observation in seen if wanted(observation))


def _wait_for_lines(stage: Stage) -> list[LogLine]:
    found: list[LogLine] = []

    def look() -> None:
        found.extend(stage.cluster.logs(stage.namespace, [{"app": "talker"}], follow=False, tail=None))
        if found:
            raise StopIteration

    with contextlib.suppress(StopIteration):
        _until(look)
    return found


def _until(deed: Callable[[], None], timeout_s: float = 60.0) -> None:
    """Do it again and again until it raises; a real cluster takes its time."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        deed()
        time.sleep(0.05)
    pytest.fail(f"nothing happened within {timeout_s:g} s")
