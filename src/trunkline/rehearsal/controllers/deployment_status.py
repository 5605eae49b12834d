"""The status of a Deployment: its counts, and whether it is available, progressing, or stuck. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from trunkline.rehearsal.controllers.conditions import (
    Condition,
    condition,
    conditions_in,
    find,
    with_one,
    without,
)
from trunkline.rehearsal.controllers.deployment_steps import counted, status_counts
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.rounding import max_unavailable, wanted
from trunkline.rehearsal.objects import Object, at, conditions_of, metadata, moment_of, name_of, timestamp

_FOREVER_S = 2**31 - 1
_AVAILABLE = "NewReplicaSetAvailable"
_TIMED_OUT = "ProgressDeadlineExceeded"


def deadline_s(deployment: Object) -> int | None:
    """Seconds within which a rollout has to get on, None for no limit."""
    found = at(deployment, "spec", "progressDeadlineSeconds")
    return found if isinstance(found, int) and found < _FOREVER_S else None


def progressing(status: str, reason: str, message: str, now: datetime) -> Condition:
    """A Progressing condition."""
    return condition("Progressing", status, reason, message, timestamp(now), updated=True)


def plain_status(deployment: Object, new: Object | None, sets: Sequence[Object], now: datetime) -> Object:
    """Counts and the Available condition; the other conditions as they were."""
    found = {"observedGeneration": metadata(deployment).get("generation", 1)}
    found |= status_counts(deployment, new, sets)
    conditions = conditions_in(deployment)
    least = wanted(deployment) - max_unavailable(deployment)
    if counted(sets, "availableReplicas") >= least:
        reason, said, status = "MinimumReplicasAvailable", "Deployment has minimum availability.", "True"
    else:
        reason, status = "MinimumReplicasUnavailable", "False"
        said = "Deployment does not have minimum availability."
    found["conditions"] = with_one(
        conditions, condition("Available", status, reason, said, timestamp(now), updated=True)
    )
    return found


def rollout_status(deployment: Object, new: Object | None, sets: Sequence[Object], now: datetime) -> Object:
    """The status in a rollout, with its progress (`syncRolloutStatus`)."""
    found = plain_status(deployment, new, sets, now)
    conditions: list[Condition] = found["conditions"]
    known = find(conditions_in(deployment), "Progressing")
    if deadline_s(deployment) is None:
        conditions = without(conditions, "Progressing")
    elif not _was_complete(found, known):
        conditions = _progress(deployment, new, found, conditions, known, now)
    failure = _failure(new, sets)
    conditions = with_one(conditions, failure) if failure else without(conditions, "ReplicaFailure")
    found["conditions"] = conditions
    return found


def is_complete(deployment: Object, status: Any) -> bool:
    """Whether all pods are new and available."""
    replicas = wanted(deployment)
    keys = ("updatedReplicas", "replicas", "availableReplicas")
    observed = whole(at(status, "observedGeneration"), 0)
    return all(whole(at(status, key), 0) == replicas for key in keys) and observed >= whole(
        metadata(deployment).get("generation"), 1
    )


def seconds_left(deployment: Object, now: datetime) -> float | None:
    """When to look whether the deadline has passed; None if nothing waits for it."""
    limit_s, known = deadline_s(deployment), find(conditions_in(deployment), "Progressing")
    if limit_s is None or known is None or known.get("reason") == _TIMED_OUT:
        return None
    if is_complete(deployment, deployment.get("status")) or at(deployment, "spec", "paused"):
        return None
    since = moment_of(known.get("lastUpdateTime")) or now
    # Times are kept in whole seconds: one more is surely enough.
    return max(0.0, (since + timedelta(seconds=limit_s) - now).total_seconds()) + 1.0


def _was_complete(status: Object, known: Condition | None) -> bool:
    return (
        known is not None
        and known.get("reason") == _AVAILABLE
        and status.get("replicas", 0) == status.get("updatedReplicas", 0)
    )


def _progress(
    deployment: Object,
    new: Object | None,
    status: Object,
    conditions: list[Condition],
    known: Condition | None,
    now: datetime,
) -> list[Condition]:
    subject = f'ReplicaSet "{name_of(new)}"' if new else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, status):
        fresh = progressing("True", _AVAILABLE, f"{subject} has successfully progressed.", now)
        return with_one(conditions, fresh)
    if _got_on(deployment, status):
        fresh = progressing("True", "ReplicaSetUpdated", f"{subject} is progressing.", now)
        if known is not None and known.get("status") == "True":
            fresh["lastTransitionTime"] = known["lastTransitionTime"]
        return [*without(conditions, "Progressing"), fresh]
    if _timed_out(deployment, known, now):
        fresh = progressing("False", _TIMED_OUT, f"{subject} has timed out progressing.", now)
        return with_one(conditions, fresh)
    return conditions


def _got_on(deployment: Object, status: Object) -> bool:
    before = mapping(deployment, "status")

    def grew(key: str) -> bool:
        return bool(whole(status.get(key), 0) > whole(before.get(key), 0))

    def old(counts: Object) -> int:
        return whole(counts.get("replicas"), 0) - whole(counts.get("updatedReplicas"), 0)

    return (
        grew("updatedReplicas")
        or old(status) < old(before)
        or grew("readyReplicas")
        or grew("availableReplicas")
    )


def _timed_out(deployment: Object, known: Condition | None, now: datetime) -> bool:
    limit_s = deadline_s(deployment)
    if known is None or limit_s is None or known.get("reason") == _AVAILABLE:
        return False
    if known.get("reason") == _TIMED_OUT:
        return True
    since = moment_of(known.get("lastUpdateTime"))
    return since is not None and since + timedelta(seconds=limit_s) < now


def _failure(new: Object | None, sets: Sequence[Object]) -> Condition | None:
    """The condition of a ReplicaSet that cannot have its pods, the new one's before all others."""
    for item in [*([new] if new else []), *sets]:
        for known in conditions_of(item):
            if known.get("type") == "ReplicaFailure":
                return {**known, "lastUpdateTime": known.get("lastTransitionTime")}
    return None
