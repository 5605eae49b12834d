"""Gives pods to nodes: by what they ask for, what the nodes have left, and what keeps them away from each other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from trunkline.rehearsal.controllers.means import Alarms, Means, place_of
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.nodes.amounts import amount
from trunkline.rehearsal.nodes.references import References
from trunkline.rehearsal.objects import Object, at, conditions_of, copy_of, is_ending, metadata, name_of
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "default-scheduler"
_RETRY_S = 10.0
_NOT_PREEMPTED = (
    "preemption: 0/{count} nodes are available: {count} No preemption victims found for incoming pod."
)
_NOT_HELPFUL = "preemption: 0/{count} nodes are available: {count} Preemption is not helpful for scheduling."
_BY_NEED = {"Insufficient cpu", "Insufficient memory", "Too many pods"}


class Scheduler:
    """Schedules every pod that has no node."""

    def __init__(self, means: Means, references: References) -> None:
        self._means, self._references = means, references
        self._nodes = means.kind("", "Node")
        self._alarms = Alarms(means.loop, self)
        self._used: dict[str, Counter[str]] = {}
        self._counted: dict[Place, tuple[str, Counter[str]]] = {}
        self._waiting: set[Place] = set()

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._nodes:
            return sorted(self._waiting)
        if change.kind is not POD:
            return []
        place = place_of(change.value)
        gone = change.type == "DELETED" or at(change.value, "status", "phase") in {"Succeeded", "Failed"}
        node = at(change.value, "spec", "nodeName")
        if gone or not node:
            self._release(place)
        elif place not in self._counted:
            self._take(place, str(node), change.value)
        if gone:
            self._waiting.discard(place)
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
        for node in nodes:
            why = self._unfit(pod, node)
            if not why:
                self._bind(pod, node)
                return
            reasons.update(why)
        self._refuse(pod, place, len(nodes), reasons)

    def _bind(self, pod: Object, node: Object) -> None:
        place = place_of(pod)
        self._waiting.discard(place)
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

    def _refuse(self, pod: Object, place: Place, count: int, reasons: Counter[str]) -> None:
        told = ", ".join(f"{number} {reason}" for reason, number in sorted(reasons.items()))
        message = (
            f"0/{count} nodes are available: {told}." if count else "no nodes available to schedule pods"
        )
        if count and "PersistentVolumeClaim" not in told and "persistentvolumeclaim" not in told:
            tail = _NOT_PREEMPTED if set(reasons) & _BY_NEED else _NOT_HELPFUL
            message = f"{message} {tail.format(count=count)}"
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

    def _unfit(self, pod: Object, node: Object) -> list[str]:
        """Why a node cannot take a pod."""
        if claim := self._references.unbound(pod):
            kind = self._means.kind("", "PersistentVolumeClaim")
            found = self._means.store.get(kind, place_of(pod)[0], claim)
            if found is None:
                return [f'persistentvolumeclaim "{claim}" not found']
            if not at(found, "metadata", "annotations", "volume.kubernetes.io/selected-node"):
                self._choose(kind, found, node)
            return ["pod has unbound immediate PersistentVolumeClaims"]
        if at(node, "spec", "unschedulable"):
            return ["node(s) were unschedulable"]
        if not _selects(at(pod, "spec", "nodeSelector"), node) or not _affine(pod, node):
            return ["node(s) didn't match Pod's node affinity/selector"]
        for taint in at(node, "spec", "taints") or ():
            if taint.get("effect") in {"NoSchedule", "NoExecute"} and not tolerates(pod, taint):
                value = taint.get("value") or ""
                return [f"node(s) had untolerated taint {{{taint.get('key')}: {value}}}"]
        return self._short_of(pod, node)

    def _choose(self, kind: Any, claim: Object, node: Object) -> None:
        """Tell a claim that waits for its first consumer where that is."""
        changed = copy_of(claim)
        annotations = metadata(changed).setdefault("annotations", {})
        annotations["volume.kubernetes.io/selected-node"] = name_of(node)
        self._means.registry.update(kind, changed, Write("kube-scheduler"))

    def _short_of(self, pod: Object, node: Object) -> list[str]:
        allocatable, used = at(node, "status", "allocatable") or {}, self._used.get(name_of(node), Counter())
        if used["pods"] + 1 > amount(allocatable.get("pods")):
            return ["Too many pods"]
        return [
            f"Insufficient {name}"
            for name, wanted in _requests(pod).items()
            if name != "pods" and wanted and used[name] + wanted > amount(allocatable.get(name))
        ]

    def _take(self, place: Place, node: str, pod: Object) -> None:
        asked = _requests(pod)
        self._counted[place] = (node, asked)
        self._used.setdefault(node, Counter()).update(asked)

    def _release(self, place: Place) -> None:
        known = self._counted.pop(place, None)
        if known is not None:
            self._used[known[0]].subtract(known[1])


def tolerates(pod: Object, taint: Any) -> bool:
    """Whether a pod may be where this taint is."""
    for item in at(pod, "spec", "tolerations") or ():
        if item.get("effect") not in {None, "", taint.get("effect")}:
            continue
        if item.get("operator") == "Exists" and item.get("key") in {None, "", taint.get("key")}:
            return True
        if item.get("key") == taint.get("key") and (item.get("value") or "") == (taint.get("value") or ""):
            return item.get("operator") in {None, "", "Equal"}
    return False


def _requests(pod: Object) -> Counter[str]:
    found: Counter[str] = Counter({"pods": 1})
    for container in at(pod, "spec", "containers") or ():
        for name, value in (at(container, "resources", "requests") or {}).items():
            found[name] += amount(value)
    for container in at(pod, "spec", "initContainers") or ():
        for name, value in (at(container, "resources", "requests") or {}).items():
            found[name] = max(found[name], amount(value))
    return found


def _selects(selector: Any, node: Object) -> bool:
    labels = metadata(node).get("labels") or {}
    return all(labels.get(key) == value for key, value in (selector or {}).items())


def _affine(pod: Object, node: Object) -> bool:
    terms = at(
        pod,
        "spec",
        "affinity",
        "nodeAffinity",
        "requiredDuringSchedulingIgnoredDuringExecution",
        "nodeSelectorTerms",
    )
    return not terms or any(
        all(_holds(item, node) for item in term.get("matchExpressions") or ()) for term in terms
    )


def _holds(expression: Any, node: Object) -> bool:
    labels = metadata(node).get("labels") or {}
    key, values = expression.get("key"), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels
