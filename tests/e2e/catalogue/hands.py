"""The hands of a person, or of a controller, in one case's namespace: what they look at, and what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.kubeconfig import load
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget

# Longer than anything in a case takes; one that hangs must end.
PATIENCE_S = 150.0
_PAUSE_S = 0.25


def open_client(kubeconfig: Path) -> KubernetesClient:
    """The API of the cluster that a kubeconfig names."""
    clock, redactor = SystemClock(), Redactor()
    access = load(ClusterTarget(str(kubeconfig)), os.environ, Path.home())
    credentials = Credentials(access, SubprocessProcesses(os.environ, redactor), clock, redactor)
    return KubernetesClient(access, credentials, HttpClient, clock, redactor)


class Hands:
    """What a case does besides Trunkline, through the API."""

    def __init__(self, client: KubernetesClient, namespace: str, words: Mapping[str, str]) -> None:
        self.client = client
        self.namespace = namespace
        self._words = words
        self._undo: list[Callable[[], object]] = []

    def fill(self, text: str) -> str:
        """The text with what `@...@` stands for in this case."""
        for word, meaning in self._words.items():
            text = text.replace(f"@{word}@", meaning)
        return text

    def path(self, resource: str, group: str = "") -> str:
        """Where objects of this namespace are: `pods`, or `deployments/web` of the group `apps`."""
        root = f"/apis/{group}/v1" if group else "/api/v1"
        return f"{root}/namespaces/{self.namespace}/{resource}"

    def pods(self, app: str = "web") -> list[dict[str, Any]]:
        """The pods of one workload that nobody has deleted, oldest first."""
        found = self.client.list(self.path("pods"), labels=f"app={app}").items
        living = [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]
        return sorted(living, key=lambda pod: str(pod["metadata"]["creationTimestamp"]))

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Wait until something holds; what it gave."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                found = holds()
            except ApiError as error:
                if not error.not_found:
                    raise
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, f"in {self.namespace} this never came to be: {what}"
            time.sleep(_PAUSE_S)

    def running_pod(self, app: str = "web", count: int = 1) -> dict[str, Any]:
        """Wait for running pods of a workload; the newest of them."""

        def look() -> dict[str, Any] | None:
            running = [pod for pod in self.pods(app) if pod["status"].get("phase") == "Running"]
            return running[-1] if len(running) >= count else None

        found: dict[str, Any] = self.until(f"{count} running pods of {app}", look)
        return found

    def evict(self, pod: dict[str, Any]) -> None:
        """As `kubectl drain` does it."""
        name = pod["metadata"]["name"]
        body = {"apiVersion": "policy/v1beta1", "kind": "Eviction", "metadata": {"name": name}}
        self.client.create(self.path(f"pods/{name}/eviction"), body)

    def cordon(self, *, closed: bool) -> None:
        """Close the node to new pods, or open it."""
        self.client.patch(self.fill("/api/v1/nodes/@NODE@"), {"spec": {"unschedulable": closed or None}})

    def slots(self, count: int | None) -> None:
        """How many of this case's own resource the node has; None takes it away."""
        name = self.fill("catalogue.example.com/@NAMESPACE@")
        amounts = {name: None if count is None else str(count)}
        status = {"capacity": amounts} | ({"allocatable": amounts} if count is None else {})
        self.client.patch(self.fill("/api/v1/nodes/@NODE@/status"), {"status": status})
        if count is not None:
            self._undo.append(lambda: self.slots(None))

    def make_volume(self, claim_name: str) -> None:
        """Make a volume for a claim of this namespace."""
        metadata = {"name": self.namespace}
        spec = {
            "capacity": {"storage": "1Mi"},
            "accessModes": ["ReadWriteOnce"],
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"name": claim_name, "namespace": self.namespace},
            "hostPath": {"path": "/tmp"},
        }
        path = "/api/v1/persistentvolumes"
        body = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": metadata, "spec": spec}
        self.client.create(path, body)
        self._undo.append(lambda: self.client.delete(f"{path}/{self.namespace}"))

    def clean(self) -> None:
        """Take back what was done outside of the namespace."""
        while self._undo:
            self._undo.pop()()

    def tell(self, pod: dict[str, Any], reason: str, message: str, kind: str = "Normal") -> None:
        """Post an event on a pod, as a controller does."""
        metadata = pod["metadata"]
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": self.namespace},
            "involvedObject": {
                "apiVersion": "v1",
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": self.namespace,
                "uid": metadata["uid"],
            },
            "reason": reason,
            "message": message,
            "type": kind,
            "source": {"component": "catalogue"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        self.client.create(self.path("events"), event)

    def conditions(self, path: str, *conditions: Mapping[str, str]) -> None:
        """Write an object's conditions, as its controller does."""
        self.until(path, lambda: self.client.get(path))
        self.client.patch(f"{path}/status", {"status": {"conditions": list(conditions)}})
