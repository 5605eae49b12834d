"""Reads what containers wrote, once: all pods that a selector matches, and the last words of one container."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError
from trunkline.ports import LogLine

SILENCE_S = 20.0
NOT_STARTED = 400
_LAST_WORDS = Patience(request_s=5.0, retry_s=1.0)
# A kubelet says so with status 200 when the log file was removed meanwhile.
_NO_LOG = "unable to retrieve container logs for "


def read_logs(
    client: KubernetesClient,
    redactor: Redactor,
    namespace: str,
    chosen: Sequence[Mapping[str, str]],
    tail: int | None,
) -> Iterator[LogLine]:
    """The log of each container of each pod, one after another; containers that never started have none."""
    for pod in _matching(client, namespace, chosen):
        name = str(pod["metadata"]["name"])
        for container in containers_of(pod):
            query = {"container": container, "tailLines": "" if tail is None else str(tail)}
            try:
                with client.lines(log_path(namespace, name), query, silence_s=SILENCE_S) as lines:
                    for line in lines:
                        yield LogLine(name, container, redactor.text(line))
            except ApiError as error:
                if error.code != NOT_STARTED and not error.not_found:
                    raise


def last_log(
    client: KubernetesClient, redactor: Redactor, namespace: str, pod: str, container: str, lines: int
) -> tuple[str, ...]:
    """See `Cluster.last_log`. It is evidence for a failure: none is better than a second failure."""
    client = client.with_patience(_LAST_WORDS)
    for previous in ("true", ""):
        query = {"container": container, "tailLines": str(lines), "previous": previous}
        try:
            text = client.text(log_path(namespace, pod), **query)
        except TrunklineError:
            continue
        found = tuple(redactor.text(line) for line in text.splitlines() if not line.startswith(_NO_LOG))
        if found:
            return found
    return ()


def containers_of(pod: Mapping[str, Any]) -> Iterator[str]:
    """The names of all containers of a pod, in the order in which they start."""
    spec = pod.get("spec") or {}
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        for container in spec.get(kind) or ():
            yield str(container["name"])


def log_path(namespace: str, pod: str) -> str:
    """The API path of a pod's log."""
    return path_of("/api/v1/namespaces", namespace, "pods", pod, "log")


def _matching(
    client: KubernetesClient, namespace: str, chosen: Sequence[Mapping[str, str]]
) -> Sequence[JsonObject]:
    """The pods that any of the selectors matches, oldest first, each one once."""
    pods: dict[str, JsonObject] = {}
    for selector in chosen:
        path = path_of("/api/v1/namespaces", namespace, "pods")
        for pod in client.list(path, labels=selectors.spell(selector)).items:
            pods.setdefault(str(pod["metadata"].get("uid")), pod)
    return sorted(pods.values(), key=lambda pod: str(pod["metadata"].get("creationTimestamp")))
