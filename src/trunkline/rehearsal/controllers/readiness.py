"""What the state of a pod means to its controller, and which pods go first when there are too many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.objects import Object, at, conditions_of, is_ending, metadata, moment_of, name_of

_PHASES = {"Pending": 0, "Unknown": 1, "Running": 2}
_DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"


def phase_of(pod: Object) -> str:
    """A pod's phase; one of which nobody has said anything yet is pending."""
    return str(at(pod, "status", "phase") or "Pending")


def has_ended(pod: Object) -> bool:
    """Whether all of its containers are done for good."""
    return phase_of(pod) in {"Succeeded", "Failed"}


def is_active(pod: Object) -> bool:
    """Whether a pod counts: it has not ended, and is not about to."""
    return not has_ended(pod) and not is_ending(pod)


def is_ready(pod: Object) -> bool:
    """Whether its Ready condition is true."""
    return any(item.get("type") == "Ready" and item.get("status") == "True" for item in conditions_of(pod))


def ready_since(pod: Object) -> datetime | None:
    """Since when it is ready, None if it is not."""
    for item in conditions_of(pod):
        if item.get("type") == "Ready" and item.get("status") == "True":
            return moment_of(item.get("lastTransitionTime"))
    return None


def available_in(pod: Object, min_ready_s: int, now: datetime) -> float | None:
    """Seconds until a ready pod counts as available, 0 if it does; None for one that is not ready."""
    if not is_ready(pod):
        return None
    since = ready_since(pod)
    if min_ready_s <= 0 or since is None:
        return 0.0
    return max(0.0, min_ready_s - (now - since).total_seconds())


def soonest_available(pods: Sequence[Object], min_ready_s: int, now: datetime) -> float | None:
    """Seconds until the next pod becomes available by time alone; None if none will."""
    left = [seconds for pod in pods if (seconds := available_in(pod, min_ready_s, now))]
    return min(left, default=None)


def available(pods: Sequence[Object], min_ready_s: int, now: datetime) -> int:
    """How many pods are available."""
    return sum(1 for pod in pods if available_in(pod, min_ready_s, now) == 0.0)


def first_to_go(pods: Sequence[Object]) -> list[Object]:
    """The pods in the order in which they are given up (`controller.ActivePodsWithRanks`).

    Those without a node first, then not running, not ready, cheap to delete, crowded on one node, ready for a shorter
    time, restarted more often, and newer.
    """
    crowds = Counter(at(pod, "spec", "nodeName") for pod in pods if at(pod, "spec", "nodeName"))
    return sorted(pods, key=lambda pod: _rank(pod, crowds))


def _rank(pod: Object, crowds: Counter[Any]) -> tuple[Any, ...]:
    node = at(pod, "spec", "nodeName")
    since, made = ready_since(pod), moment_of(metadata(pod).get("creationTimestamp"))
    return (
        bool(node),
        _PHASES.get(phase_of(pod), 1),
        is_ready(pod),
        _deletion_cost(pod),
        -crowds[node],
        -since.timestamp() if since else 0.0,
        -_restarts(pod),
        -made.timestamp() if made else 0.0,
        name_of(pod),
    )


def _deletion_cost(pod: Object) -> int:
    try:
        return int(mapping(pod, "metadata", "annotations").get(_DELETION_COST, 0))
    except (TypeError, ValueError):
        return 0


def _restarts(pod: Object) -> int:
    found = at(pod, "status", "containerStatuses")
    if not isinstance(found, list):
        return 0
    return max((whole(at(item, "restartCount"), 0) for item in found), default=0)
