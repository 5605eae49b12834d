"""Jobs: success, failure, back-off, deadline, indexes, suspension and expiry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rehearsal.controllers.objects import workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World, condition
from trunkline.rehearsal.controllers.job_state import parsed, spelled
from trunkline.rehearsal.controllers.jobs import Jobs
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.objects import Object, at


class Cluster(World):
    """Pods run for a second and then end as they are told to; `Running` ones go on for ever."""

    def __init__(self, phase: Callable[[Object], str] = lambda _: "Succeeded") -> None:
        super().__init__()
        self.loop.add(Jobs(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events)))
        self.kubelet = FakeKubelet(self, lambda _: 1.0, phase)

    def ask(self, policy: str = "Never", **spec: Any) -> None:
        value = workload("Job", "work", **spec)
        del value["spec"]["selector"]
        value["spec"]["template"]["spec"]["restartPolicy"] = policy
        self.create(value)
        self.settle()

    @property
    def status(self) -> Object:
        status: Object = self.get("Job", "work")["status"]
        return status

    def condition(self, type_: str) -> tuple[str, ...]:
        return tuple(condition(self.get("Job", "work"), type_).values())


def test_a_job_is_done_when_its_pod_is() -> None:
    """A Job runs a pod that carries its names, counts it, and is complete for the reason that Kubernetes gives."""
    cluster = Cluster()
    cluster.ask()
    assert (cluster.status["active"], cluster.status["startTime"]) == (1, "2026-03-01T12:00:00Z")
    (pod,) = cluster.all("Pod")
    uid = cluster.get("Job", "work")["metadata"]["uid"]
    assert pod["metadata"]["labels"] == {
        "app": "work",
        "batch.kubernetes.io/job-name": "work",
        "job-name": "work",
        "batch.kubernetes.io/controller-uid": uid,
        "controller-uid": uid,
    }
    assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]
    cluster.advance(1)
    assert "finalizers" not in cluster.all("Pod")[0]["metadata"]
    reached = ("True", "CompletionsReached", "Reached expected number of succeeded pods")
    assert cluster.condition("SuccessCriteriaMet") == cluster.condition("Complete") == reached
    status = {key: item for key, item in cluster.status.items() if key != "conditions"}
    assert status == {
        "startTime": "2026-03-01T12:00:00Z",
        "completionTime": "2026-03-01T12:00:01Z",
        "succeeded": 1,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
    }
    assert [reason for reason, _, _ in cluster.told("work")] == ["SuccessfulCreate", "Completed"]


def test_failures_are_repeated_with_longer_and_longer_pauses() -> None:
    """Failed pods are followed by new ones after 10, 20 and more seconds, until there are too many."""
    cluster = Cluster(lambda _: "Failed")
    cluster.ask(backoffLimit=2)
    seen: list[float] = []
    for _ in range(60):
        cluster.advance(1)
        if len(cluster.all("Pod")) > len(seen):
            seen.append(cluster.clock.monotonic())
    assert seen == [1.0, 11.0, 32.0]
    exceeded = ("True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    assert cluster.condition("FailureTarget") == cluster.condition("Failed") == exceeded
    assert cluster.status["failed"] == 3
    assert cluster.told("work")[-1] == (*exceeded[1:], 1)
    assert cluster.loop.next_due() is None


def test_restarts_on_failure_count() -> None:
    """With OnFailure restarts of containers count as failures, and the pod is deleted in the end."""
    cluster = Cluster(lambda _: "Running")
    cluster.ask("OnFailure", backoffLimit=2)
    cluster.advance(1)
    place = "default", cluster.all("Pod")[0]["metadata"]["name"]
    cluster.kubelet.set_phase(place, "Running", restarts=1)
    cluster.settle()
    assert cluster.condition("Failed") == ()
    cluster.kubelet.set_phase(place, "Running", restarts=2)
    cluster.settle()
    assert cluster.condition("Failed")[1] == "BackoffLimitExceeded"
    assert cluster.all("Pod") == []
    assert cluster.status["failed"] == 1


def test_a_deadline_ends_all() -> None:
    """A Job that is active for too long fails, and its pods are deleted."""
    cluster = Cluster(lambda _: "Running")
    cluster.ask(activeDeadlineSeconds=4)
    cluster.advance(3)
    assert cluster.condition("Failed") == ()
    cluster.advance(1)
    late = ("True", "DeadlineExceeded", "Job was active longer than specified deadline")
    assert cluster.condition("Failed") == late
    assert cluster.all("Pod") == []
    assert [reason for reason, _, _ in cluster.told("work")] == [
        "SuccessfulCreate",
        "SuccessfulDelete",
        "DeadlineExceeded",
    ]


def test_completions_run_side_by_side() -> None:
    """No more pods than the parallelism run at a time, and no more than are needed."""
    cluster = Cluster()
    cluster.ask(completions=3, parallelism=2)
    assert cluster.status["active"] == 2
    cluster.advance(1)
    assert (cluster.status["active"], cluster.status["succeeded"]) == (1, 2)
    cluster.advance(1)
    assert cluster.condition("Complete")[0] == "True"
    assert len(cluster.all("Pod")) == 3


def test_a_work_queue_ends_with_its_first_success() -> None:
    """Without completions, no pod is started after one has succeeded, and the Job waits for the others."""
    ends = iter(["Succeeded", "Failed"])
    cluster = Cluster(lambda _: next(ends))
    cluster.ask(parallelism=2)
    cluster.advance(60)
    assert cluster.condition("Complete")[0] == "True"
    assert (cluster.status["succeeded"], cluster.status["failed"]) == (1, 1)


def test_each_index_succeeds_once() -> None:
    """An indexed Job has a pod for each number, and repeats only those that failed."""
    failed: list[str] = []

    def phase(pod: Object) -> str:
        number: str = pod["metadata"]["annotations"]["batch.kubernetes.io/job-completion-index"]
        if number == "1" and not failed:
            failed.append(number)
            return "Failed"
        return "Succeeded"

    cluster = Cluster(phase)
    cluster.ask(completions=3, parallelism=3, completionMode="Indexed")
    pod = cluster.all("Pod")[0]
    assert pod["metadata"]["name"].startswith("work-0-")
    assert pod["spec"]["hostname"] == "work-0"
    assert at(pod, "spec", "containers", 0, "env", 0, "name") == "JOB_COMPLETION_INDEX"
    cluster.advance(1)
    assert cluster.status["completedIndexes"] == "0,2"
    cluster.advance(60)
    assert cluster.status["completedIndexes"] == "0-2"
    assert (cluster.status["succeeded"], cluster.status["failed"]) == (3, 1)


def test_a_suspended_job_has_no_pods() -> None:
    """Suspension deletes the pods without counting them, and resuming starts anew."""
    cluster = Cluster(lambda _: "Running")
    cluster.ask()
    cluster.advance(2)
    cluster.change("Job", "work", lambda job: job["spec"].update(suspend=True))
    cluster.settle()
    assert cluster.all("Pod") == []
    assert cluster.condition("Suspended") == ("True", "JobSuspended", "Job suspended")
    assert "startTime" not in cluster.status
    assert "failed" not in cluster.status
    cluster.change("Job", "work", lambda job: job["spec"].update(suspend=False))
    cluster.settle()
    assert cluster.status["active"] == 1
    assert cluster.condition("Suspended") == ("False", "JobResumed", "Job resumed")


def test_a_finished_job_goes_after_its_time() -> None:
    """TtlSecondsAfterFinished deletes the Job that many seconds after its end."""
    cluster = Cluster()
    cluster.ask(ttlSecondsAfterFinished=30)
    cluster.advance(30)
    assert not at(cluster.get("Job", "work"), "metadata", "deletionTimestamp")
    cluster.advance(1)
    assert at(cluster.get("Job", "work"), "metadata", "finalizers") == ["foregroundDeletion"]


def test_the_pods_of_a_job_that_is_gone_are_let_go() -> None:
    """No pod is held by the finalizer of a Job that nobody has any more, nor by one of the same name."""
    cluster = Cluster(lambda _: "Running")
    cluster.ask()
    cluster.delete("Job", "work")
    cluster.settle()
    assert all("finalizers" not in pod["metadata"] for pod in cluster.all("Pod"))
    cluster.ask()
    assert sum("finalizers" in pod["metadata"] for pod in cluster.all("Pod")) == 1


@given(st.sets(st.integers(0, 300)))
def test_indexes_survive_their_spelling(numbers: set[int]) -> None:
    """What was spelled is parsed to the same numbers."""
    assert parsed(spelled(numbers)) == numbers


@pytest.mark.parametrize(("numbers", "text"), [((), ""), ((0, 1), "0,1"), ((0, 1, 2, 4, 6, 7), "0-2,4,6,7")])
def test_indexes_are_spelled_in_runs(numbers: tuple[int, ...], text: str) -> None:
    """Runs of three and more are ranges."""
    assert spelled(numbers) == text


@given(st.text(max_size=20))
def test_nonsense_names_no_indexes(text: str) -> None:
    """Whatever a status says, it is read without a fault."""
    assert isinstance(parsed(text), set)
