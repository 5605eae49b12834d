"""From observations to a verdict: a table of what a cluster can show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.domain.states import (
    WEB,
    container,
    deployment,
    event,
    failing,
    good,
    pod,
    replica_set,
    running,
    seen,
    terminated,
    unscheduled_pod,
    waiting,
)
from trunkline.domain.diagnosis import Judge, Verdict, new_pods, progress
from trunkline.domain.rollouts import Cause, Observation, Resource

SETTLE_S = 10.0
SET = Resource("StatefulSet", "team", "db")
AGENT = Resource("DaemonSet", "team", "agent")
JOB = Resource("Job", "team", "seed")
LOOP = container(waiting("CrashLoopBackOff"), restarts=1, last=terminated(3))
PULLING = container(waiting("ErrImagePull", "i/o timeout"))
SLOW = container(running())

GOOD, GOING_ON = "good", "going on"


def judged(*observations: Observation) -> str:
    """What the judge says after the last of these: `good`, `going on`, or the causes."""
    judge = Judge(SETTLE_S)
    verdict: Verdict | None = None
    for number, observation in enumerate(observations):
        assert verdict is None, f"decided after {number} of {len(observations)} observations"
        verdict = judge.see(observation)
    if verdict is None:
        return GOING_ON
    return ", ".join(failure.cause for failure in verdict.failures) or GOOD


@pytest.mark.parametrize(
    ("observation", "expected"),
    [
        pytest.param(good(), GOOD, id="all ready, and a probe vouches for it"),
        pytest.param(seen(0, None), GOING_ON, id="not there yet"),
        pytest.param(seen(0, deployment(updated=0, available=0)), GOING_ON, id="no pod yet"),
        pytest.param(failing(SLOW), GOING_ON, id="not ready yet"),
        pytest.param(
            seen(0, deployment(replicas=3, updated=3, available=2), pod(), pod(name="b"), pod(SLOW, name="c")),
            GOING_ON,
            id="two of three",
        ),
        pytest.param(
            seen(0, deployment(replicas=2, updated=2, available=2, total=3), pod(), pod(name="b")),
            GOING_ON,
            id="an old pod is still leaving",
        ),
        pytest.param(
            seen(0, deployment(generation=2, observed=1), pod()), GOING_ON, id="the status is about the old spec"
        ),
        pytest.param(
            seen(0, deployment(available=1, updated=1, revision="2"), pod(revision="1")),
            GOING_ON,
            id="only the old revision's pod is ready",
        ),
        pytest.param(
            seen(0, {**deployment(available=0), "status": {"observedGeneration": 1, "updatedReplicas": 1,
                 "readyReplicas": 1, "replicas": 1}}, pod()),
            GOING_ON,
            id="ready, but not for minReadySeconds",
        ),
        pytest.param(seen(0, deployment(replicas=0, updated=0, available=0)), GOOD, id="none is wanted"),
        pytest.param(seen(0, deployment(replicas=None), pod()), GOOD, id="one is wanted where none is written"),
        pytest.param(failing(LOOP), Cause.CRASH_LOOP, id="crash loop"),
        pytest.param(failing(container(running(), restarts=1, last=terminated(3))), GOING_ON, id="one restart"),
        pytest.param(
            failing(container(terminated(137, "OOMKilled"), restarts=1)), Cause.OUT_OF_MEMORY, id="out of memory"
        ),
        pytest.param(
            failing(init=[container(waiting("CrashLoopBackOff"), restarts=1, last=terminated(4))]),
            Cause.INIT_CRASH,
            id="init container",
        ),
        pytest.param(
            seen(0, deployment(revision="2", total=2, available=1), pod(LOOP), pod(SLOW, revision="2")),
            GOING_ON,
            id="the old revision crashes: not our matter",
        ),
        pytest.param(
            seen(0, deployment(updated=0, available=0), owners=[replica_set(refused="exceeded quota: pods=0")]),
            Cause.QUOTA,
            id="quota",
        ),
        pytest.param(
            seen(0, deployment(revision="2", updated=0), owners=[replica_set("1", refused="x"), replica_set("2")]),
            GOING_ON,
            id="the old ReplicaSet may not create pods: not our matter",
        ),
        pytest.param(
            seen(0, deployment(available=0, conditions=[{"type": "Progressing", "status": "False",
                 "reason": "ProgressDeadlineExceeded", "message": "timed out"}]), pod(SLOW)),
            Cause.PROGRESS_DEADLINE,
            id="progress deadline",
        ),
        pytest.param(
            seen(0, deployment(generation=2, observed=1, available=0, conditions=[{"type": "Progressing",
                 "status": "False", "reason": "ProgressDeadlineExceeded"}]), pod(SLOW)),
            GOING_ON,
            id="the old spec's progress deadline",
        ),
        pytest.param(
            seen(0, deployment(replicas=2, updated=2, available=0), pod(LOOP), pod(PULLING, name="b")),
            Cause.CRASH_LOOP,
            id="what is certain is told, what is suspected is not",
        ),
    ],
)  # fmt: skip
def test_one_look(observation: Observation, expected: str) -> None:
    """One look at a Deployment decides what can be decided, and nothing else."""
    assert judged(observation) == expected


@pytest.mark.parametrize(
    ("observations", "expected"),
    [
        pytest.param([failing(PULLING), failing(PULLING, elapsed_s=59)], GOING_ON, id="a pull may fail for a while"),
        pytest.param([failing(PULLING), failing(PULLING, elapsed_s=60)], Cause.REGISTRY_UNREACHABLE, id="but no longer"),
        pytest.param(
            [failing(PULLING), failing(SLOW, elapsed_s=20), failing(PULLING, elapsed_s=75)],
            GOING_ON,
            id="a pull that worked in between begins anew",
        ),
        pytest.param(
            [
                seen(5, deployment(available=0), unscheduled_pod()),
                seen(34, deployment(available=0), unscheduled_pod()),
                seen(35, deployment(available=0), unscheduled_pod()),
            ],
            Cause.NO_ROOM,
            id="unschedulable after its grace",
        ),
        pytest.param(
            [
                seen(second, deployment(available=0), unscheduled_pod(),
                     events=[event(unscheduled_pod(), "TriggeredScaleUp")])
                for second in (0, 60, 290)
            ],
            GOING_ON,
            id="an autoscaler is at it",
        ),
        pytest.param([good(1, probe=False), good(10.9, probe=False)], GOING_ON, id="not settled"),
        pytest.param([good(1, probe=False), good(11, probe=False)], GOOD, id="settled without a probe"),
        pytest.param(
            [good(1, probe=False), good(9, probe=False, restarts=1), good(18.9, probe=False, restarts=1)],
            GOING_ON,
            id="a restart begins the settling anew",
        ),
        pytest.param(
            [good(1, probe=False), good(9, probe=False, restarts=1), good(19, probe=False, restarts=1)],
            GOOD,
            id="settled after one restart",
        ),
        pytest.param(
            [good(1, probe=False), failing(container(terminated(3)), elapsed_s=5), good(11, probe=False)],
            GOING_ON,
            id="a moment between two crashes is no success",
        ),
        pytest.param(
            [good(1, probe=False), failing(container(terminated(3)), elapsed_s=2), good(3, probe=False, restarts=1),
             failing(container(terminated(3), restarts=1), elapsed_s=4)],
            Cause.CRASH_LOOP,
            id="the second crash while it settles",
        ),
        pytest.param(
            [good(1, probe=False), good(6, probe=False, trouble="no route"), good(11, probe=False)],
            GOING_ON,
            id="what nobody could see did not settle",
        ),
        pytest.param([good(0, trouble="no route")], GOING_ON, id="what was seen last is no success"),
        pytest.param([good(0, trouble="no route"), good(3)], GOOD, id="the API came back"),
    ],
)  # fmt: skip
def test_over_time(observations: Sequence[Observation], expected: str) -> None:
    """What may mend itself is given its time, and what is good must stay so."""
    assert judged(*observations) == expected


@pytest.mark.parametrize(
    ("observation", "cause", "words"),
    [
        pytest.param(
            failing(SLOW, elapsed_s=60),
            Cause.NEVER_READY,
            "deployment/web: 0/1 ready, container web is not ready",
        ),
        pytest.param(
            failing(container(waiting("ContainerCreating")), elapsed_s=60),
            Cause.TIMED_OUT,
            "deployment/web: 0/1 ready, ContainerCreating",
        ),
        pytest.param(seen(60, None), Cause.TIMED_OUT, "deployment/web: 0/1 ready, not there yet"),
        pytest.param(seen(60, deployment(updated=0, available=0)), Cause.TIMED_OUT, "no pod yet"),
        pytest.param(
            seen(60, deployment(generation=2, observed=1), pod()),
            Cause.TIMED_OUT,
            "its controller has not seen the change yet",
        ),
        pytest.param(
            seen(60, deployment(total=2), pod()), Cause.TIMED_OUT, "1/1 ready, old pods are leaving"
        ),
        pytest.param(good(60, trouble="no route to host"), Cause.API_UNREACHABLE, "no route to host"),
        pytest.param(
            replace(failing(PULLING, elapsed_s=60), trouble="no route"), Cause.API_UNREACHABLE, "no route"
        ),
        pytest.param(good(60, probe=False), Cause.TIMED_OUT, "had not stayed up long enough"),
        pytest.param(
            failing(PULLING, elapsed_s=60),
            Cause.REGISTRY_UNREACHABLE,
            "cannot be reached from the node: i/o timeout",
        ),
        pytest.param(
            seen(60, deployment(available=0), unscheduled_pod()), Cause.NO_ROOM, "there is not enough cpu"
        ),
    ],
)
def test_the_time_is_up(observation: Observation, cause: Cause, words: str) -> None:
    """When the time is up, the verdict says what was waited for, or what was suspected by then."""
    verdict = Judge(SETTLE_S).see(replace(observation, expired=True))
    assert verdict is not None
    [failure] = verdict.failures
    assert failure.cause is cause
    assert words in failure.sentence
    assert failure.advice
    assert verdict.elapsed_s == 60
    assert not verdict.succeeded


def test_the_last_look_may_be_a_good_one() -> None:
    """A rollout that is good at the very end is good."""
    assert judged(replace(good(60), expired=True)) == GOOD


def test_the_probe_s_own_words_are_evidence() -> None:
    """A rollout that never became ready shows what the cluster warned of last."""
    said = event(pod(), "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
    observation = replace(failing(SLOW, events=[said]), expired=True)
    verdict = Judge(SETTLE_S).see(observation)
    assert verdict is not None
    assert verdict.failures[0].evidence == (
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        "readiness probe of container web: (GET /healthz on port 8080)",
    )


def test_all_failures_are_told() -> None:
    """Two workloads that fail are two failures, and what is good beside them does not hide them."""
    other = Resource("Deployment", "team", "worker")
    ready = Resource("Deployment", "team", "ready")
    live, owner = deployment(available=0), (replica_set(),)
    observation = Observation(
        0,
        {WEB: live, other: live, ready: deployment()},
        dict.fromkeys((WEB, other, ready), owner),
        {WEB: (pod(LOOP),), other: (pod(LOOP, name="worker-1-a"),), ready: (pod(name="ready-1-a"),)},
    )
    verdict = Judge(SETTLE_S).see(observation)
    assert verdict is not None
    assert [failure.resource for failure in verdict.failures] == [WEB, other]


def test_nothing_to_watch_is_good() -> None:
    """A release without workloads has nothing that could fail."""
    assert judged(Observation(0, {})) == GOOD


def stateful_set(**changes: Any) -> dict[str, Any]:
    status = {"observedGeneration": 1, "updateRevision": "db-2", "updatedReplicas": 2, "readyReplicas": 2}
    return {
        "metadata": {"name": "db", "uid": "uid-db", "generation": 1},
        "spec": {"replicas": 2} | changes.pop("spec", {}),
        "status": status | changes,
    }


def db_pods(*revisions: str, **more: Any) -> list[dict[str, Any]]:
    return [
        pod(name=f"db-{number}", owner="uid-db", labels={"controller-revision-hash": revision}, **more)
        for number, revision in enumerate(revisions)
    ]


@pytest.mark.parametrize(
    ("live", "pods", "expected"),
    [
        pytest.param(stateful_set(), db_pods("db-2", "db-2"), GOOD, id="all of the new revision"),
        pytest.param(stateful_set(availableReplicas=2), db_pods("db-2", "db-2"), GOOD, id="newer Kubernetes"),
        pytest.param(
            stateful_set(availableReplicas=0), db_pods("db-2", "db-2"), GOING_ON, id="not for minReadySeconds"
        ),
        pytest.param(stateful_set(updatedReplicas=1), db_pods("db-1", "db-2"), GOING_ON, id="one is old"),
        pytest.param(
            stateful_set(updatedReplicas=1, spec={"updateStrategy": {"rollingUpdate": {"partition": 1}}}),
            db_pods("db-1", "db-2"),
            GOOD,
            id="a partition keeps the old one",
        ),
        pytest.param(
            stateful_set(updatedReplicas=0, spec={"updateStrategy": {"type": "OnDelete"}}),
            db_pods("db-1", "db-1"),
            GOOD,
            id="pods are replaced by hand",
        ),
        pytest.param(
            stateful_set(updatedReplicas=1, readyReplicas=1),
            [*db_pods("db-1"), pod(LOOP, name="db-1", labels={"controller-revision-hash": "db-2"})],
            Cause.CRASH_LOOP,
            id="the new one crashes",
        ),
        pytest.param(
            stateful_set(updatedReplicas=1, readyReplicas=1),
            [pod(LOOP, name="db-0", labels={"controller-revision-hash": "db-1"}), *db_pods("db-2")],
            GOING_ON,
            id="the old one crashes",
        ),
    ],
)
def test_stateful_sets(live: dict[str, Any], pods: list[dict[str, Any]], expected: str) -> None:
    """A StatefulSet's pods are told apart by their revision label, and its update strategy is honoured."""
    assert judged(seen(0, live, *pods, workload=SET)) == expected


