"""What a Deployment, a Job or another controller of pods says about itself."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.domain.diagnosis.crashes import end_in_words
from trunkline.domain.diagnosis.creation import creation_findings
from trunkline.domain.diagnosis.look import Finding, Look, finding
from trunkline.domain.diagnosis.pods import ended_pod_finding, failed_container, pod_findings
from trunkline.domain.diagnosis.progress import is_done, pods_wait_for
from trunkline.domain.diagnosis.revisions import changed_at, is_observed, new_pods
from trunkline.domain.diagnosis.said import newest_probe_failure
from trunkline.domain.rollouts.causes import COMPANION_GRACE_S, SHORT_GRACE_S, Cause
from trunkline.domain.rollouts.shapes import at, condition, holds, mappings, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource

_DEADLINE = "ProgressDeadlineExceeded"


def workload_findings(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What is wrong with a controller and with its new pods."""
    yield from creation_findings(resource, live, look)
    for pod in new_pods(resource, look.observation):
        yield from pod_findings(resource, pod, look)
    match resource.kind:
        case "Job":
            yield from _failed_job(resource, live, look)
        case "Pod":
            cause = Cause.HOOK_FAILED if _is_hook(live) else Cause.JOB_FAILED
            yield from ended_pod_finding(resource, live, cause)
        case "Deployment" if is_observed(resource, live):
            yield from _deadline(resource, live, look)
            yield from _paused(resource, live, look)


def _failed_job(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    failed = condition(live, "Failed") if holds(live, "Failed") else condition(live, "FailureTarget")
    if failed.get("status") != "True":
        return
    said = text(failed, "message") or text(failed, "reason")
    ends = [(pod, *failed_container(pod)) for pod in new_pods(resource, look.observation)]
    ends = [(pod, name, ended) for pod, name, ended in ends if name]
    cause = Cause.HOOK_FAILED if _is_hook(live) else Cause.JOB_FAILED
    if not ends:
        evidence = [text(failed, "reason"), *(event.message for event in look.said_of(live)[-3:])]
        yield finding(cause, resource, f"{resource} failed: {said}", evidence)
        return
    pod, name, ended = max(ends, key=lambda end: text(end[2], "finishedAt"))
    evidence = [f"{text(failed, 'reason')}: {said}".strip(": "), text(ended, "message")]
    sentence = f"{resource} failed: {said}; container {name} ended with {end_in_words(ended)}"
    where = text(pod, "metadata", "name")
    yield finding(cause, resource, sentence, evidence, pod=where, container=name)


def _deadline(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    progressing = condition(live, "Progressing")
    if progressing.get("reason") != _DEADLINE or is_done(resource, live, look.observation):
        return
    # The controller leaves an older revision's verdict standing until it sees the first progress of the new one.
    old = text(progressing, "lastUpdateTime") < changed_at(live) and bool(text(progressing, "lastUpdateTime"))
    waits_for = pods_wait_for(resource, live, look)
    evidence = (
        text(progressing, "message"),
        newest_probe_failure(look, new_pods(resource, look.observation)),
    )
    sentence = f"{resource} made no progress within its deadline: {waits_for}"
    yield finding(
        Cause.PROGRESS_DEADLINE, resource, sentence, evidence, grace_s=COMPANION_GRACE_S if old else 0
    )


def _paused(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    if at(live, "spec", "paused") is not True or is_done(resource, live, look.observation):
        return
    sentence = f"{resource} is paused: it never rolls out"
    advice = f"Resume it: kubectl rollout resume {resource} --namespace {resource.namespace}"
    evidence = [text(item, "message") for item in mappings(live, "status", "conditions")][:1]
    yield finding(Cause.RESOURCE_FAILED, resource, sentence, evidence, advice=advice, grace_s=SHORT_GRACE_S)


def _is_hook(live: KubernetesObject) -> bool:
    return bool(text(live, "metadata", "annotations", "helm.sh/hook"))
