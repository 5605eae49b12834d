"""What to say when the time is up and nothing was certain: what each resource still waited for."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.domain.diagnosis.crashes import probe_in_words
from trunkline.domain.diagnosis.look import Finding, Look, finding
from trunkline.domain.diagnosis.pods import restarts_of
from trunkline.domain.diagnosis.progress import progress_of
from trunkline.domain.diagnosis.revisions import held_up, old_pods, standing_pods
from trunkline.domain.diagnosis.said import name_of, newest_messages, newest_probe_failure
from trunkline.domain.rollouts.causes import Cause
from trunkline.domain.rollouts.shapes import mappings, text
from trunkline.domain.rollouts.words import KubernetesObject, Progress, Resource


def unreachable(look: Look) -> Finding:
    """Nobody saw the end."""
    observation = look.observation
    resource = next(iter(observation.objects))
    states = tuple(
        f"last seen: {progress_of(item, live, look)}" for item, live in observation.objects.items()
    )
    sentence = f"The Kubernetes API did not answer to the end: {observation.trouble}"
    return finding(Cause.API_UNREACHABLE, resource, sentence, states)


def overdue(look: Look) -> Iterator[Finding]:
    """One finding for each resource that is not done; the others' last state is its evidence."""
    for resource, live in look.observation.objects.items():
        state = progress_of(resource, live, look)
        if not state.done:
            yield _late(state, live, look)


def unsettled(look: Look) -> Finding:
    """Everything is up, and had no time to prove that it stays up."""
    for resource in look.observation.objects:
        for pod in standing_pods(resource, look.observation):
            for (_, container), count in restarts_of(pod).items():
                if count and resource.kind != "Job":
                    sentence = (
                        f"container {container} of {resource} became ready, but was restarted {count} times "
                        "and did not stay up long enough before the time was up"
                    )
                    return finding(Cause.UNSTABLE, resource, sentence, pod=name_of(pod), container=container)
    resource = next(iter(look.observation.objects))
    sentence = f"{resource} is up, but had not stayed up long enough when the time was up"
    advice = "Raise `timeout` above `settle`, or give the containers a readiness probe."
    return finding(Cause.TIMED_OUT, resource, sentence, advice=advice)


def _late(state: Progress, live: KubernetesObject | None, look: Look) -> Finding:
    resource = state.resource
    if resource.kind == "Service":
        sentence = f"{resource} got no address from a load balancer"
        evidence = newest_messages(look, (live,) if live else ())
        return finding(Cause.NO_ADDRESS, resource, sentence, evidence)
    sentence = f"{state} when the time was up"
    if live is None or not resource.has_pods:
        evidence = (state.waits_for, *newest_messages(look, (live,) if live else ()))
        return finding(Cause.TIMED_OUT, resource, sentence, evidence)
    pods = standing_pods(resource, look.observation)
    if stuck := next(
        (name_of(pod) for pod in held_up(look.observation) if pod in look.observation.pods.get(resource, ())),
        "",
    ):
        advice = (
            f"A StatefulSet does not replace a pod that is not ready by itself: "
            f"kubectl delete pod {stuck} --namespace {resource.namespace}"
        )
        evidence = newest_messages(look, old_pods(resource, look.observation))
        return finding(
            Cause.TIMED_OUT,
            resource,
            f"{sentence}: its older pod {stuck} is not ready",
            evidence,
            advice=advice,
        )
    for pod in pods:
        if name := _unready(pod):
            return _never_ready(resource, pod, name, sentence, look)
    evidence = newest_messages(look, pods) or newest_messages(look, (live,))
    return finding(Cause.TIMED_OUT, resource, sentence, evidence)


def _never_ready(resource: Resource, pod: KubernetesObject, name: str, sentence: str, look: Look) -> Finding:
    where = name_of(pod)
    startup = newest_probe_failure(look, (pod,), "startup")
    probe = newest_probe_failure(look, (pod,), "readiness")
    if startup and not probe:
        words = probe_in_words(pod, name, "startupProbe")
        told = f"container {name} of {resource} had not passed its startup probe{words} when the time was up"
        return finding(Cause.STARTUP_PROBE, resource, told, (startup,), pod=where, container=name)
    words = probe_in_words(pod, name, "readinessProbe")
    evidence = [probe] if probe else list(newest_messages(look, (pod,)))
    if words:
        evidence.append(f"readiness probe of container {name}:{words}")
    return finding(Cause.NEVER_READY, resource, sentence, evidence, pod=where, container=name)


def _unready(pod: KubernetesObject) -> str:
    """The container of a pod that runs and is not ready."""
    for status in mappings(pod, "status", "containerStatuses"):
        if not status.get("ready") and "running" in (status.get("state") or {}):
            return text(status, "name")
    return ""
