"""The three clusters that the contract of `Cluster` is tried on, and how each is brought into a state.

`FakeStage` writes into the fake; `ApiStage` and `RealStage` speak to an API server, the one in memory playing the
controllers itself, the real one waiting for its own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from tests.fakes.cluster import FakeCluster, FakePod
from tests.fakes.kubernetes_api import FakeKubernetesApi
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.kubernetes import KubernetesCluster
from trunkline.adapters.kubernetes.access import Access
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.adapters.kubernetes.helm_records import decode, encode
from trunkline.adapters.kubernetes.kubeconfig import load
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.domain.rollouts import Observation, Resource
from trunkline.ports import Cluster, Http, LeaseHolder, TlsSettings

# What the talkative containers say: the words of Kubernetes' own pause program, which every node has.
WORDS = "pause"


class Stage(Protocol):
    """A cluster in which `namespace` is there, empty and ours; `clean` leaves nothing behind."""

    cluster: Cluster
    namespace: str

    def doomed_namespace(self) -> str:
        """A namespace that is being deleted and does not come to an end."""
        ...

    def steal(self, target: ReleaseTarget) -> None:
        """Give the lease of a release to somebody else by force."""
        ...

    def holder(self, target: ReleaseTarget) -> str:
        """Who holds the lease of a release."""
        ...

    def helm_record(self, target: ReleaseTarget, revision: int, status: str) -> None:
        """Write Helm's record of a revision."""
        ...

    def helm_state(self, target: ReleaseTarget, revision: int) -> tuple[str, str]:
        """Status and description in Helm's record."""
        ...

    def deploy(self, name: str, *, talks: bool) -> dict[str, Any]:
        """A Deployment of one pod labelled `app: name`, with a container `main` that rests, or speaks and ends."""
        ...

    def remove(self, manifest: dict[str, Any]) -> None:
        """Delete a Deployment and its pods."""
        ...

    def clean(self) -> None:
        """Remove everything."""
        ...


class FakeStage:
    """The fake that other tests use."""

    def __init__(self) -> None:
        self.fake = FakeCluster()
        self.cluster: Cluster = self.fake
        self.namespace = "team"
        self.fake.namespaces.add(self.namespace)

    def doomed_namespace(self) -> str:
        self.fake.terminating.add("doomed")
        return "doomed"

    def steal(self, target: ReleaseTarget) -> None:
        self.fake.holders[str(target)] = LeaseHolder("thief", "a thief")

    def holder(self, target: ReleaseTarget) -> str:
        return self.fake.holders[str(target)].identity

    def helm_record(self, target: ReleaseTarget, revision: int, status: str) -> None:
        self.fake.records[(str(target), revision)] = [status, ""]

    def helm_state(self, target: ReleaseTarget, revision: int) -> tuple[str, str]:
        status, description = self.fake.records[(str(target), revision)]
        return status, description

    def deploy(self, name: str, *, talks: bool) -> dict[str, Any]:
        logs = {"main": [f"{WORDS}.c"]} if talks else {}
        self.fake.pods.append(FakePod(self.namespace, f"{name}-1-a", name, {"app": name}, logs, dict(logs)))
        manifest = deployment(name, self.namespace, "image", talks=talks)
        workload = Resource("Deployment", self.namespace, name)
        seen = Observation(
            0.1, {workload: manifest}, {workload: (_replica_set(name),)}, {workload: (_pod(name),)}
        )
        self.fake.observations.append(seen)
        return manifest

    def remove(self, manifest: dict[str, Any]) -> None:
        self.fake.pods.clear()

    def clean(self) -> None:
        pass


