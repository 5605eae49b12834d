"""What a single pod of the new revision says about itself."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.domain.diagnosis.crashes import crash_findings, end_in_words, is_sidecar, lived_s
from trunkline.domain.diagnosis.images import pull_findings
from trunkline.domain.diagnosis.look import Finding, Look, finding, is_leaving
from trunkline.domain.diagnosis.scheduling import scheduling_findings
from trunkline.domain.diagnosis.starts import START_ERRORS, start_findings
from trunkline.domain.diagnosis.volumes import volume_findings
from trunkline.domain.rollouts.causes import Cause
from trunkline.domain.rollouts.shapes import mapping, mappings, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource

_LISTS = ("initContainerStatuses", "containerStatuses")


def pod_findings(resource: Resource, pod: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What is wrong with a pod; nothing of one that is leaving, however it ends."""
    if is_leaving(pod):
        return
    yield from scheduling_findings(resource, pod, look)
    yield from volume_findings(resource, pod, look)
    for key in _LISTS:
        for status in mappings(pod, "status", key):
            yield from pull_findings(resource, pod, status, look.said_of(pod))
            yield from start_findings(resource, pod, status, look)
            yield from crash_findings(resource, pod, status, look, init=key == _LISTS[0])


def restarts_of(pod: KubernetesObject) -> dict[tuple[str, str], int]:
    """How often each container that is to run on was restarted, by pod's uid and container."""
    uid = text(pod, "metadata", "uid")
    lasting = [status for status in mappings(pod, "status", _LISTS[0]) if is_sidecar(pod, status)]
    return {
        (uid, text(status, "name")): number(status, "restartCount")
        for status in (*lasting, *mappings(pod, "status", _LISTS[1]))
    }


def last_life_s(pod: KubernetesObject) -> float:
    """How long the longest-lived of its restarted containers had run when it ended last; 0 if none was restarted."""
    return max(
        (
            lived_s(mapping(status, "lastState", "terminated"))
            for status in mappings(pod, "status", _LISTS[1])
        ),
        default=0.0,
    )


def vouched_for(pod: KubernetesObject) -> bool:
    """Whether every container has a readiness probe, so that `Ready` means that it really answers."""
    containers = mappings(pod, "spec", "containers")
    return bool(containers) and all(mapping(container, "readinessProbe") for container in containers)


def failed_container(pod: KubernetesObject) -> tuple[str, KubernetesObject]:
    """The container of a pod that ended badly, and how; empty if none did."""
    for key in _LISTS:
        for status in mappings(pod, "status", key):
            for state in ("state", "lastState"):
                ended = mapping(status, state, "terminated")
                if number(ended, "exitCode"):
                    return text(status, "name"), ended
    return "", {}


def ended_pod_finding(resource: Resource, pod: KubernetesObject, cause: Cause) -> Iterator[Finding]:
    """What to say of a pod of its own that ended badly and is not tried again."""
    if text(pod, "status", "phase") != "Failed":
        return
    container, ended = failed_container(pod)
    if text(ended, "reason") in START_ERRORS:
        return
    how = end_in_words(ended) if container else text(pod, "status", "reason") or "no reason given"
    sentence = f"{resource} ended with {how}, and is not started again"
    evidence = (text(pod, "status", "message"), text(ended, "message"))
    where = text(pod, "metadata", "name")
    yield finding(cause, resource, sentence, evidence, pod=where if container else "", container=container)
