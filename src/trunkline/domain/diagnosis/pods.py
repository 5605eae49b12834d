"""What a single pod says about itself: which failures it shows, and how long to wait before believing them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from trunkline.domain.rollouts import Cause, Failure, KubernetesObject, Resource

# A crash can be bad luck once; the second one is a loop.
_CRASHES = 2
# The kubelet, too, forgets earlier crashes of a container that ran for so long.
_STEADY_S = 600.0
_PULL_GRACE_S = 30.0
_SCHEDULING_GRACE_S = 30.0
_OOM = "OOMKilled"
_NOT_FOUND = re.compile(r"not found|manifest unknown|name unknown", re.IGNORECASE)
_DENIED = re.compile(r"unauthorized|denied|forbidden|authentication required|no basic auth", re.IGNORECASE)
_PULLING = {"ErrImagePull", "ImagePullBackOff"}
_CANNOT_START = {"CreateContainerError", "RunContainerError"}


def diagnose_pod(
    workload: Resource, pod: KubernetesObject, events: Sequence[KubernetesObject]
) -> Iterator[tuple[Failure, float]]:
    """Each failure that `pod` shows, with the seconds for which it must stay before it counts."""
    if pod["metadata"].get("deletionTimestamp"):
        # evicted, preempted or scaled away: its controller makes another one
        return
    said = [str(event.get("message", "")) for event in events if _about(event, pod)]
    yield from _unschedulable(workload, pod, events)
    status = pod.get("status", {})
    for init, key in ((True, "initContainerStatuses"), (False, "containerStatuses")):
        for container in status.get(key) or ():
            yield from _waiting(workload, pod, container, said)
            yield from _crashing(workload, pod, container, init=init)


def is_ready(pod: KubernetesObject) -> bool:
    """Whether the pod's condition `Ready` holds."""
    return any(
        condition.get("type") == "Ready" and condition.get("status") == "True"
        for condition in pod.get("status", {}).get("conditions") or ()
    )


def restarts(pod: KubernetesObject) -> int:
    """How often the pod's containers were restarted."""
    return sum(
        int(status.get("restartCount") or 0)
        for key in ("initContainerStatuses", "containerStatuses")
        for status in pod.get("status", {}).get(key) or ()
    )


def vouched_for(pod: KubernetesObject) -> bool:
    """Whether every container has a readiness probe, so that `Ready` means that it really answers."""
    return all("readinessProbe" in container for container in pod.get("spec", {}).get("containers") or ())


def _waiting(
    workload: Resource, pod: KubernetesObject, container: KubernetesObject, said: Sequence[str]
) -> Iterator[tuple[Failure, float]]:
    waiting = container.get("state", {}).get("waiting") or {}
    reason, message = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    name, pod_name, image = container.get("name", "?"), pod["metadata"]["name"], container.get("image", "?")
    evidence = (message, *said[-2:]) if message else tuple(said[-2:])
    if reason == "InvalidImageName":
        sentence = f"container {name} of {workload} has an invalid image name {image}"
        yield (
            Failure(
                Cause.IMAGE_NAME, workload, sentence, evidence, "Correct the image in the values.", pod_name
            ),
            0,
        )
    elif reason == "ErrImageNeverPull":
        sentence = f"image {image} is not on the node, and may not be pulled"
        advice = "Let the values pull it (image.pullPolicy: IfNotPresent)."
        yield Failure(Cause.IMAGE_PULL, workload, sentence, evidence, advice, pod_name), 0
    elif reason in _PULLING:
        named = [text for text in said if str(image) in text]
        yield _pull(workload, container, pod_name, evidence, " ".join((message, *named)))
    elif reason == "CreateContainerConfigError" and "failed to sync" not in message:
        sentence = f"container {name} of {workload} lacks configuration: {message}"
        advice = "Create the missing ConfigMap, Secret or key, or correct the values."
        yield Failure(Cause.CONFIGURATION, workload, sentence, evidence, advice, pod_name), 0
    elif reason in _CANNOT_START:
        yield _cannot_start(workload, container, pod_name, message), 0


