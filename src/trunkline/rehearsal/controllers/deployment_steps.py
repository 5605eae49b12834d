"""How far each ReplicaSet of a Deployment may grow or shrink next. Pure.

Kubernetes' rolling update: `deploymentutil.NewRSNewReplicas`, `reconcileOldReplicaSets` and `GetProportion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.controllers.deployment_revisions import by_age, most_of
from trunkline.rehearsal.controllers.reading import whole
from trunkline.rehearsal.controllers.rounding import is_rolling, max_surge, max_unavailable, wanted
from trunkline.rehearsal.objects import Object, at


@dataclass(frozen=True, slots=True)
class Step:
    """A ReplicaSet and the number of pods that it shall have."""

    replica_set: Object
    replicas: int


def counted(sets: Sequence[Object], key: str) -> int:
    """The sum of a count of their statuses."""
    return sum(whole(at(item, "status", key), 0) for item in sets)


def total(sets: Sequence[Object]) -> int:
    """The sum of the pods that they are asked for."""
    return sum(wanted(item) for item in sets)


def active(sets: Sequence[Object]) -> list[Object]:
    """Those that shall have pods."""
    return [item for item in sets if wanted(item)]


def size_of_new(deployment: Object, old: Sequence[Object], current: int) -> int:
    """How many pods the new ReplicaSet shall have now."""
    replicas = wanted(deployment)
    if current >= replicas or not is_rolling(deployment):
        return replicas
    room = replicas + max_surge(deployment) - total(old) - current
    return current + min(max(0, room), replicas - current)


def shrunk(deployment: Object, old: Sequence[Object], new: Object) -> list[Step]:
    """How the old ReplicaSets shrink in a rolling update: first what is not available, then what may be missing."""
    old = by_age(active(old))
    if not old:
        return []
    least = wanted(deployment) - max_unavailable(deployment)
    unavailable = wanted(new) - counted([new], "availableReplicas")
    room = total(old) + wanted(new) - least - unavailable
    if room <= 0:
        return []
    sizes = [wanted(item) for item in old]
    for number, item in enumerate(old):
        spare = min(room, max(0, sizes[number] - counted([item], "availableReplicas")))
        sizes[number] -= spare
        room -= spare
    spare = counted([*old, new], "availableReplicas") - least
    for number in range(len(old)):
        gone = min(max(0, spare), sizes[number])
        sizes[number] -= gone
        spare -= gone
    return [Step(item, size) for item, size in zip(old, sizes, strict=True) if size != wanted(item)]


def proportional(deployment: Object, sets: Sequence[Object]) -> list[Step]:
    """How a Deployment that is resized in the middle of a rollout shares the difference among its ReplicaSets."""
    live = active(sets)
    replicas = wanted(deployment)
    most = replicas + max_surge(deployment) if replicas else 0
    to_add = most - total(live)
    live = _biggest_first(live, newer_first=to_add > 0)
    sizes, added = [], 0
    for item in live:
        share = _share(deployment, item, most)
        left = to_add - added
        share = max(0, min(share, left)) if to_add > 0 else min(0, max(share, left)) if to_add else 0
        sizes.append(wanted(item) + share)
        added += share
    if sizes and to_add:
        sizes[0] = max(0, sizes[0] + to_add - added)
    return [Step(item, size) for item, size in zip(live, sizes, strict=True)]


def _share(deployment: Object, item: Object, most: int) -> int:
    if not wanted(deployment):
        return -wanted(item)
    before = most_of(item) or whole(at(deployment, "status", "replicas"), 0)
    if not before:
        return 0
    # Halves are rounded away from zero, as Go's `math.Round` does.
    return int(wanted(item) * most / before + 0.5) - wanted(item)


def _biggest_first(sets: list[Object], *, newer_first: bool) -> list[Object]:
    aged = by_age(sets)
    if newer_first:
        aged.reverse()
    return sorted(aged, key=lambda item: -wanted(item))


def status_counts(deployment: Object, new: Object | None, sets: Sequence[Object]) -> dict[str, Any]:
    """The counts of a Deployment's status, without those that are zero."""
    available = counted(sets, "availableReplicas")
    found = {
        "replicas": counted(sets, "replicas"),
        "updatedReplicas": counted([new] if new else [], "replicas"),
        "readyReplicas": counted(sets, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, total(sets) - available),
        "collisionCount": whole(at(deployment, "status", "collisionCount"), 0),
    }
    return {key: count for key, count in found.items() if count}
