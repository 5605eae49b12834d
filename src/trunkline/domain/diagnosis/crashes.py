"""Why a container ends again and again: memory, a probe, a signal, or its own will."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from trunkline.domain.diagnosis.look import Finding, Look, Said, finding
from trunkline.domain.diagnosis.starts import START_ERRORS
from trunkline.domain.rollouts.causes import CRASHES, STEADY_S, Cause
from trunkline.domain.rollouts.shapes import mapping, mappings, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource

# 128 + the signal's number, as shells and runtimes spell a death by signal.
_MEANINGS = {
    0: "it ended by itself, but is meant to keep running",
    126: "its command may not be executed",
    127: "its shell found no such command",
    130: "SIGINT",
    132: "SIGILL: built for another processor?",
    133: "SIGTRAP",
    134: "SIGABRT: it aborted itself",
    135: "SIGBUS",
    136: "SIGFPE",
    137: "SIGKILL: killed from outside",
    139: "SIGSEGV: a segmentation fault",
    141: "SIGPIPE",
    143: "SIGTERM: asked to stop",
    159: "SIGSYS: a system call that is not allowed",
}
_OOM = "OOMKilled"
_PROBES = (
    ("liveness", Cause.LIVENESS, "container {name} of {resource} is restarted again and again: its liveness probe{probe} fails"),
    ("startup", Cause.STARTUP_PROBE, "container {name} of {resource} does not pass its startup probe{probe} in time"),
)  # fmt: skip


def crash_findings(
    resource: Resource,
    pod: KubernetesObject,
    status: KubernetesObject,
    look: Look,
    *,
    init: bool,
) -> Iterator[Finding]:
    """What a container's ends say, once there were two; a Job counts its own retries and says itself when it failed."""
    ended, crashes = _last_end(pod, status, look)
    if not ended or crashes < CRASHES or resource.kind == "Job" or text(ended, "reason") in START_ERRORS:
        return
    if init and number(ended, "exitCode") == 0 and not is_sidecar(pod, status):
        return
    said = [event for event in look.said_of(pod) if event.container == text(status, "name")]
    yield _crash(resource, pod, status, ended, said, init=init)


def end_in_words(ended: KubernetesObject) -> str:
    """How a container ended: its exit code, and what that means where it is a known one."""
    code = number(ended, "exitCode")
    if text(ended, "reason") == _OOM:
        return f"exit code {code} (killed for using too much memory)"
    meaning = _MEANINGS.get(code)
    return f"exit code {code} ({meaning})" if meaning else f"exit code {code}"


def is_sidecar(pod: KubernetesObject, status: KubernetesObject) -> bool:
    """Whether an init container is one that runs beside the others (`restartPolicy: Always`, Kubernetes 1.28)."""
    name = text(status, "name")
    return any(
        text(spec, "name") == name and text(spec, "restartPolicy") == "Always"
        for spec in mappings(pod, "spec", "initContainers")
    )


def probe_in_words(pod: KubernetesObject, container: str, kind: str) -> str:
    """What a container's probe does, such as ` (GET /healthz on port 8080)`; empty if it has none."""
    for spec in mappings(pod, "spec", "containers") + mappings(pod, "spec", "initContainers"):
        probe = mapping(spec, kind)
        if text(spec, "name") != container or not probe:
            continue
        if http := mapping(probe, "httpGet"):
            return f" (GET {text(http, 'path') or '/'} on port {text(http, 'port')})"
        if tcp := mapping(probe, "tcpSocket"):
            return f" (TCP port {text(tcp, 'port')})"
        if grpc := mapping(probe, "grpc"):
            return f" (gRPC on port {text(grpc, 'port')})"
        command = mapping(probe, "exec").get("command")
        if isinstance(command, list):
            return f" ({' '.join(map(str, command))})"[:80]
    return ""


def _last_end(pod: KubernetesObject, status: KubernetesObject, look: Look) -> tuple[KubernetesObject, int]:
    """How the container ended last, and how often it did; empty if that was after a long time of calm.

    Of one that runs again only the restarts since it was seen first count: the others may be weeks old.
    """
    state, restarts = mapping(status, "state"), number(status, "restartCount")
    ended = mapping(state, "terminated")
    crashes = restarts + 1
    if not ended:
        ended = mapping(status, "lastState", "terminated")
    if "running" in state:
        key = (text(pod, "metadata", "uid"), text(status, "name"))
        crashes = restarts - look.restarts_before.get(key, restarts)
    calm = lived_s(ended) >= STEADY_S
    return ({}, 0) if calm else (ended, crashes)


def _crash(
    resource: Resource,
    pod: KubernetesObject,
    status: KubernetesObject,
    ended: KubernetesObject,
    said: Sequence[Said],
    *,
    init: bool,
) -> Finding:
    name, code = text(status, "name") or "?", number(ended, "exitCode")
    where = text(pod, "metadata", "name")
    evidence = [
        f"exit code {code}, reason {text(ended, 'reason') or 'unknown'}, {number(status, 'restartCount')} restarts",
        text(ended, "message"),
    ]
    for kind, cause, words in _PROBES:
        if any(_killed_by(event, kind) for event in said):
            sentence = words.format(
                name=name, resource=resource, probe=probe_in_words(pod, name, f"{kind}Probe")
            )
            evidence[:0] = [event.message for event in said if _is_probe(event, kind)][-1:]
            return finding(cause, resource, sentence, evidence, pod=where, container=name)
    if text(ended, "reason") == _OOM:
        limit = _memory_limit(pod, name)
        allowed = f"its limit of {limit} allows" if limit else "its limit allows"
        sentence = f"container {name} of {resource} uses more memory than {allowed}"
        return finding(Cause.OUT_OF_MEMORY, resource, sentence, evidence, pod=where, container=name)
    hooks = [event.message for event in said if event.reason == "FailedPostStartHook"]
    if hooks:
        sentence = f"container {name} of {resource} is killed again and again: its postStart hook fails"
        advice = "Correct lifecycle.postStart in the values or the chart."
        return finding(
            Cause.CANNOT_START,
            resource,
            sentence,
            (hooks[-1], *evidence),
            advice=advice,
            pod=where,
            container=name,
        )
    if init:
        sentence = f"init container {name} of {resource} keeps failing with {end_in_words(ended)}"
        return finding(Cause.INIT_CRASH, resource, sentence, evidence, pod=where, container=name)
    if code == 0:
        sentence = (
            f"container {name} of {resource} ends by itself with exit code 0, but is meant to keep running"
        )
        advice = "Let its command stay in the foreground; what is meant to end belongs into a Job."
        return finding(
            Cause.CRASH_LOOP, resource, sentence, evidence, advice=advice, pod=where, container=name
        )
    sentence = f"container {name} of {resource} keeps crashing with {end_in_words(ended)}"
    return finding(Cause.CRASH_LOOP, resource, sentence, evidence, pod=where, container=name)


def lived_s(ended: KubernetesObject) -> float:
    """How long a container's life was; 0 where the cluster does not say."""
    try:
        began, over = (datetime.fromisoformat(str(ended.get(key))) for key in ("startedAt", "finishedAt"))
        return (over - began).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return 0.0


def _killed_by(event: Said, probe: str) -> bool:
    return event.reason == "Killing" and f"failed {probe} probe" in event.message


def _is_probe(event: Said, probe: str) -> bool:
    return event.reason == "Unhealthy" and event.message.lower().startswith(f"{probe} probe")


def _memory_limit(pod: KubernetesObject, container: str) -> str:
    for spec in mappings(pod, "spec", "containers") + mappings(pod, "spec", "initContainers"):
        if text(spec, "name") == container:
            return re.sub(r"[^\w.]", "", text(spec, "resources", "limits", "memory"))
    return ""
