"""Gives pods to nodes: by what they ask for, what the nodes have left, and what keeps them away from each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from trunkline.rehearsal.controllers.means import Alarms, Means, place_of
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.nodes.fitting import Load, priority_of, short_of, unwanted
from trunkline.rehearsal.nodes.preemption import Nomination, nominate
from trunkline.rehearsal.nodes.references import References
from trunkline.rehearsal.objects import (
    Object,
    at,
    conditions_of,
    copy_of,
    is_ending,
    metadata,
    name_of,
    uid_of,
)
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "default-scheduler"
_RETRY_S = 10.0
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NOT_HELPFUL = "Preemption is not helpful for scheduling"


class Scheduler:
    """Schedules every pod that has no node."""

    def __init__(self, means: Means, references: References) -> None:
        self._means, self._references = means, references
        self._nodes = means.kind("", "Node")
        self._alarms = Alarms(means.loop, self)
        self._claims = means.kind("", "PersistentVolumeClaim")
        self._loads: dict[str, Load] = {}
        self._placed: dict[Place, tuple[str, Object]] = {}
        self._nominated: dict[Place, tuple[str, Object]] = {}
        self._waiting: set[Place] = set()

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind in (self._nodes, self._claims):
            return sorted(self._waiting)
        if change.kind is not POD:
            return []
        place = place_of(change.value)
        gone = change.type == "DELETED" or at(change.value, "status", "phase") in {"Succeeded", "Failed"}
        node = at(change.value, "spec", "nodeName")
        if gone or not node:
            self._release(place)
        elif place not in self._placed:
            self._take(place, str(node), change.value)
        if gone:
            self._waiting.discard(place)
            self._nominated.pop(place, None)
            return sorted(self._waiting)
        return [] if node else [place]

    def reconcile(self, place: Place) -> None:
        """See the port."""
        pod = self._means.get(POD, place)
        if pod is None or at(pod, "spec", "nodeName") or is_ending(pod) or at(pod, "spec", "schedulingGates"):
            self._waiting.discard(place)
            self._alarms.set(place, None)
            return
        nodes = self._means.store.all_of(self._nodes)
        reasons: Counter[str] = Counter()
        crowded = []
        for node in nodes:
            lasting = self._unwanted(pod, node)
            why = lasting or short_of(pod, node, self._load_for(pod, name_of(node)))
            if not why:
                self._bind(pod, node)
                return
            if not lasting:
                crowded.append(node)
            reasons.update(why)
        nomination = self._nominate(pod, place, crowded)
        waits = nomination is not None or place in self._nominated
        self._refuse(pod, place, _message(reasons, len(nodes), None if waits else len(crowded)))
        if nomination is not None:
            self._preempt(pod, place, nomination)

    def _bind(self, pod: Object, node: Object) -> None:
        place = place_of(pod)
        self._waiting.discard(place)
        self._nominated.pop(place, None)
        self._alarms.set(place, None)
        changed = copy_of(pod)
        changed["spec"]["nodeName"] = name_of(node)
        status = changed.setdefault("status", {})
        status["conditions"] = [
            *(item for item in conditions_of(pod) if item.get("type") != "PodScheduled"),
            {
                "type": "PodScheduled",
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": self._means.stamp(),
            },
        ]
        self._means.registry.update(POD, changed, Write("kube-scheduler", "binding"))
        said = f"Successfully assigned {place[0]}/{place[1]} to {name_of(node)}"
        self._means.say(pod, "Normal", "Scheduled", said, _COMPONENT)

    def _refuse(self, pod: Object, place: Place, message: str) -> None:
        self._waiting.add(place)
        self._alarms.set(place, _RETRY_S)
        changed = copy_of(pod)
        status = changed.setdefault("status", {})
        known = next((item for item in conditions_of(pod) if item.get("type") == "PodScheduled"), None)
        if known is not None and known.get("message") == message:
            return
        condition = {
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message,
            "lastProbeTime": None, "lastTransitionTime": at(known, "lastTransitionTime") or self._means.stamp(),
        }  # fmt: skip
        status["phase"] = "Pending"
        status["conditions"] = [
            *(item for item in conditions_of(pod) if item.get("type") != "PodScheduled"),
            condition,
        ]
        self._means.registry.update(POD, changed, Write("kube-scheduler", "status"))
        self._means.say(pod, "Warning", "FailedScheduling", message, _COMPONENT)

    def _unwanted(self, pod: Object, node: Object) -> list[str]:
        """Why a node cannot take a pod, however empty it is."""
        if claim := self._references.unbound(pod):
            found = self._means.store.get(self._claims, place_of(pod)[0], claim)
            if found is None:
                return [f'persistentvolumeclaim "{claim}" not found']
            if not at(found, "metadata", "annotations", "volume.kubernetes.io/selected-node"):
                self._choose(self._claims, found, node)
            return ["pod has unbound immediate PersistentVolumeClaims"]
        return unwanted(pod, node)

    def _choose(self, kind: Any, claim: Object, node: Object) -> None:
        """Tell a claim that waits for its first consumer where that is."""
        changed = copy_of(claim)
        annotations = metadata(changed).setdefault("annotations", {})
        annotations["volume.kubernetes.io/selected-node"] = name_of(node)
        self._means.registry.update(kind, changed, Write("kube-scheduler"))

    def _load_for(self, pod: Object, node: str) -> Load:
        """What a node bears, with what is kept free for pods that others have made room for."""
        load = self._loads.setdefault(node, Load())
        reserved = [
            other
            for place, (where, other) in self._nominated.items()
            if where == node and place != place_of(pod) and priority_of(other) >= priority_of(pod)
        ]
        return Load([*self._pods_on(node), *reserved]) if reserved else load

    def _nominate(self, pod: Object, place: Place, nodes: Sequence[Object]) -> Nomination | None:
        """Where lesser pods can make room for this one; None while those of the last time are still leaving."""
        if at(pod, "spec", "preemptionPolicy") == "Never":
            return None
        known = self._nominated.get(place)
        if known is not None:
            if any(is_ending(other) for other in self._pods_on(known[0])):
                return None
            del self._nominated[place]
        return nominate(pod, [(node, self._pods_on(name_of(node))) for node in nodes])

    def _preempt(self, pod: Object, place: Place, nomination: Nomination) -> None:
        """Make room for a pod by ending lesser ones: it is waited until they are gone."""
        node = name_of(nomination.node)
        self._nominated[place] = node, pod
        current = self._means.get(POD, place)
        if current is not None:
            changed = copy_of(current)
            changed.setdefault("status", {})["nominatedNodeName"] = node
            self._means.registry.update(POD, changed, Write("kube-scheduler", "status"))
        for victim in nomination.victims:
            if not is_ending(victim):
                said = f"Preempted by pod {uid_of(pod)} on node {node}"
                self._means.say(victim, "Normal", "Preempted", said, _COMPONENT)
                self._means.delete(POD, victim)

    def _pods_on(self, node: str) -> list[Object]:
        places = [place for place, (where, _) in self._placed.items() if where == node]
        return [pod for place in places if (pod := self._means.get(POD, place)) is not None]

    def _take(self, place: Place, node: str, pod: Object) -> None:
        self._placed[place] = node, pod
        self._loads.setdefault(node, Load()).add(pod)

    def _release(self, place: Place) -> None:
        known = self._placed.pop(place, None)
        if known is not None:
            self._loads[known[0]].remove(known[1])


def _message(reasons: Counter[str], count: int, crowded: int | None) -> str:
    """Why no node takes a pod; `crowded` says how many would if they were empty, None that one is made so."""
    if not count:
        return "no nodes available to schedule pods"
    head = f"0/{count} nodes are available: "
    told = head + ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items())) + "."
    if crowded is None or "persistentvolumeclaim" in told.lower():
        return told
    tail = [(crowded, _NO_VICTIMS), (count - crowded, _NOT_HELPFUL)]
    return (
        f"{told} preemption: {head}{', '.join(sorted(f'{number} {why}' for number, why in tail if number))}."
    )
