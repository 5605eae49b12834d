"""Watching a rollout to its verdict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tests.fakes.cluster import FakeCluster, FakePod
from tests.fakes.world import CRASHING, FakeWorld, fake_world
from tests.unit.domain.states import WEB, container, deployment, failing, good, pod, running, seen
from trunkline.domain.attempts import Stage
from trunkline.domain.diagnosis import Verdict
from trunkline.domain.rollouts import Cause, Failure, Observation, Resource
from trunkline.errors import Unreachable
from trunkline.run.announce import Voice
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.rollout import Freeing, await_rollout, soak
from trunkline.run.site import RolloutFailed


class ScriptedCluster(FakeCluster):
    """Yields exactly these observations, and counts how many were taken."""

    def __init__(self, *observations: Observation) -> None:
        super().__init__()
        self.observations = list(observations)
        self.taken = 0

    def observe(self, workloads: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        for observation in self.observations:
            self.taken += 1
            yield observation


def judged(
    cluster: ScriptedCluster, resources: Sequence[Resource], timeout_s: float, settle_s: float, voice: Voice
) -> Verdict:
    with cluster.watch("team") as watch:
        return await_rollout(cluster, watch, resources, timeout_s, settle_s, voice)


@pytest.fixture
def fake() -> FakeWorld:
    return fake_world()


@pytest.fixture
def voice(fake: FakeWorld) -> Voice:
    commit = fake.source.head
    accounts: list[Account] = []
    attempt(fake.world, begin_run(fake.world, commit), Subject(Stage.DEPLOY, commit), accounts.append)
    return accounts[0].voice


def test_nothing_to_watch(voice: Voice) -> None:
    """A release without workloads is good at once, without a look at the cluster."""
    cluster = ScriptedCluster()
    assert judged(cluster, (), 60, 5, voice).succeeded
    assert cluster.taken == 0


def test_the_watch_ends_with_the_verdict(voice: Voice) -> None:
    """As soon as the matter is decided nobody looks any longer."""
    cluster = ScriptedCluster(failing(container(running())), good(2), good(3))
    assert judged(cluster, (WEB,), 60, 5, voice) == Verdict((), 2)
    assert cluster.taken == 2


def test_progress_is_told_when_it_changes(fake: FakeWorld, voice: Voice) -> None:
    """A line is said when something changed, and once a minute so that no CI takes us for dead."""
    slow = container(running())
    looks = [failing(slow, elapsed_s=second) for second in (0, 1, 30, 59, 60, 61)]
    trouble = seen(62, deployment(available=0), pod(slow), trouble="no route to host")
    judged(ScriptedCluster(*looks, trouble, good(63)), (WEB,), 300, 5, voice)
    line = "deployment/web: 0/1 ready, container web is not ready"
    assert fake.recorder.progress == [line, line, f"{line} | no route to host"]


def test_a_crash_bears_the_last_lines_of_its_log(voice: Voice) -> None:
    """The evidence of a crash ends with what the container said last; two pods with the same trouble are one."""
    cluster = ScriptedCluster(
        seen(0, deployment(replicas=2, available=0), pod(CRASHING), pod(CRASHING, name="web-1-b"))
    )
    lines = [f"line {number}" for number in range(20)]
    cluster.pods.append(FakePod("team", "web-1-a", "web", previous={"web": lines}))
    [failure] = judged(cluster, (WEB,), 60, 5, voice).failures
    assert failure.cause is Cause.CRASH_LOOP
    assert failure.evidence == ("exit code 3, reason Error, 1 restarts", *lines[-15:])


def test_a_log_that_cannot_be_read_changes_nothing(voice: Voice) -> None:
    """Without the log the cause is still known."""

    class Silent(ScriptedCluster):
        def last_log(self, namespace: str, pod: str, container: str, lines: int) -> tuple[str, ...]:
            raise Unreachable("no route")

    [failure] = judged(Silent(failing(CRASHING)), (WEB,), 60, 5, voice).failures
    assert failure.cause is Cause.CRASH_LOOP


def test_a_soak_that_stays_good(voice: Voice) -> None:
    """What stays good for the whole soak is good, and the end of the soak is its verdict."""
    cluster = ScriptedCluster(good(0), good(30), good(61))
    with cluster.watch("team") as watch:
        verdict = soak(cluster, watch, (WEB,), 60, voice)
    assert (verdict.succeeded, verdict.elapsed_s) == (True, 61)


def test_a_soak_that_sees_a_restart(voice: Voice) -> None:
    """A restart during the soak ends it at once."""
    cluster = ScriptedCluster(good(0), good(30, restarts=1), good(61, restarts=1))
    with cluster.watch("team") as watch:
        [failure] = soak(cluster, watch, (WEB,), 60, voice).failures
    assert failure.cause is Cause.SOAK_FAILED
    assert cluster.taken == 2


def test_an_adapter_that_breaks_its_promise(voice: Voice) -> None:
    """Observations that end without a last word are a fault of ours, never a success."""
    with pytest.raises(AssertionError, match="without an expired one"):
        judged(ScriptedCluster(failing(container(running()))), (WEB,), 60, 5, voice)


def test_the_error_says_all_failures() -> None:
    """All failures make one sentence, each of them once; the first one's cause is the error's."""
    first, second = Failure(Cause.CRASH_LOOP, WEB, "a crashes"), Failure(Cause.TIMED_OUT, WEB, "b waits")
    error = RolloutFailed((first, second, first))
    assert (error.message, error.cause) == ("a crashes; b waits.", Cause.CRASH_LOOP)
    assert error.facts["cause"] == "crash-loop"


def test_a_stateful_set_is_freed(fake: FakeWorld, voice: Voice) -> None:
    """An undo deletes, once, the unready pods of the failed revision, for which the StatefulSet would wait for ever."""
    resource = Resource("StatefulSet", "team", "db", "apps/v1")
    live: dict[str, Any] = {
        "metadata": {"name": "db", "namespace": "team", "uid": "uid-db", "generation": 3},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "updateRevision": "db-old", "replicas": 2},
    }

    def of(name: str, revision: str, status: dict[str, object]) -> dict[str, object]:
        made = pod(status, name=name, labels={"controller-revision-hash": revision}, owner="uid-db")
        made["metadata"]["namespace"] = "team"
        made["metadata"]["ownerReferences"][0]["kind"] = "StatefulSet"
        return made

    pods = (
        of("db-0", "db-old", container(ready=True)),
        of("db-1", "db-failed", container(running())),
        of("db-2", "db-failed", container(ready=True)),
    )
    free = Freeing(fake.cluster, voice)
    for behind in (True, False, False):
        shown = {**live, "metadata": {**live["metadata"], "generation": 4}} if behind else live
        free(Observation(1.0, {resource: shown}, pods={resource: pods}))
        assert fake.cluster.deleted == ([] if behind else ["db-1"])
