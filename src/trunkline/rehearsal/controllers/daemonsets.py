"""DaemonSets: one pod on every node that fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.controllers.claims import claimed
from trunkline.rehearsal.controllers.daemon_nodes import bound_to, fits, node_of
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, place_of
from trunkline.rehearsal.controllers.podmaking import (
    PodMaker,
    fits_its_selector,
    of_ending_namespace,
    pod_from,
)
from trunkline.rehearsal.controllers.readiness import (
    available_in,
    has_ended,
    is_active,
    is_ready,
    phase_of,
    soonest_available,
)
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.revisions import POD_LABEL, Revisions
from trunkline.rehearsal.controllers.rounding import scaled
from trunkline.rehearsal.controllers.selecting import labels_of
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, controller_of, is_ending, metadata, name_of, namespace_of
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "daemonset-controller"
_GENERATION = "deprecated.daemonset.template.generation"


@dataclass(slots=True)
class _Spot:
    """A node, whether a pod belongs there or may stay, and those that are there."""

    node: Object
    belongs: bool
    may_stay: bool
    pods: list[Object] = field(default_factory=list)


class DaemonSets:
    """Brings every DaemonSet to a pod a node."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("apps", "DaemonSet"), means.kind("", "Pod")
        self._nodes = means.kind("", "Node")
        self._index = means.index("apps", "DaemonSet")
        means.index("", "Pod")
        self._revisions = Revisions(means, POD_LABEL)
        self._maker = PodMaker(means, _COMPONENT)
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is self._nodes and _matters(change):
            return [place_of(value) for value in self._means.store.all_of(self._kind)]
        if change.kind is not self._pods:
            return []
        found = controllers_of(change, "DaemonSet")
        if change.type != "DELETED" and controller_of(change.value) is None:
            found += [place_of(value) for value in self._index.selecting(change.value)]
        return found

    def reconcile(self, place: Place) -> None:
        """See the port."""
        daemon_set = self._means.get(self._kind, place)
        if daemon_set is None:
            self._alarms.set(place, None)
            return
        update = self._revisions.latest(daemon_set)
        hash_ = str(labels_of(update).get(POD_LABEL, ""))
        pods = claimed(self._means, daemon_set, self._pods)
        refused = None
        if not is_ending(daemon_set) and fits_its_selector(daemon_set):
            spots = self._spots(daemon_set, pods)
            refused = self._manage(daemon_set, spots, pods, hash_)
            if refused is None and at(daemon_set, "spec", "updateStrategy", "type") != "OnDelete":
                self._update(daemon_set, spots, hash_)
        pods = claimed(self._means, daemon_set, self._pods)
        status = self._status(daemon_set, self._spots(daemon_set, pods), hash_)
        self._means.set_status(self._kind, daemon_set, status)
        used = {str(labels_of(pod).get(POD_LABEL)) for pod in pods} | {hash_}
        self._revisions.forget(daemon_set, {f"{name_of(daemon_set)}-{item}" for item in used})
        self._alarms.set(place, soonest_available(pods, _min_ready_s(daemon_set), self._means.now()))
        if refused is not None and not of_ending_namespace(refused):
            raise refused

    def _spots(self, daemon_set: Object, pods: Sequence[Object]) -> list[_Spot]:
        template = at(daemon_set, "spec", "template")
        found = {
            name_of(node): _Spot(node, *fits(template, node))
            for node in self._means.store.all_of(self._nodes)
        }
        for pod in sorted(pods, key=lambda item: str(metadata(item).get("creationTimestamp"))):
            spot = found.get(node_of(pod))
            if spot is not None:
                spot.pods.append(pod)
        return list(found.values())

    def _manage(
        self, daemon_set: Object, spots: list[_Spot], pods: Sequence[Object], hash_: str
    ) -> ApiError | None:
        """Start pods where they are missing, and end those that failed or are one too many; what was refused."""
        missing: list[str] = []
        surge = _surge(daemon_set, spots)
        nodes = {name_of(spot.node) for spot in spots}
        doomed = [pod for pod in pods if node_of(pod) not in nodes and not is_ending(pod)]
        for spot in spots:
            doomed += self._ended(daemon_set, spot)
            live = [pod for pod in spot.pods if is_active(pod)]
            if spot.belongs and not spot.pods:
                missing.append(name_of(spot.node))
            elif spot.belongs:
                doomed += _superfluous(live, hash_, surge)
            elif not spot.may_stay:
                doomed += live
        for pod in doomed:
            self._maker.delete(daemon_set, pod)
        return self._start(daemon_set, missing, hash_)

    def _ended(self, daemon_set: Object, spot: _Spot) -> list[Object]:
        found = [pod for pod in spot.pods if has_ended(pod) and not is_ending(pod)]
        for pod in found:
            where = f"daemon pod {namespace_of(pod)}/{name_of(pod)} on node {name_of(spot.node)}"
            if phase_of(pod) == "Succeeded":
                said = f"Found succeeded {where}, will try to delete it"
                self._means.say(daemon_set, "Normal", "SucceededDaemonPod", said, _COMPONENT)
            else:
                said = f"Found failed {where}, will try to kill it"
                self._means.say(daemon_set, "Warning", "FailedDaemonPod", said, _COMPONENT)
        return found

    def _start(self, daemon_set: Object, nodes: Sequence[str], hash_: str) -> ApiError | None:
        generation = mapping(daemon_set, "metadata", "annotations").get(_GENERATION)

        def pod_for(number: int) -> Object:
            pod = pod_from(at(daemon_set, "spec", "template"), daemon_set)
            labels = pod["metadata"].setdefault("labels", {})
            labels[POD_LABEL] = hash_
            if generation:
                labels["pod-template-generation"] = str(generation)
            bound_to(pod, nodes[number])
            return pod

        return self._maker.create_many(daemon_set, len(nodes), pod_for)[1] if nodes else None

    def _update(self, daemon_set: Object, spots: list[_Spot], hash_: str) -> None:
        """Replace pods of old revisions, as many at a time as may be missing or too many."""
        spots = [spot for spot in spots if spot.belongs]
        surge, most = _surge(daemon_set, spots), _unavailable(daemon_set, spots)
        if surge:
            self._update_by_surge(daemon_set, spots, hash_, surge)
            return
        missing, broken, candidates = 0, [], []
        for spot in spots:
            old, new = _parted([pod for pod in spot.pods if is_active(pod)], hash_)
            if (old is None) == (new is None):
                missing += 1
            elif old is None:
                missing += not self._is_available(daemon_set, new)
            elif not self._is_available(daemon_set, old):
                missing += 1
                broken.append(old)
            else:
                candidates.append(old)
        for pod in [*broken, *candidates[: max(0, most - missing)]]:
            self._maker.delete(daemon_set, pod)

    def _update_by_surge(self, daemon_set: Object, spots: list[_Spot], hash_: str, surge: int) -> None:
        """Start the new pod beside the old one, and end the old one once the new one is available."""
        surging, wanting = 0, []
        for spot in spots:
            old, new = _parted([pod for pod in spot.pods if is_active(pod)], hash_)
            if old is None:
                continue
            if new is None:
                if self._is_available(daemon_set, old):
                    wanting.append(name_of(spot.node))
                else:
                    self._maker.delete(daemon_set, old)
            elif self._is_available(daemon_set, new):
                self._maker.delete(daemon_set, old)
            else:
                surging += 1
        refused = self._start(daemon_set, wanting[: max(0, surge - surging)], hash_)
        if refused is not None:
            raise refused

    def _is_available(self, daemon_set: Object, pod: Object | None) -> bool:
        return pod is not None and available_in(pod, _min_ready_s(daemon_set), self._means.now()) == 0.0

    def _status(self, daemon_set: Object, spots: list[_Spot], hash_: str) -> dict[str, Any]:
        proper = [spot for spot in spots if spot.belongs]
        firsts = [
            spot.pods[-1] if _parted(spot.pods, hash_)[1] else spot.pods[0] for spot in proper if spot.pods
        ]
        ready = [pod for spot in proper if (pod := next(filter(is_ready, spot.pods), None)) is not None]
        usable = sum(1 for pod in ready if self._is_available(daemon_set, pod))
        found = {
            "currentNumberScheduled": len(firsts),
            "numberMisscheduled": sum(1 for spot in spots if not spot.belongs and spot.pods),
            "desiredNumberScheduled": len(proper),
            "numberReady": len(ready),
        }
        optional = {
            "observedGeneration": metadata(daemon_set).get("generation", 1),
            "updatedNumberScheduled": sum(1 for pod in firsts if labels_of(pod).get(POD_LABEL) == hash_),
            "numberAvailable": usable,
            "numberUnavailable": len(proper) - usable,
        }
        return found | {key: count for key, count in optional.items() if count}


