"""How far each resource is, and what it waits for, in words."""

from __future__ import annotations

from trunkline.domain.diagnosis.creation import refused_message, sorted_out
from trunkline.domain.diagnosis.kinds import state_of
from trunkline.domain.diagnosis.look import Look
from trunkline.domain.diagnosis.revisions import (
    is_observed,
    is_ready,
    standing_pods,
    to_update,
    wanted,
)
from trunkline.domain.diagnosis.said import newest_probe_failure
from trunkline.domain.diagnosis.scheduling import unscheduled_reason
from trunkline.domain.diagnosis.volumes import waits_to_begin
from trunkline.domain.rollouts.shapes import at, holds, mapping, mappings, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Observation, Progress, Resource

_SHORT = 120
_NOT_SEEN = "its controller has not seen the change yet"


def progress(observation: Observation) -> tuple[Progress, ...]:
    """How far each resource is."""
    look = Look(observation)
    return tuple(progress_of(resource, live, look) for resource, live in observation.objects.items())


def progress_of(resource: Resource, live: KubernetesObject | None, look: Look) -> Progress:
    """How far one resource is."""
    if live is None:
        return Progress(resource, 0, 1, done=False, waits_for="not there yet")
    if resource.kind == "Pod":
        return _pod(resource, live, look)
    if not resource.has_pods:
        done, waits_for = state_of(resource, live, look)
        return Progress(resource, int(done), 1, done, waits_for)
    done = is_done(resource, live, look.observation)
    if resource.kind == "Job":
        ready, total = number(live, "status", "succeeded"), wanted(resource, live)
    else:
        ready = sum(map(is_ready, standing_pods(resource, look.observation)))
        total = to_update(resource, live) if is_observed(resource, live) else wanted(resource, live)
    return Progress(resource, ready, total, done, "" if done else pods_wait_for(resource, live, look))


def is_done(resource: Resource, live: KubernetesObject, observation: Observation) -> bool:
    """Whether a controller of pods has brought up all that it is to, and they are ready now."""
    if not is_observed(resource, live):
        return False
    if resource.kind == "Job":
        return holds(live, "Complete") or at(live, "spec", "suspend") is True
    goal, total = to_update(resource, live), wanted(resource, live)
    updated, available = _counts(resource, live)
    ready = sum(map(is_ready, standing_pods(resource, observation)))
    return updated >= goal and available >= total and ready >= goal and not _old_left(resource, live, updated)


def pods_wait_for(resource: Resource, live: KubernetesObject, look: Look) -> str:
    """What a controller of pods waits for, in a few words."""
    refused = refused_message(resource, live, look)
    pods = standing_pods(resource, look.observation)
    if refused and not pods:
        return f"no pod yet: {_cut(sorted_out(refused)[1])}"
    if not is_observed(resource, live):
        return _NOT_SEEN
    if at(live, "spec", "paused") is True:
        return "it is paused"
    waiting = [words for pod in pods if (words := pod_waits_for(pod, look))]
    if waiting:
        return waiting[0]
    updated, available = _counts(resource, live)
    if not pods and resource.kind != "Job" and updated < to_update(resource, live):
        return "no pod yet"
    if resource.kind != "Job" and updated >= to_update(resource, live) and _old_left(resource, live, updated):
        return "old pods are leaving"
    if number(live, "spec", "minReadySeconds") and available < wanted(resource, live):
        return f"its pods are to be ready for {number(live, 'spec', 'minReadySeconds')} s (minReadySeconds)"
    return "waiting for its pods"


def pod_waits_for(pod: KubernetesObject, look: Look) -> str:
    """What a pod that is not ready waits for; empty if it is, or has ended well."""
    if is_ready(pod) or text(pod, "status", "phase") == "Succeeded":
        return ""
    if words := unscheduled_reason(pod):
        return words
    said = look.said_of(pod)
    if waits_to_begin(pod) and said and said[-1].reason.startswith(("Failed", "Pulling")):
        return f"{said[-1].reason}: {_cut(said[-1].message)}"
    for key in ("initContainerStatuses", "containerStatuses"):
        for status in mappings(pod, "status", key):
            if words := _container_waits_for(pod, status, look, init=key == "initContainerStatuses"):
                return words
    return ""


def _container_waits_for(pod: KubernetesObject, status: KubernetesObject, look: Look, *, init: bool) -> str:
    name, state = text(status, "name"), mapping(status, "state")
    if waiting := mapping(state, "waiting"):
        reason = text(waiting, "reason") or "waiting"
        # While init containers work, theirs is the news.
        return (
            "" if reason == "PodInitializing" and mappings(pod, "status", "initContainerStatuses") else reason
        )
    if init:
        ended = mapping(state, "terminated")
        return f"init container {name} is at work" if not ended and not status.get("ready") else ""
    if status.get("ready"):
        return ""
    if ended := mapping(state, "terminated"):
        return f"container {name} ended with exit code {number(ended, 'exitCode')}"
    probe = newest_probe_failure(look, (pod,))
    return f"container {name} is not ready{f': {_cut(probe)}' if probe else ''}"


def _pod(resource: Resource, live: KubernetesObject, look: Look) -> Progress:
    ended = text(live, "status", "phase") == "Succeeded"
    # One that is meant to end is not good for being ready.
    lasting = text(live, "spec", "restartPolicy") in {"", "Always"}
    done = ended or (lasting and is_ready(live))
    waits_for = pod_waits_for(live, look) or "it has not ended yet"
    return Progress(resource, int(done), 1, done, "" if done else waits_for)


def _old_left(resource: Resource, live: KubernetesObject, updated: int) -> bool:
    return resource.kind == "Deployment" and number(live, "status", "replicas") > updated


def _counts(resource: Resource, live: KubernetesObject) -> tuple[int, int]:
    """How many pods are of the new revision, and how many of any are available."""
    status = mapping(live, "status")
    match resource.kind:
        case "DaemonSet":
            return number(status, "updatedNumberScheduled"), number(status, "numberAvailable")
        case "ReplicaSet":
            return number(status, "replicas"), number(status, "availableReplicas")
        case "StatefulSet" if status.get("availableReplicas") is None:
            # Kubernetes before 1.22 counts only the ready ones there.
            return number(status, "updatedReplicas"), number(status, "readyReplicas")
        case _:
            return number(status, "updatedReplicas"), number(status, "availableReplicas")


def _cut(words: str) -> str:
    line = words.splitlines()[0] if words else ""
    return line if len(line) <= _SHORT else f"{line[: _SHORT - 1]}…"
