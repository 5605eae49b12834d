"""StatefulSets: pods with names and claims of their own, one after the other or all at once.

What holds a set up in reality holds it up here: unless it is Parallel, a pod that is not ready stops all work after it.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.claims import claimed
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, place_of
from trunkline.rehearsal.controllers.podmaking import fits_its_selector, of_ending_namespace
from trunkline.rehearsal.controllers.readiness import (
    available,
    available_in,
    has_ended,
    soonest_available,
)
from trunkline.rehearsal.controllers.reading import whole
from trunkline.rehearsal.controllers.revisions import Revisions, named
from trunkline.rehearsal.controllers.rounding import wanted
from trunkline.rehearsal.controllers.stateful_pods import (
    claims_of,
    first_ordinal,
    is_healthy,
    is_running_and_ready,
    ordinal_of,
    pod_of,
    revision_name,
)
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, controller_of, is_ending, metadata, name_of
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "statefulset-controller"


class StatefulSets:
    """Brings every StatefulSet to its pods, in order."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("apps", "StatefulSet"), means.kind("", "Pod")
        self._claims = means.kind("", "PersistentVolumeClaim")
        self._index = means.index("apps", "StatefulSet")
        means.index("", "Pod")
        self._revisions = Revisions(means, "controller.kubernetes.io/hash")
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is not self._pods:
            return []
        found = controllers_of(change, "StatefulSet")
        if change.type != "DELETED" and controller_of(change.value) is None:
            found += [
                place_of(value)
                for value in self._index.selecting(change.value)
                if ordinal_of(value, change.value) is not None
            ]
        return found

    def reconcile(self, place: Place) -> None:
        """See the port."""
        stateful_set = self._means.get(self._kind, place)
        if stateful_set is None:
            self._alarms.set(place, None)
            return
        pods = self._members(stateful_set)
        update = self._revisions.latest(stateful_set)
        known = self._revisions.all_of(stateful_set)
        current = named(known, at(stateful_set, "status", "currentRevision")) or update
        refused = None
        if not is_ending(stateful_set) and fits_its_selector(stateful_set):
            try:
                self._advance(stateful_set, pods, current, update)
            except ApiError as error:
                refused = error
        pods = self._members(stateful_set)
        self._means.set_status(self._kind, stateful_set, self._status(stateful_set, pods, current, update))
        in_use = {name_of(current), name_of(update), *(revision_name(pod) for pod in pods)}
        self._revisions.forget(stateful_set, in_use)
        min_ready_s = whole(at(stateful_set, "spec", "minReadySeconds"), 0)
        self._alarms.set(place, soonest_available(pods, min_ready_s, self._means.now()))
        if refused is not None and not of_ending_namespace(refused):
            raise refused

    def _members(self, stateful_set: Object) -> list[Object]:
        found = claimed(self._means, stateful_set, self._pods)
        return [pod for pod in found if ordinal_of(stateful_set, pod) is not None]

    def _advance(self, stateful_set: Object, pods: list[Object], current: Object, update: Object) -> None:
        """Do what is next, as `updateStatefulSet` does.

        Raises:
            ApiError: a pod or a claim is refused.
        """
        start = first_ordinal(stateful_set)
        wanted_ordinals = range(start, start + wanted(stateful_set))
        by_ordinal: dict[int, Object] = {
            number: pod for pod in pods if (number := ordinal_of(stateful_set, pod)) is not None
        }
        one_by_one = at(stateful_set, "spec", "podManagementPolicy") != "Parallel"
        for ordinal in wanted_ordinals:
            if self._stops_at(stateful_set, by_ordinal.get(ordinal), ordinal, current, update) and one_by_one:
                return
        unhealthy = next(
            (by_ordinal[number] for number in sorted(by_ordinal) if not is_healthy(by_ordinal[number])), None
        )
        surplus = sorted((number for number in by_ordinal if number not in wanted_ordinals), reverse=True)
        for number in surplus:
            pod = by_ordinal[number]
            if one_by_one and not is_ending(pod) and not is_running_and_ready(pod) and pod is not unhealthy:
                return
            if not is_ending(pod):
                self._delete(stateful_set, pod)
            if one_by_one:
                return
        if at(stateful_set, "spec", "updateStrategy", "type") != "OnDelete":
            self._update_next(stateful_set, by_ordinal, wanted_ordinals, update)

    def _stops_at(
        self, stateful_set: Object, pod: Object | None, ordinal: int, current: Object, update: Object
    ) -> bool:
        """Create or clean up the pod of a number; whether those after it have to wait for it."""
        if pod is None:
            revision = current if ordinal - first_ordinal(stateful_set) < _partition(stateful_set) else update
            self._create(stateful_set, revision, ordinal)
            return True
        if has_ended(pod):
            if not is_ending(pod):
                self._delete(stateful_set, pod)
            return True
        min_ready_s = whole(at(stateful_set, "spec", "minReadySeconds"), 0)
        return not is_healthy(pod) or available_in(pod, min_ready_s, self._means.now()) != 0.0

    def _update_next(
        self, stateful_set: Object, by_ordinal: dict[int, Object], ordinals: range, update: Object
    ) -> None:
        """Delete the last pod that is not of the new revision, unless one after it is not well."""
        least = first_ordinal(stateful_set) + _partition(stateful_set)
        for ordinal in reversed(ordinals):
            pod = by_ordinal.get(ordinal)
            if ordinal < least or pod is None:
                return
            if revision_name(pod) != name_of(update) and not is_ending(pod):
                self._delete(stateful_set, pod)
                return
            if not is_healthy(pod):
                return

    def _create(self, stateful_set: Object, revision: Object, ordinal: int) -> None:
        name = f"{name_of(stateful_set)}-{ordinal}"
        where = f"Pod {name} in StatefulSet {name_of(stateful_set)}"
        for claim in claims_of(stateful_set, ordinal):
            if self._means.get(self._claims, place_of(claim)) is None:
                subject = f"create Claim {name_of(claim)} {where}"
                self._make(stateful_set, self._claims, claim, subject, "success")
        pod = pod_of(stateful_set, revision, ordinal)
        self._make(stateful_set, self._pods, pod, f"create {where}", "successful")

    def _make(self, stateful_set: Object, kind: Any, value: Object, subject: str, well: str) -> None:
        try:
            self._means.create(kind, value)
        except ApiError as error:
            if not of_ending_namespace(error):
                said = f"{subject} failed error: {error.message}"
                self._means.say(stateful_set, "Warning", "FailedCreate", said, _COMPONENT)
            raise
        self._means.say(stateful_set, "Normal", "SuccessfulCreate", f"{subject} {well}", _COMPONENT)

    def _delete(self, stateful_set: Object, pod: Object) -> None:
        subject = f"delete Pod {name_of(pod)} in StatefulSet {name_of(stateful_set)}"
        if self._means.delete(self._pods, pod):
            self._means.say(stateful_set, "Normal", "SuccessfulDelete", f"{subject} successful", _COMPONENT)

    def _status(
        self, stateful_set: Object, pods: list[Object], current: Object, update: Object
    ) -> dict[str, Any]:
        min_ready_s = whole(at(stateful_set, "spec", "minReadySeconds"), 0)
        ready = [pod for pod in pods if is_running_and_ready(pod)]
        lasting = [pod for pod in pods if not is_ending(pod)]
        counts = {
            "readyReplicas": len(ready),
            "currentReplicas": sum(1 for pod in lasting if revision_name(pod) == name_of(current)),
            "updatedReplicas": sum(1 for pod in lasting if revision_name(pod) == name_of(update)),
        }
        found: dict[str, Any] = {
            "observedGeneration": metadata(stateful_set).get("generation", 1),
            "replicas": len(pods),
            "availableReplicas": available(ready, min_ready_s, self._means.now()),
            "currentRevision": name_of(current),
            "updateRevision": name_of(update),
            "collisionCount": whole(at(stateful_set, "status", "collisionCount"), 0),
        }
        replicas = wanted(stateful_set)
        is_rolled_out = {len(pods), counts["updatedReplicas"], counts["readyReplicas"]} == {replicas}
        if is_rolled_out and at(stateful_set, "spec", "updateStrategy", "type") != "OnDelete":
            counts["currentReplicas"] = counts["updatedReplicas"]
            found["currentRevision"] = name_of(update)
        return found | {key: count for key, count in counts.items() if count}


def _partition(stateful_set: Object) -> int:
    if at(stateful_set, "spec", "updateStrategy", "type") == "OnDelete":
        return 0
    return whole(at(stateful_set, "spec", "updateStrategy", "rollingUpdate", "partition"), 0)
