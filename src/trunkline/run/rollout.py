"""Watching a rollout to its verdict, and telling what it waits for whenever that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trunkline.domain.diagnosis import Judge, Verdict, progress
from trunkline.domain.rollouts import Cause, Failure, Workload
from trunkline.errors import TrunklineError
from trunkline.ports import Cluster
from trunkline.run.announce import Voice

_LOG_LINES = 15
# Below the shortest silence after which a CI gives a job up, by far.
_HEARTBEAT_S = 60.0


def await_rollout(
    cluster: Cluster, workloads: Sequence[Workload], timeout_s: float, settle_s: float, voice: Voice
) -> Verdict:
    """The verdict on these workloads; failures bear the last lines of the containers that crashed."""
    if not workloads:
        return Verdict()
    judge = Judge(settle_s)
    said, said_at_s = "", 0.0
    for observation in cluster.observe(workloads, timeout_s):
        verdict = judge.see(observation)
        if verdict is not None:
            return _with_logs(cluster, verdict)
        now = "; ".join(map(str, progress(observation))) + (
            f" ({observation.trouble})" if observation.trouble else ""
        )
        if now != said or observation.elapsed_s - said_at_s >= _HEARTBEAT_S:
            said, said_at_s = now, observation.elapsed_s
            voice.note(now)
    # `observe` promises a last, expired observation, on which the judge always decides.
    raise AssertionError("the cluster adapter ended its observation without an expired one")


def explain(verdict: Verdict) -> str:
    """All failures of a verdict as one sentence."""
    return "; ".join(dict.fromkeys(failure.sentence for failure in verdict.failures)) + "."


def _with_logs(cluster: Cluster, verdict: Verdict) -> Verdict:
    distinct: dict[tuple[Workload, Cause, str], Failure] = {}
    for failure in verdict.failures:
        distinct.setdefault((failure.workload, failure.cause, failure.container), failure)
    return replace(verdict, failures=tuple(_with_log(cluster, failure) for failure in distinct.values()))


def _with_log(cluster: Cluster, failure: Failure) -> Failure:
    if not failure.container:
        return failure
    try:
        lines = cluster.last_log(failure.workload.namespace, failure.pod, failure.container, _LOG_LINES)
    except TrunklineError:
        # Evidence is welcome, not needed: the cause is known.
        return failure
    return replace(failure, evidence=(*failure.evidence, *lines))
