"""Kubernetes objects as its API shows them at one moment of a rollout, built from what a test is about.

A healthy world is the default: `good()` is a Deployment with one ready pod of the newest revision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.domain.rollouts import Observation, Resource

Json = dict[str, Any]
WEB = Resource("Deployment", "team", "web")
IMAGE = "registry.example/web:1"
PROBE = {"httpGet": {"path": "/healthz", "port": 8080}}
_REVISION = "deployment.kubernetes.io/revision"


def running() -> Json:
    return {"running": {"startedAt": "2026-03-01T12:00:00Z"}}


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(code: int = 1, reason: str = "Error", *, lived_s: int = 1, message: str = "") -> Json:
    minutes, seconds = divmod(lived_s, 60)
    return {
        "terminated": {
            "exitCode": code,
            "reason": reason,
            "startedAt": "2026-03-01T12:00:00Z",
            "finishedAt": f"2026-03-01T12:{minutes:02d}:{seconds:02d}Z",
            **({"message": message} if message else {}),
        }
    }


def container(
    state: Json | None = None,
    *,
    restarts: int = 0,
    last: Json | None = None,
    ready: bool = False,
    name: str = "web",
    image: str = IMAGE,
) -> Json:
    """A container's status."""
    return {
        "name": name,
        "image": image,
        "ready": ready,
        "restartCount": restarts,
        "state": state or running(),
        "lastState": last or {},
    }


def pod(
    *containers: Json,
    revision: str = "1",
    name: str = "",
    init: Sequence[Json] = (),
    probe: bool = True,
    conditions: Sequence[Json] = (),
    deleted: bool = False,
    labels: Json | None = None,
    owner: str = "",
) -> Json:
    """A pod of the ReplicaSet of that revision (or of `owner`); it is ready when all of its containers are."""
    statuses = containers or (container(ready=True),)
    ready = all(status["ready"] for status in statuses)
    name = name or f"web-{revision}-a"
    metadata: Json = {
        "name": name,
        "uid": f"uid-{name}",
        "labels": labels or {},
        "ownerReferences": [{"kind": "ReplicaSet", "uid": owner or f"uid-rs-{revision}"}],
    }
    if deleted:
        metadata["deletionTimestamp"] = "2026-03-01T12:00:00Z"
    spec = [{"name": status["name"], **({"readinessProbe": PROBE} if probe else {})} for status in statuses]
    return {
        "metadata": metadata,
        "spec": {"containers": spec},
        "status": {
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}, *conditions],
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init),
        },
    }


def unschedulable(message: str = "0/1 nodes are available: 1 Insufficient cpu.") -> Json:
    return {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}


def unscheduled_pod() -> Json:
    """A pod that no node takes: it has no containers yet."""
    made = pod(container(), conditions=[unschedulable()])
    made["status"]["containerStatuses"] = []
    return made


def replica_set(revision: str = "1", *, refused: str = "") -> Json:
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused}
    return {
        "metadata": {
            "name": f"web-{revision}",
            "uid": f"uid-rs-{revision}",
            "annotations": {_REVISION: revision},
        },
        "status": {"conditions": [condition] if refused else []},
    }


def deployment(
    *,
    replicas: int | None = 1,
    updated: int = 1,
    available: int = 1,
    total: int | None = None,
    revision: str = "1",
    generation: int = 1,
    observed: int | None = None,
    conditions: Sequence[Json] = (),
) -> Json:
    """As the API shows it: counts that are zero are left out."""
    counts = {"updatedReplicas": updated, "availableReplicas": available, "readyReplicas": available}
    counts["replicas"] = updated if total is None else total
    return {
        "metadata": {
            "name": "web",
            "uid": "uid-web",
            "generation": generation,
            "annotations": {_REVISION: revision},
        },
        "spec": {} if replicas is None else {"replicas": replicas},
        "status": {
            "observedGeneration": generation if observed is None else observed,
            "conditions": list(conditions),
            **{name: count for name, count in counts.items() if count},
        },
    }


def event(about: Json, reason: str, message: str = "") -> Json:
    return {"reason": reason, "message": message, "involvedObject": {"uid": about["metadata"]["uid"]}}


def seen(
    elapsed_s: float = 0.0,
    live: Json | None = None,
    *pods: Json,
    owners: Sequence[Json] = (),
    events: Sequence[Json] = (),
    workload: Resource = WEB,
    trouble: str = "",
    expired: bool = False,
) -> Observation:
    """One moment of one workload; a Deployment has a ReplicaSet of its newest revision unless told otherwise."""
    if workload.kind == "Deployment" and live is not None and not owners:
        owners = (replica_set(live["metadata"]["annotations"][_REVISION]),)
    return Observation(
        elapsed_s,
        {workload: live},
        {workload: tuple(owners)},
        {workload: pods},
        tuple(events),
        trouble,
        expired,
    )


def good(elapsed_s: float = 0.0, *, probe: bool = True, restarts: int = 0, trouble: str = "") -> Observation:
    """A Deployment whose one pod is ready."""
    return seen(
        elapsed_s, deployment(), pod(container(ready=True, restarts=restarts), probe=probe), trouble=trouble
    )


def failing(
    *containers: Json, elapsed_s: float = 0.0, init: Sequence[Json] = (), events: Sequence[Json] = ()
) -> Observation:
    """A Deployment whose one new pod has these containers and is not ready."""
    main = containers or (container(waiting("PodInitializing")),)
    return seen(elapsed_s, deployment(available=0), pod(*main, init=init), events=events)
