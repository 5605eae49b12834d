"""A pod's status, made of its containers: phase, conditions and all that clients read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.objects import Object, at, conditions_of
from trunkline.rehearsal.seeds import HOST_IP

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.worker import Worker


def pod_status(worker: Worker, stamp: str, failed: tuple[str, str] | None = None) -> dict[str, Any]:
    """The status of the worker's pod at a moment; `failed` is why the pod as a whole has failed."""
    pod = worker.pod
    phase = "Failed" if failed else phase_of(pod, worker)
    status: dict[str, Any] = {
        **{
            key: value for key, value in (pod.get("status") or {}).items() if key not in {"reason", "message"}
        },
        "phase": phase,
        "conditions": _conditions(pod, worker, phase, stamp),
        "hostIP": HOST_IP,
        "hostIPs": [{"ip": HOST_IP}],
        "containerStatuses": [run.status() for run in worker.mains],
        "qosClass": quality(pod),
    }
    if worker.started_at:
        status["startTime"] = worker.started_at
    if worker.ip:
        status["podIP"], status["podIPs"] = worker.ip, [{"ip": worker.ip}]
    if worker.inits:
        status["initContainerStatuses"] = [run.status() for run in worker.inits]
    if failed:
        status["reason"], status["message"] = failed
    return status


def phase_of(pod: Object, worker: Worker) -> str:
    """Pending, Running, Succeeded or Failed (Kubernetes' page on the pod lifecycle)."""
    policy = at(pod, "spec", "restartPolicy") or "Always"
    if policy == "Never" and any(run.has_ended and run.exit_code for run in worker.inits):
        return "Failed"
    mains = worker.mains
    if all(run.has_ended for run in mains):
        good = all(run.exit_code == 0 for run in mains)
        if policy == "Never" or (policy == "OnFailure" and good):
            return "Succeeded" if good else "Failed"
        if worker.ending:
            return "Succeeded" if good else "Failed"
    # A container that ended and will be started again keeps its pod running.
    begun = any(run.is_running or run.has_ended or run.last for run in mains)
    return "Running" if begun and _initialized(worker) else "Pending"


def quality(pod: Object) -> str:
    """The pod's quality of service, by what its containers ask for."""
    sections = [at(item, "resources") or {} for item in at(pod, "spec", "containers") or ()]
    if not any(section.get("requests") or section.get("limits") for section in sections):
        return "BestEffort"
    guaranteed = all(
        {"cpu", "memory"} <= set(section.get("limits") or {})
        and (section.get("requests") or section["limits"]) == section["limits"]
        for section in sections
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _initialized(worker: Worker) -> bool:
    return all(
        run.is_running and run.started if run.is_sidecar else run.has_ended and run.exit_code == 0
        for run in worker.inits
    )


def _conditions(pod: Object, worker: Worker, phase: str, stamp: str) -> list[dict[str, Any]]:
    over = phase in {"Succeeded", "Failed"}
    unready = [run for run in worker.mains if not run.ready]
    gates = at(pod, "spec", "readinessGates") or ()
    open_gates = [
        str(gate.get("conditionType"))
        for gate in gates
        if not any(
            item.get("type") == gate.get("conditionType") and item.get("status") == "True"
            for item in conditions_of(pod)
        )
    ]
    lost = worker.frozen
    ready = not unready and not over and not lost and _initialized(worker)
    wanted = [
        ("PodReadyToStartContainers", bool(worker.ip) and not over, "", ""),
        ("Initialized", _initialized(worker), *_why_uninitialized(worker)),
        ("Ready", ready and not open_gates, *_why_unready(unready, open_gates, phase)),
        ("ContainersReady", ready, *_why_unready(unready, [], phase)),
        ("PodScheduled", True, "", ""),
    ]
    known = {item.get("type"): item for item in conditions_of(pod)}
    ours = {name for name, *_ in wanted}
    found = [
        _condition(known.get(name), name, stamp, holds=holds, reason=reason, message=message)
        for name, holds, reason, message in wanted
    ]
    return [*found, *(item for name, item in known.items() if name not in ours)]


def _condition(
    known: Any, name: str, stamp: str, *, holds: bool, reason: str, message: str
) -> dict[str, Any]:
    status = "True" if holds else "False"
    since = known.get("lastTransitionTime") if known and known.get("status") == status else stamp
    found: dict[str, Any] = {
        "type": name,
        "status": status,
        "lastProbeTime": None,
        "lastTransitionTime": since,
    }
    if reason and (not holds or reason == "PodCompleted"):
        found["reason"] = reason
    if message and not holds:
        found["message"] = message
    return found


def _why_uninitialized(worker: Worker) -> tuple[str, str]:
    names = [run.name for run in worker.inits if not (run.has_ended and run.exit_code == 0)]
    return "ContainersNotInitialized", f"containers with incomplete status: [{' '.join(names)}]"


def _why_unready(unready: Sequence[Run], open_gates: Sequence[str], phase: str) -> tuple[str, str]:
    if phase == "Succeeded":
        return "PodCompleted", ""
    if phase == "Failed":
        return "PodFailed", ""
    if unready:
        return (
            "ContainersNotReady",
            f"containers with unready status: [{' '.join(run.name for run in unready)}]",
        )
    return (
        "ReadinessGatesNotReady",
        f'the status of pod readiness gate {" ".join(open_gates)!r} is not "True"',
    )