def _pull(
    workload: Resource, container: KubernetesObject, pod: str, evidence: tuple[str, ...], words: str
) -> tuple[Failure, float]:
    image = container.get("image", "?")
    if _DENIED.search(words) and not _NOT_FOUND.search(words):
        sentence = f"the registry refuses to hand out image {image} to the cluster"
        advice = "Give the namespace a pull secret (image.pullSecret) that may read the repository."
        return Failure(Cause.IMAGE_DENIED, workload, sentence, evidence, advice, pod), 0
    if _NOT_FOUND.search(words):
        sentence = f"image {image} does not exist in the registry"
        advice = "Build and push it (`trunkline build`), or correct the repository in the values."
        return Failure(Cause.IMAGE_NOT_FOUND, workload, sentence, evidence, advice, pod), 0
    sentence = f"image {image} cannot be pulled"
    advice = "Check that the cluster's nodes reach the registry."
    return Failure(Cause.IMAGE_PULL, workload, sentence, evidence, advice, pod), _PULL_GRACE_S


def _crashing(
    workload: Resource, pod: KubernetesObject, container: KubernetesObject, *, init: bool
) -> Iterator[tuple[Failure, float]]:
    state = container.get("state", {})
    ended = state.get("terminated") or container.get("lastState", {}).get("terminated")
    # One that runs may have crashed weeks ago, before this rollout; if it is in a loop, it will end again.
    if not ended or "running" in state or (init and ended.get("exitCode") == 0):
        return
    # A Job counts its own retries, and says itself when it has failed.
    crashes = int(container.get("restartCount") or 0) + 1
    if crashes < _CRASHES or workload.kind == "Job" or _lived_s(ended) >= _STEADY_S:
        return
    name, code = container.get("name", "?"), ended.get("exitCode")
    evidence = (
        f"exit code {code}, reason {ended.get('reason', 'unknown')}, {container.get('restartCount')} restarts",
    )
    where = {"pod": pod["metadata"]["name"], "container": str(name)}
    if ended.get("reason") in {"ContainerCannotRun", "StartError"}:
        yield _cannot_start(workload, container, where["pod"], str(ended.get("message", ""))), 0
    elif ended.get("reason") == _OOM:
        sentence = f"container {name} of {workload} uses more memory than its limit allows"
        yield (
            Failure(
                Cause.OUT_OF_MEMORY, workload, sentence, evidence, "Raise resources.limits.memory.", **where
            ),
            0,
        )
    elif init:
        sentence = f"init container {name} of {workload} keeps failing with exit code {code}"
        yield Failure(Cause.INIT_CRASH, workload, sentence, evidence, "Read its log.", **where), 0
    else:
        sentence = f"container {name} of {workload} keeps crashing with exit code {code}"
        yield Failure(Cause.CRASH_LOOP, workload, sentence, evidence, "Read its last log lines.", **where), 0


def _lived_s(ended: KubernetesObject) -> float:
    """How long a container's life was; 0 where the cluster does not say."""
    try:
        began, over = (datetime.fromisoformat(str(ended.get(key))) for key in ("startedAt", "finishedAt"))
        return (over - began).total_seconds()
    except (TypeError, ValueError):
        return 0.0


def _cannot_start(workload: Resource, container: KubernetesObject, pod: str, message: str) -> Failure:
    sentence = f"container {container.get('name', '?')} of {workload} cannot be started: {message}"
    return Failure(
        Cause.CANNOT_START,
        workload,
        sentence,
        (message,),
        "Check the command and the image's architecture.",
        pod,
    )


def _unschedulable(
    workload: Resource, pod: KubernetesObject, events: Sequence[KubernetesObject]
) -> Iterator[tuple[Failure, float]]:
    if any(event.get("reason") == "TriggeredScaleUp" and _about(event, pod) for event in events):
        return
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            message = str(condition.get("message", ""))
            sentence = f"no node takes a pod of {workload}: {message}"
            advice = "Lower its requests, or look at the nodes' taints and room."
            name = pod["metadata"]["name"]
            yield (
                Failure(Cause.UNSCHEDULABLE, workload, sentence, (message,), advice, name),
                _SCHEDULING_GRACE_S,
            )


def _about(event: KubernetesObject, pod: KubernetesObject) -> bool:
    return bool(event.get("involvedObject", {}).get("uid") == pod["metadata"].get("uid"))