def _matters(change: Change) -> bool:
    """Whether a node has changed in what decides over pods; a heartbeat does not."""
    before = change.previous
    if before is None or change.type == "DELETED":
        return True
    return labels_of(before) != labels_of(change.value) or before.get("spec") != change.value.get("spec")


def _parted(pods: Sequence[Object], hash_: str) -> tuple[Object | None, Object | None]:
    """The pod of an old revision and the one of the new one."""
    old = next((pod for pod in pods if labels_of(pod).get(POD_LABEL) != hash_), None)
    new = next((pod for pod in pods if labels_of(pod).get(POD_LABEL) == hash_), None)
    return old, new


def _superfluous(live: list[Object], hash_: str, surge: int) -> list[Object]:
    """All but the oldest; in a surge, all but the oldest of each revision."""
    if not surge:
        return live[1:]
    kept = [pod for pod in _parted(live, hash_) if pod is not None]
    return [pod for pod in live if not any(pod is item for item in kept)]


def _min_ready_s(daemon_set: Object) -> int:
    return whole(at(daemon_set, "spec", "minReadySeconds"), 0)


def _surge(daemon_set: Object, spots: list[_Spot]) -> int:
    if at(daemon_set, "spec", "updateStrategy", "type") == "OnDelete":
        return 0
    value = at(daemon_set, "spec", "updateStrategy", "rollingUpdate", "maxSurge")
    return scaled(value, sum(1 for spot in spots if spot.belongs), up=True)


def _unavailable(daemon_set: Object, spots: list[_Spot]) -> int:
    value = at(daemon_set, "spec", "updateStrategy", "rollingUpdate", "maxUnavailable")
    return scaled(1 if value is None else value, sum(1 for spot in spots if spot.belongs), up=True)