class ApiStage:
    """The real adapter over an API server."""

    def __init__(self, access: Access, http: Callable[[TlsSettings], Http]) -> None:
        clock, redactor = SystemClock(), Redactor()
        credentials = Credentials(access, SubprocessProcesses(os.environ, redactor), clock, redactor)
        self.client = KubernetesClient(access, credentials, http, clock, redactor)
        self.cluster: Cluster = KubernetesCluster(lambda: self.client, clock, redactor)
        self.namespace = f"contract-{secrets.token_hex(4)}"
        self.cluster.ensure_namespace(self.namespace)
        self._namespaces = [self.namespace]

    def doomed_namespace(self) -> str:
        name = f"{self.namespace}-doomed"
        self.cluster.ensure_namespace(name)
        self._namespaces.append(name)
        self.client.create(
            f"/api/v1/namespaces/{name}/configmaps",
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "stays", "finalizers": ["test/stays"]},
            },
        )
        self.client.delete(f"/api/v1/namespaces/{name}")
        return name

    def steal(self, target: ReleaseTarget) -> None:
        self.client.patch(_lease(target), {"spec": {"holderIdentity": "thief"}})

    def holder(self, target: ReleaseTarget) -> str:
        return str(self.client.get(_lease(target))["spec"]["holderIdentity"])

    def helm_record(self, target: ReleaseTarget, revision: int, status: str) -> None:
        name = f"sh.helm.release.v1.{target.name}.v{revision}"
        release = {"name": target.name, "version": revision, "info": {"status": status, "description": ""}}
        self.client.create(
            f"/api/v1/namespaces/{target.namespace}/secrets",
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "type": "helm.sh/release.v1",
                "metadata": {"name": name, "labels": {"status": status, "owner": "helm"}},
                "data": {"release": encode(release, secret=True)},
            },
        )

    def helm_state(self, target: ReleaseTarget, revision: int) -> tuple[str, str]:
        name = f"sh.helm.release.v1.{target.name}.v{revision}"
        record = self.client.get(f"/api/v1/namespaces/{target.namespace}/secrets/{name}")
        info = decode(record["data"]["release"], secret=True)["info"]
        assert record["metadata"]["labels"]["status"] == info["status"]
        return info["status"], info["description"]

    def deploy(self, name: str, *, talks: bool) -> dict[str, Any]:
        manifest = deployment(name, self.namespace, self._image(), talks=talks)
        self.client.create(f"/apis/apps/v1/namespaces/{self.namespace}/deployments", manifest)
        return manifest

    def remove(self, manifest: dict[str, Any]) -> None:
        name = manifest["metadata"]["name"]
        self.client.delete(
            f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}", propagationPolicy="Background"
        )

    def clean(self) -> None:
        for name in self._namespaces:
            if name.endswith("-doomed"):
                path = f"/api/v1/namespaces/{name}/configmaps/stays"
                self.client.patch(path, {"metadata": {"finalizers": None}})
            else:
                self.client.delete(f"/api/v1/namespaces/{name}")

    def _image(self) -> str:
        """The pause image that a node must have to run any pod."""
        names = (
            str(name)
            for node in self.client.list("/api/v1/nodes").items
            for image in node["status"].get("images", ())
            for name in image["names"]
        )
        return next(name for name in names if "/pause" in name and "@" not in name)


class MemoryStage(ApiStage):
    """The adapter over the API server in memory; the controllers' part is played here."""

    def __init__(self) -> None:
        self.api = FakeKubernetesApi()
        super().__init__(Access("https://memory:6443", "memory", "nowhere"), lambda _: self.api)

    def deploy(self, name: str, *, talks: bool) -> dict[str, Any]:
        manifest = super().deploy(name, talks=talks)
        base = f"namespaces/{self.namespace}"
        live = self.api.at(f"/apis/apps/v1/{base}/deployments/{name}")
        replica_set = _replica_set(name, _owner("Deployment", live))
        made = self.api.put(f"/apis/apps/v1/{base}/replicasets/{name}-1", replica_set)
        pod = _pod(name, _owner("ReplicaSet", made))
        self.api.put(f"/api/v1/{base}/pods/{name}-1-a", pod)
        if talks:
            self.api.write(f"{name}-1-a", "main", f"2026-03-01T12:00:00.000000001Z {WORDS}.c")
        return manifest

    def remove(self, manifest: dict[str, Any]) -> None:
        super().remove(manifest)
        name = manifest["metadata"]["name"]
        self.api.remove(f"/api/v1/namespaces/{self.namespace}/pods/{name}-1-a")

    def clean(self) -> None:
        self.api.close()

    def _image(self) -> str:
        return "registry.k8s.io/pause:3"


class RealStage(ApiStage):
    """The adapter over a real cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        super().__init__(load(ClusterTarget(str(kubeconfig)), os.environ, Path.home()), HttpClient)


def deployment(name: str, namespace: str, image: str, *, talks: bool) -> dict[str, Any]:
    container = {"name": "main", "image": image, "args": ["-v"] if talks else []}
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
            },
        },
    }


def _lease(target: ReleaseTarget) -> str:
    return f"/apis/coordination.k8s.io/v1/namespaces/{target.namespace}/leases/trunkline-{target.name}"


def _owner(kind: str, live: dict[str, Any]) -> list[dict[str, str]]:
    return [{"kind": kind, "name": live["metadata"]["name"], "uid": live["metadata"]["uid"]}]


def _replica_set(name: str, owners: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": f"{name}-1", "labels": {"app": name}, "ownerReferences": owners or []}}


def _pod(name: str, owners: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{name}-1-a", "labels": {"app": name}, "ownerReferences": owners or []},
        "spec": {"containers": [{"name": "main"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "main", "containerID": "memory://1", "state": {"running": {}}}],
        },
    }
