"""PersistentVolumeClaims: bound at once, for a pod, never; protected and reclaimed."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.controllers.world import World
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.volume_claims import VolumeClaims, storage_classes
from trunkline.rehearsal.objects import Object, at


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        self.loop.add(
            VolumeClaims(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events))
        )
        for storage_class in storage_classes():
            self.create(storage_class)

    def claim(self, **spec: Any) -> None:
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}, **spec}
        self.create(
            {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}, "spec": spec}
        )
        self.settle()

    def pod(self) -> None:
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
        self.create(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"volumes": [volume]}}
        )
        self.settle()

    @property
    def found(self) -> Object:
        return self.get("PersistentVolumeClaim", "data")

    def reasons(self) -> list[str]:
        return [reason for reason, _, _ in self.told("data")]


def test_a_claim_is_bound_at_once() -> None:
    """A claim of an immediate class gets a volume of its own, and tells of it."""
    cluster = Cluster()
    cluster.claim(storageClassName="immediate")
    claim = cluster.found
    (volume,) = cluster.all("PersistentVolume")
    assert claim["status"] == {
        "phase": "Bound",
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "2Gi"},
    }
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == f"pvc-{claim['metadata']['uid']}"
    assert (volume["status"]["phase"], volume["spec"]["claimRef"]["name"]) == ("Bound", "data")
    assert cluster.reasons() == ["ExternalProvisioning", "Provisioning", "ProvisioningSucceeded"]


def test_a_claim_waits_for_its_first_pod() -> None:
    """A claim without a class is one of the default class, which waits for a pod."""
    cluster = Cluster()
    cluster.claim()
    assert (cluster.found["spec"]["storageClassName"], cluster.found["status"]["phase"]) == (
        "standard",
        "Pending",
    )
    assert cluster.told("data") == [
        ("WaitForFirstConsumer", "waiting for first consumer to be created before binding", 1)
    ]
    cluster.pod()
    assert cluster.found["status"]["phase"] == "Bound"


def test_a_class_that_is_not_there() -> None:
    """A claim of an unknown class stays pending, with the event of the real controller."""
    cluster = Cluster()
    cluster.claim(storageClassName="nope")
    assert cluster.found["status"]["phase"] == "Pending"
    assert cluster.told("data") == [("ProvisioningFailed", 'storageclass.storage.k8s.io "nope" not found', 1)]
    cluster.create({**storage_classes()[1], "metadata": {"name": "nope"}})
    cluster.settle()
    assert cluster.found["status"]["phase"] == "Bound"


def test_a_volume_that_was_made_by_hand() -> None:
    """A claim without any class is bound to a volume that is there, or to none."""
    cluster = Cluster()
    cluster.claim(storageClassName="")
    assert cluster.reasons() == ["FailedBinding"]
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}}
    cluster.create(
        {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "mine"}, "spec": spec}
    )
    cluster.change("PersistentVolumeClaim", "data", lambda value: value["metadata"].update(labels={"a": "b"}))
    cluster.settle()
    assert cluster.found["spec"]["volumeName"] == "mine"
    assert cluster.found["status"]["capacity"] == {"storage": "5Gi"}


def test_a_claim_in_use_is_protected() -> None:
    """A claim that a pod uses stays until the pod is gone, and then goes with its volume."""
    cluster = Cluster()
    cluster.claim(storageClassName="immediate")
    cluster.pod()
    cluster.delete("PersistentVolumeClaim", "data")
    cluster.settle()
    assert at(cluster.found, "metadata", "finalizers") == ["kubernetes.io/pvc-protection"]
    cluster.delete("Pod", "web")
    cluster.settle()
    assert cluster.all("PersistentVolumeClaim") == cluster.all("PersistentVolume") == []
