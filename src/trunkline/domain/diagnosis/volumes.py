"""Why a pod that has its node does not start: volumes that are not mounted or attached, a sandbox that is not made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.domain.diagnosis.look import Finding, Look, Said, finding
from trunkline.domain.diagnosis.starts import what_is_missing
from trunkline.domain.rollouts.causes import (
    ATTACH_GRACE_S,
    COMPANION_GRACE_S,
    SANDBOX_GRACE_S,
    VOLUME_CONFIGURATION_GRACE_S,
    VOLUME_GRACE_S,
    Cause,
)
from trunkline.domain.rollouts.shapes import mappings, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource
from trunkline.expressions import expression

_NOT_BEGUN = {"ContainerCreating", "PodInitializing", ""}
_TROUBLES = {"FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox", "FailedMapVolume"}
_BENIGN = expression(r"failed to sync .* cache|object \S+ not registered|not registered$", re.IGNORECASE)
# After two minutes the kubelet sums up what it waits for; the cause was said before.
_SUM = expression(r"unmounted volumes=\[(?P<name>[^\]]*)\]")
_VOLUME = expression(r'for volume "(?P<name>[^"]+)"')


def volume_findings(resource: Resource, pod: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What keeps the pod's first container from being created, as the newest events tell."""
    if not waits_to_begin(pod):
        return
    troubles = [event for event in look.said_of(pod) if event.reason in _TROUBLES]
    troubles = [event for event in troubles if not _BENIGN.search(event.message)]
    telling = [event for event in troubles if not _SUM.search(event.message)] or troubles
    if telling:
        yield _finding(resource, pod, telling[-1], look)


def waits_to_begin(pod: KubernetesObject) -> bool:
    """Whether the pod has a node and none of its containers has been created yet."""
    statuses = (
        *mappings(pod, "status", "initContainerStatuses"),
        *mappings(pod, "status", "containerStatuses"),
    )
    return bool(statuses) and all(
        "waiting" in status.get("state", {})
        and text(status, "state", "waiting", "reason") in _NOT_BEGUN
        and not status.get("lastState")
        for status in statuses
        if isinstance(status.get("state", {}), dict)
    )


def _finding(resource: Resource, pod: KubernetesObject, event: Said, look: Look) -> Finding:
    where, message = text(pod, "metadata", "name"), event.message
    if missing := what_is_missing(message):
        grace_s = COMPANION_GRACE_S if look.has_custom_resources else VOLUME_CONFIGURATION_GRACE_S
        sentence = f"a pod of {resource} lacks configuration for its volume {_name(message)}: {missing}"
        return finding(Cause.CONFIGURATION, resource, sentence, (message,), pod=where, grace_s=grace_s)
    if event.reason == "FailedCreatePodSandBox":
        sentence = f"the node cannot set up a pod of {resource}: {message.rpartition(': ')[2]}"
        advice = "Check the node's network plugin and container runtime."
        return finding(
            Cause.CANNOT_START,
            resource,
            sentence,
            (message,),
            advice=advice,
            pod=where,
            grace_s=SANDBOX_GRACE_S,
        )
    attached = event.reason != "FailedAttachVolume"
    verb, grace_s = ("mounted", VOLUME_GRACE_S) if attached else ("attached", ATTACH_GRACE_S)
    sentence = f"volume {_name(message)} of {resource} cannot be {verb}: {_reason(message)}"
    return finding(Cause.VOLUME_UNMOUNTED, resource, sentence, (message,), pod=where, grace_s=grace_s)


def _name(message: str) -> str:
    found = _VOLUME.search(message) or _SUM.search(message)
    return found.group("name") if found else "?"


def _reason(message: str) -> str:
    """What is said after the volume's name; of a mount program's output the last line."""
    after = message.partition(" : ")[2] or message
    lines = [line.strip() for line in after.splitlines() if line.strip()]
    output = next((line for line in reversed(lines) if line.startswith("Output:")), "")
    return (output.removeprefix("Output:").strip() or (lines[0] if lines else "no reason is given"))[:200]
