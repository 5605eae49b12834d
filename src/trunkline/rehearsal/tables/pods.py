"""Pods: what state one is in is told by its containers, in the words that everybody searches for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.objects import Object, at, conditions_of, is_ending, moment_of, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import NONE, age, containers, human, items, labels, number, text

_ENDED = {"Succeeded": "The pod has completed successfully.", "Failed": "The pod failed."}


@dataclass(slots=True)
class _Summary:
    """What a pod's containers come to."""

    reason: str
    ready: int = 0
    restarts: int = 0
    restarted: datetime | None = None

    def count(self, status: dict[str, Any]) -> None:
        """Add a container's restarts."""
        self.restarts += number(status, "restartCount")
        ended = moment_of(at(status, "lastState", "terminated", "finishedAt") or "")
        if ended and (self.restarted is None or ended > self.restarted):
            self.restarted = ended


def _cells(pod: Object, now: datetime) -> list[Any]:
    found = _summary(pod)
    restarts = str(found.restarts)
    if found.restarts and found.restarted:
        restarts += f" ({human((now - found.restarted).total_seconds())} ago)"
    total = len(items(pod, "spec", "containers")) + len(_sidecars(pod))
    return [
        name_of(pod),
        f"{found.ready}/{total}",
        found.reason,
        restarts,
        age(pod, now),
        text(pod, "status", "podIPs", 0, "ip") or text(pod, "status", "podIP") or NONE,
        text(pod, "spec", "nodeName") or NONE,
        text(pod, "status", "nominatedNodeName") or NONE,
        _gates(pod),
    ]


def _summary(pod: Object) -> _Summary:
    found = _Summary(text(pod, "status", "reason") or text(pod, "status", "phase"))
    for condition in conditions_of(pod):
        if (condition.get("type"), condition.get("reason")) == ("PodScheduled", "SchedulingGated"):
            found.reason = "SchedulingGated"
    initializing = _initialize(pod, found)
    if not initializing or _holds(pod, "Initialized"):
        _run(pod, found)
    if is_ending(pod):
        if text(pod, "status", "reason") == "NodeLost":
            found.reason = "Unknown"
        elif text(pod, "status", "phase") not in _ENDED:
            found.reason = "Terminating"
    return found


def _initialize(pod: Object, found: _Summary) -> bool:
    """Count the init containers; returns whether one of them is not done."""
    sidecars = _sidecars(pod)
    for position, status in enumerate(items(pod, "status", "initContainerStatuses")):
        found.count(status)
        ended, waiting = at(status, "state", "terminated"), text(status, "state", "waiting", "reason")
        if isinstance(ended, dict) and not number(ended, "exitCode"):
            continue
        if text(status, "name") in sidecars and status.get("started") is True:
            found.ready += status.get("ready") is True
            continue
        if isinstance(ended, dict):
            found.reason = f"Init:{_end(ended)}"
        elif waiting and waiting != "PodInitializing":
            found.reason = f"Init:{waiting}"
        else:
            found.reason = f"Init:{position}/{len(items(pod, 'spec', 'initContainers'))}"
        return True
    return False


def _run(pod: Object, found: _Summary) -> None:
    """Count the containers, whose word is the pod's; of the init containers, only those that run beside them count."""
    sidecars = _sidecars(pod)
    found.restarts, found.restarted = 0, None
    for status in items(pod, "status", "initContainerStatuses"):
        if text(status, "name") in sidecars:
            found.count(status)
    running = False
    for status in reversed(items(pod, "status", "containerStatuses")):
        found.count(status)
        ended, waiting = at(status, "state", "terminated"), text(status, "state", "waiting", "reason")
        if waiting:
            found.reason = waiting
        elif isinstance(ended, dict):
            found.reason = _end(ended)
        elif status.get("ready") is True and at(status, "state", "running") is not None:
            running = True
            found.ready += 1
    if found.reason == "Completed" and running:
        found.reason = "Running" if _holds(pod, "Ready") else "NotReady"


def _end(ended: dict[str, Any]) -> str:
    """How a container ended."""
    if reason := text(ended, "reason"):
        return reason
    signal = number(ended, "signal")
    return f"Signal:{signal}" if signal else f"ExitCode:{number(ended, 'exitCode')}"


def _sidecars(pod: Object) -> set[str]:
    """The init containers that keep running."""
    return {
        text(item, "name")
        for item in items(pod, "spec", "initContainers")
        if text(item, "restartPolicy") == "Always"
    }


def _gates(pod: Object) -> str:
    gates = [text(item, "conditionType") for item in items(pod, "spec", "readinessGates")]
    return f"{sum(_holds(pod, gate) for gate in gates)}/{len(gates)}" if gates else NONE


def _holds(pod: Object, type_: str) -> bool:
    return any(
        condition.get("type") == type_ and condition.get("status") == "True"
        for condition in conditions_of(pod)
    )


def _conditions(pod: Object) -> list[dict[str, Any]]:
    phase = text(pod, "status", "phase")
    if phase not in _ENDED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": _ENDED[phase]}]


def _template_cells(value: Object, now: datetime) -> list[Any]:  # noqa: ARG001 - templates show no age
    template = at(value, "template")
    return [name_of(value), *containers(at(template, "spec")), labels(at(template, "metadata", "labels"))]


LAYOUTS = {
    ("", "Pod"): Layout(
        columns("Name", "Ready", "Status", "Restarts", "Age", "*IP", "*Node", "*Nominated Node", "*Readiness Gates"),
        _cells,
        _conditions,
    ),
    ("", "PodTemplate"): Layout(columns("Name", "Containers", "Images", "Pod Labels"), _template_cells),
}  # fmt: skip
