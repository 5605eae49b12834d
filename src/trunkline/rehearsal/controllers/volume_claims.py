"""PersistentVolumeClaims: binds them to volumes that are made for them, at once or for their first pod."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.controllers.readiness import has_ended
from trunkline.rehearsal.controllers.reading import entries, mapping, texts
from trunkline.rehearsal.objects import (
    Object,
    at,
    copy_of,
    is_ending,
    metadata,
    name_of,
    namespace_of,
    uid_of,
)
from trunkline.rehearsal.store import Change, Place

PROVISIONER = "rehearsal.trunkline.dev/volumes"
_COMPONENT = "persistentvolume-controller"
_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_PROTECTION = "kubernetes.io/pvc-protection"
_SELECTED = "volume.kubernetes.io/selected-node"


def storage_classes() -> list[Object]:
    """The classes that a new cluster has: `standard`, which waits for a pod and is the default, and `immediate`."""
    found = []
    for name, mode in (("standard", "WaitForFirstConsumer"), ("immediate", "Immediate")):
        annotations = {"annotations": {_DEFAULT: "true"}} if name == "standard" else {}
        found.append(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name, **annotations},
                "provisioner": PROVISIONER,
                "reclaimPolicy": "Delete",
                "volumeBindingMode": mode,
            }
        )
    return found


class VolumeClaims:
    """Binds claims, protects those in use, and removes the volumes of those that are gone."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("", "PersistentVolumeClaim"), means.kind("", "Pod")
        self._volumes = means.kind("", "PersistentVolume")
        self._classes = means.kind("storage.k8s.io", "StorageClass")
        self._users: dict[Place, set[Place]] = {}
        self._told: dict[Place, tuple[str, str]] = {}

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is self._pods:
            return self._note(change)
        if change.kind in (self._classes, self._volumes) and change.type == "ADDED":
            return [place_of(item) for item in self._means.store.all_of(self._kind)]
        return []

    def _note(self, change: Change) -> list[Place]:
        """Remember which pods use which claims; the claims whose users have changed."""
        pod, found = change.value, []
        for volume in entries(pod, "spec", "volumes"):
            name = at(volume, "persistentVolumeClaim", "claimName")
            if not name:
                continue
            place = namespace_of(pod), str(name)
            users = self._users.setdefault(place, set())
            is_user = change.type != "DELETED" and not has_ended(pod)
            if is_user != (place_of(pod) in users):
                found.append(place)
            (users.add if is_user else users.discard)(place_of(pod))
            if not users:
                del self._users[place]
        return found

    def reconcile(self, place: Place) -> None:
        """See the port."""
        claim = self._means.get(self._kind, place)
        if claim is None:
            self._told.pop(place, None)
            self._reclaim(place)
            return
        if is_ending(claim):
            if place not in self._users:
                self._means.drop_finalizer(self._kind, claim, _PROTECTION)
            return
        if _PROTECTION not in texts(claim, "metadata", "finalizers"):
            claim = self._means.edit(self._kind, claim, _protected)
        if at(claim, "status", "phase") not in ("Bound", "Lost"):
            self._bind(claim, has_user=place in self._users)

    def _reclaim(self, place: Place) -> None:
        for volume in self._means.store.all_of(self._volumes):
            reference = mapping(volume, "spec", "claimRef")
            if (reference.get("namespace"), reference.get("name")) != place:
                continue
            if at(volume, "spec", "persistentVolumeReclaimPolicy") == "Delete":
                self._means.delete(self._volumes, volume)
            else:
                self._means.set_status(self._volumes, volume, {"phase": "Released"})

    def _bind(self, claim: Object, *, has_user: bool) -> None:
        name = at(claim, "spec", "storageClassName")
        volume = self._ready_made(claim, name or "")
        if volume is not None:
            self._join(claim, volume)
            return
        if name is None:
            default = self._default_class()
            if default is not None:
                self._means.edit(
                    self._kind, claim, lambda value: value["spec"].update(storageClassName=default)
                )
                return
        if not name:
            said = "no persistent volumes available for this claim and no storage class is set"
            self._pending(claim, "Normal", "FailedBinding", said)
            return
        storage_class = self._means.store.get(self._classes, "", str(name))
        if storage_class is None:
            said = f'storageclass.storage.k8s.io "{name}" not found'
            self._pending(claim, "Warning", "ProvisioningFailed", said)
            return
        waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
        if waits and not has_user and _SELECTED not in mapping(claim, "metadata", "annotations"):
            said = "waiting for first consumer to be created before binding"
            self._pending(claim, "Normal", "WaitForFirstConsumer", said)
            return
        self._provision(claim, storage_class)

    def _pending(self, claim: Object, type_: Any, reason: str, message: str) -> None:
        self._means.set_status(self._kind, claim, {**mapping(claim, "status"), "phase": "Pending"})
        if self._told.get(place_of(claim)) != (uid_of(claim), message):
            self._told[place_of(claim)] = uid_of(claim), message
            self._means.say(claim, type_, reason, message, _COMPONENT)

    def _provision(self, claim: Object, storage_class: Object) -> None:
        provisioner = str(storage_class.get("provisioner") or PROVISIONER)
        said = (
            f"Waiting for a volume to be created either by the external provisioner '{provisioner}' or manually by "
            "the system administrator. If volume creation is delayed, please verify that the provisioner is running "
            "and correctly registered."
        )
        self._means.say(claim, "Normal", "ExternalProvisioning", said, _COMPONENT)
        where = f"{namespace_of(claim)}/{name_of(claim)}"
        said = f'External provisioner is provisioning volume for claim "{where}"'
        self._means.say(claim, "Normal", "Provisioning", said, provisioner)
        volume = self._means.create(self._volumes, _volume_for(claim, storage_class))
        said = f"Successfully provisioned volume {name_of(volume)}"
        self._means.say(claim, "Normal", "ProvisioningSucceeded", said, provisioner)
        self._join(claim, volume)

    def _join(self, claim: Object, volume: Object) -> None:
        volume = self._means.edit(
            self._volumes, volume, lambda value: value["spec"].update(claimRef=_reference(claim))
        )
        self._means.set_status(self._volumes, volume, {"phase": "Bound"})

        def edit(value: Any) -> None:
            value["spec"]["volumeName"] = name_of(volume)
            annotations = value["metadata"].setdefault("annotations", {})
            annotations["pv.kubernetes.io/bind-completed"] = "yes"
            annotations["pv.kubernetes.io/bound-by-controller"] = "yes"

        claim = self._means.edit(self._kind, claim, edit)
        status = {
            "phase": "Bound",
            "accessModes": copy_of(at(volume, "spec", "accessModes")),
            "capacity": copy_of(at(volume, "spec", "capacity")),
        }
        self._means.set_status(self._kind, claim, status)

    def _ready_made(self, claim: Object, storage_class: str) -> Object | None:
        """A volume that somebody has made, of the same class, for this claim or for anybody."""
        named = at(claim, "spec", "volumeName")
        modes = set(texts(claim, "spec", "accessModes"))
        for volume in self._means.store.all_of(self._volumes):
            reference = at(volume, "spec", "claimRef")
            is_ours = reference is None or (at(reference, "namespace"), at(reference, "name")) == place_of(
                claim
            )
            if not is_ours or at(reference, "uid") not in {None, "", uid_of(claim)}:
                continue
            if named and name_of(volume) != named:
                continue
            same_class = (at(volume, "spec", "storageClassName") or "") == storage_class
            if same_class and modes <= set(texts(volume, "spec", "accessModes")):
                return volume
        return None

    def _default_class(self) -> str | None:
        for item in self._means.store.all_of(self._classes):
            if mapping(item, "metadata", "annotations").get(_DEFAULT) == "true":
                return name_of(item)
        return None


def _reference(claim: Object) -> dict[str, Any]:
    return {
        "kind": "PersistentVolumeClaim",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
        "apiVersion": "v1",
        "resourceVersion": metadata(claim).get("resourceVersion"),
    }


def _volume_for(claim: Object, storage_class: Object) -> Object:
    name = f"pvc-{uid_of(claim)}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": storage_class.get("provisioner")},
        },
        "spec": {
            "capacity": {"storage": at(claim, "spec", "resources", "requests", "storage") or "1Gi"},
            "accessModes": copy_of(at(claim, "spec", "accessModes") or ["ReadWriteOnce"]),
            "claimRef": _reference(claim),
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy") or "Delete",
            "storageClassName": name_of(storage_class),
            "volumeMode": at(claim, "spec", "volumeMode") or "Filesystem",
            "hostPath": {"path": f"/var/lib/rehearsal/{name}", "type": "DirectoryOrCreate"},
        },
    }


def _protected(claim: Any) -> None:
    claim["metadata"].setdefault("finalizers", []).append(_PROTECTION)