def daemon_set(**changes: Any) -> dict[str, Any]:
    counts = {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}
    return {
        "metadata": {
            "name": "agent",
            "uid": "uid-agent",
            "generation": 3,
            "annotations": {"deprecated.daemonset.template.generation": "2"},
        },
        "spec": changes.pop("spec", {}),
        "status": {"observedGeneration": 3} | counts | changes,
    }


def agent(generation: str, *containers: dict[str, Any]) -> dict[str, Any]:
    return pod(*containers, name="agent-x", owner="uid-agent", labels={"pod-template-generation": generation})


@pytest.mark.parametrize(
    ("live", "shown", "expected"),
    [
        pytest.param(daemon_set(), agent("2"), GOOD, id="on every node"),
        pytest.param(daemon_set(updatedNumberScheduled=0), agent("1"), GOING_ON, id="still the old one"),
        pytest.param(daemon_set(numberAvailable=0), agent("2", SLOW), GOING_ON, id="not ready"),
        pytest.param(
            daemon_set(numberAvailable=0), agent("2", LOOP), Cause.CRASH_LOOP, id="the new one crashes"
        ),
        pytest.param(
            daemon_set(updatedNumberScheduled=0), agent("1", LOOP), GOING_ON, id="the old one crashes"
        ),
        pytest.param(
            daemon_set(updatedNumberScheduled=0, spec={"updateStrategy": {"type": "OnDelete"}}),
            agent("1"),
            GOOD,
            id="pods are replaced by hand",
        ),
        pytest.param(
            daemon_set(desiredNumberScheduled=0, updatedNumberScheduled=0, numberAvailable=0),
            agent("1"),
            GOOD,
            id="no node wants one",
        ),
    ],
)
def test_daemon_sets(live: dict[str, Any], shown: dict[str, Any], expected: str) -> None:
    """A DaemonSet's pods are told apart by their template's generation."""
    assert judged(seen(0, live, shown, workload=AGENT)) == expected


def job(*conditions: str, **changes: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "seed", "uid": "uid-seed"},
        "spec": {},
        "status": {"conditions": [{"type": kind, "status": "True", "message": "said"} for kind in conditions]}
        | changes,
    }


@pytest.mark.parametrize(
    ("live", "shown", "expected"),
    [
        pytest.param(
            job("Complete", succeeded=1), container(terminated(0, "Completed")), GOOD, id="complete"
        ),
        pytest.param(job(), container(running(), ready=True), GOING_ON, id="running"),
        pytest.param(job(), container(terminated(0, "Completed")), GOING_ON, id="ended, not yet counted"),
        pytest.param(job(), container(terminated(3), restarts=2), GOING_ON, id="it may try again"),
        pytest.param(job("Failed"), container(terminated(3)), Cause.JOB_FAILED, id="failed"),
        pytest.param(job(), container(waiting("InvalidImageName")), Cause.IMAGE_NAME, id="cannot ever start"),
    ],
)
def test_jobs(live: dict[str, Any], shown: dict[str, Any], expected: str) -> None:
    """A Job is good when it is complete, without settling, and fails when its controller gives it up."""
    assert judged(seen(0, live, pod(shown, probe=False, owner="uid-seed"), workload=JOB)) == expected


def test_a_job_s_words_are_told() -> None:
    """A failed Job's own message is part of the sentence."""
    verdict = Judge(SETTLE_S).see(seen(0, job("Failed"), workload=JOB))
    assert verdict is not None
    assert verdict.failures[0].sentence == "job/seed failed: said"


