"""ReplicaSets: as many pods as are asked for, and a status that counts them."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers import readiness
from trunkline.rehearsal.controllers.claims import claimed
from trunkline.rehearsal.controllers.conditions import condition, conditions_in, find, with_one, without
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, place_of
from trunkline.rehearsal.controllers.podmaking import (
    PodMaker,
    fits_its_selector,
    of_ending_namespace,
    pod_from,
)
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.rounding import wanted
from trunkline.rehearsal.controllers.selecting import labels_of
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, controller_of, is_ending, metadata
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "replicaset-controller"


class ReplicaSets:
    """Brings every ReplicaSet to its number of pods."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("apps", "ReplicaSet"), means.kind("", "Pod")
        self._index = means.index("apps", "ReplicaSet")
        self._orphans = means.index("", "Pod")
        self._maker = PodMaker(means, _COMPONENT)
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is not self._pods:
            return []
        found = controllers_of(change, "ReplicaSet")
        if change.type != "DELETED" and controller_of(change.value) is None:
            found += [place_of(value) for value in self._index.selecting(change.value)]
        return found

    def reconcile(self, place: Place) -> None:
        """See the port."""
        replica_set = self._means.get(self._kind, place)
        if replica_set is None:
            self._alarms.set(place, None)
            return
        pods = [pod for pod in claimed(self._means, replica_set, self._pods) if readiness.is_active(pod)]
        refused, short = None, wanted(replica_set) - len(pods)
        if not is_ending(replica_set) and fits_its_selector(replica_set):
            pods, refused = self._scale(replica_set, pods)
        self._means.set_status(self._kind, replica_set, self._status(replica_set, pods, refused, short))
        min_ready_s = whole(at(replica_set, "spec", "minReadySeconds"), 0)
        self._alarms.set(place, readiness.soonest_available(pods, min_ready_s, self._means.now()))
        if refused is not None and not of_ending_namespace(refused):
            raise refused

    def _scale(self, replica_set: Object, pods: list[Object]) -> tuple[list[Object], ApiError | None]:
        """Create what is missing or delete what is too much; the pods as they are then, and what was refused."""
        surplus = len(pods) - wanted(replica_set)
        if surplus < 0:
            template = at(replica_set, "spec", "template")
            made, refused = self._maker.create_many(
                replica_set, -surplus, lambda _: pod_from(template, replica_set)
            )
            return pods + made, refused
        doomed = readiness.first_to_go(pods)[:surplus]
        for number, pod in enumerate(doomed):
            try:
                self._maker.delete(replica_set, pod)
            except ApiError as error:
                return [pod for pod in pods if pod not in doomed[:number]], error
        return [pod for pod in pods if pod not in doomed], None

    def _status(
        self, replica_set: Object, pods: list[Object], refused: ApiError | None, short: int
    ) -> dict[str, Any]:
        labels = labels_of(mapping(replica_set, "spec", "template")).items()
        min_ready_s = whole(at(replica_set, "spec", "minReadySeconds"), 0)
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(1 for pod in pods if labels <= labels_of(pod).items()),
            "readyReplicas": sum(1 for pod in pods if readiness.is_ready(pod)),
            "availableReplicas": readiness.available(pods, min_ready_s, self._means.now()),
        }
        found: dict[str, Any] = {key: count for key, count in counts.items() if count or key == "replicas"}
        found["observedGeneration"] = metadata(replica_set).get("generation", 1)
        conditions = conditions_in(replica_set)
        if refused is None:
            conditions = without(conditions, "ReplicaFailure")
        elif find(conditions, "ReplicaFailure") is None:
            reason = "FailedCreate" if short > 0 else "FailedDelete"
            failure = condition("ReplicaFailure", "True", reason, refused.message, self._means.stamp())
            conditions = with_one(conditions, failure)
        if conditions:
            found["conditions"] = conditions
        return found
