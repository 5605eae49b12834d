"""What a pod needs beside its images: ConfigMaps, Secrets and claims that have to be there first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.objects import Object, at, namespace_of
from trunkline.rehearsal.store import Store

# No file of this machine is looked at: what every Linux node has is there, and nothing else.
_DIRECTORIES = frozenset(
    {
        "",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/lib/modules",
        "/media",
        "/mnt",
        "/opt",
        "/proc",
        "/root",
    }
    | {"/run", "/sbin", "/srv", "/sys", "/sys/fs/cgroup", "/tmp", "/usr", "/usr/src", "/var", "/var/lib"}  # noqa: S108 - a node's
    | {
        "/var/lib/docker",
        "/var/lib/kubelet",
        "/var/lib/kubelet/pods",
        "/var/log",
        "/var/log/pods",
        "/var/run",
    }
)
_NEVER_THERE = {
    "File": "a file", "Socket": "a socket file", "CharDevice": "a character device", "BlockDevice": "a block device",
}  # fmt: skip


class References:
    """Looks up what pods refer to."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store = store
        self._maps, self._secrets = kinds.named("", "ConfigMap"), kinds.named("", "Secret")
        self._claims = kinds.named("", "PersistentVolumeClaim")

    def missing_for(self, pod: Object, container: Object) -> str:
        """What a container's environment lacks, in the kubelet's words; empty if it has all."""
        namespace = namespace_of(pod)
        for source in container.get("envFrom") or ():
            for key, plural in (("configMapRef", "configmap"), ("secretRef", "secret")):
                reference = at(source, key)
                if isinstance(reference, dict) and not reference.get("optional"):
                    name = str(reference.get("name"))
                    if self._data(plural, namespace, name) is None:
                        return f'{plural} "{name}" not found'
        for variable in container.get("env") or ():
            for key, plural in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
                reference = at(variable, "valueFrom", key)
                if not isinstance(reference, dict) or reference.get("optional"):
                    continue
                if said := self._missing_key(plural, namespace, reference):
                    return said
        return ""

    def unmounted(self, pod: Object) -> str:
        """Why a volume cannot be mounted yet, in the kubelet's words; empty if all can."""
        namespace = namespace_of(pod)
        for volume in at(pod, "spec", "volumes") or ():
            for kind, name, items in _wanted(volume):
                data = self._data(kind, namespace, name)
                head = f'MountVolume.SetUp failed for volume "{volume.get("name")}" : '
                if data is None:
                    return f'{head}{kind} "{name}" not found'
                lacking = next((item for item in items if item not in data), None)
                if lacking is not None:
                    return f"{head}{kind} references non-existent config key: {lacking}"
            if said := _refused_by_node(volume):
                return f'MountVolume.SetUp failed for volume "{volume.get("name")}" : {said}'
        return ""

    def unbound(self, pod: Object) -> str:
        """The claim that is not bound yet or not there; empty if there is none such."""
        for volume in at(pod, "spec", "volumes") or ():
            name = at(volume, "persistentVolumeClaim", "claimName")
            if name:
                claim = self._store.get(self._claims, namespace_of(pod), str(name))
                if claim is None or at(claim, "status", "phase") != "Bound":
                    return str(name)
        return ""

    def _missing_key(self, plural: str, namespace: str, reference: dict[str, Any]) -> str:
        name, key = str(reference.get("name")), str(reference.get("key"))
        data = self._data(plural, namespace, name)
        if data is None:
            return f'{plural} "{name}" not found'
        where = "ConfigMap" if plural == "configmap" else "Secret"
        return "" if key in data else f"couldn't find key {key} in {where} {namespace}/{name}"

    def _data(self, plural: str, namespace: str, name: str) -> dict[str, Any] | None:
        kind = self._maps if plural == "configmap" else self._secrets
        found = self._store.get(kind, namespace, name)
        return None if found is None else {**(found.get("data") or {}), **(found.get("binaryData") or {})}


def _wanted(volume: Any) -> Iterator[tuple[str, str, list[str]]]:
    """What a volume is made of: kind, name and the keys that have to be there."""
    sources = [volume, *(at(volume, "projected", "sources") or ())]
    for source in sources:
        for key, kind, label in (("configMap", "configmap", "name"), ("secret", "secret", "secretName")):
            found = at(source, key)
            if isinstance(found, dict) and not found.get("optional"):
                name = found.get(label) or found.get("name")
                yield (
                    kind,
                    str(name),
                    [str(item.get("key")) for item in found.get("items") or () if isinstance(item, dict)],
                )


def _refused_by_node(volume: Any) -> str:
    """Why the node cannot give what the volume wants of it: a path that no system has, or a driver."""
    path, kind = str(at(volume, "hostPath", "path") or ""), str(at(volume, "hostPath", "type") or "")
    if (kind == "Directory" and path.rstrip("/") not in _DIRECTORIES) or kind in _NEVER_THERE:
        return f"hostPath type check failed: {path} is not {_NEVER_THERE.get(kind, 'a directory')}"
    driver = at(volume, "csi", "driver")
    if driver:
        return (
            "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name "
            f"{driver} not found in the list of registered CSI drivers"
        )
    return ""