def test_new_pods_are_those_of_the_newest_replica_set() -> None:
    """Of a Deployment's pods only those count that the ReplicaSet of its revision owns."""
    old, new, foreign = pod(revision="1"), pod(revision="2"), pod(owner="uid-other", name="other")
    live = deployment(revision="2", generation=2)
    observation = seen(0, live, old, new, foreign, owners=[replica_set("1"), replica_set("2")])
    assert new_pods(WEB, observation) == [new]
    assert not new_pods(WEB, seen(0, deployment(revision="3"), old, owners=[replica_set("1")]))
    assert not new_pods(WEB, seen(0, None, old))


def test_progress_counts_new_pods() -> None:
    """A line for people counts the ready pods of the new revision and says what the others wait for."""
    observation = seen(
        0,
        deployment(replicas=2, revision="2", available=2),
        pod(),
        pod(revision="2"),
        pod(SLOW, revision="2", name="b"),
    )
    [line] = progress(observation)
    assert str(line) == "deployment/web: 1/2 ready, container web is not ready"


@pytest.mark.parametrize(
    ("told", "seen_s", "verdict"),
    [
        pytest.param({}, 4.9, None, id="no controller has said anything, and one may be about to"),
        pytest.param({}, 5.0, (), id="nobody says anything"),
        pytest.param({"observedGeneration": 1}, 0.0, (), id="its controller has seen it"),
    ],
)
def test_a_controller_has_a_moment_to_begin(told: dict[str, int], seen_s: float, verdict: object) -> None:
    """A custom resource of which nothing is said yet is good only after a moment in which its controller could begin."""
    gear = Resource("Widget", "team", "gear", "example.com/v1")
    live = {"metadata": {"name": "gear", "uid": "u", "generation": 1}, "status": told}
    judge = Judge(10)
    judge.see(Observation(0.0, {gear: live}))
    found = judge.see(Observation(seen_s, {gear: live}))
    assert (found.failures if found else None) == verdict
