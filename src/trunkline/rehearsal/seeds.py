"""What is there in a cluster before anybody comes: namespaces, storage and priority classes, nodes and the API's own Service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from trunkline.rehearsal.admission.priorities import SYSTEM_CLASSES
from trunkline.rehearsal.controllers.volume_claims import storage_classes
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import VERSION, Kinds
from trunkline.rehearsal.objects import Object, microseconds, timestamp
from trunkline.rehearsal.registry import Registry, Write
from trunkline.rehearsal.store import Store

_BY = Write("kube-apiserver")
_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
HOST_IP = "192.0.2.10"
"""The address of every node, from a range that is for examples only (RFC 5737)."""
CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
"""What a node that is well says of itself: type, status, reason, message."""
_LARGE = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "5000"}


def seed(registry: Registry, kinds: Kinds, store: Store, nodes: Iterable[str], now: datetime) -> None:
    """Create it."""
    with store.lock:
        namespaces = kinds.named("", "Namespace")
        for name in _NAMESPACES:
            registry.create(namespaces, {"metadata": {"name": name}}, _BY)
            # Whoever comes first may want a pod.
            _create(
                registry, kinds, "", "ServiceAccount", {"metadata": {"name": "default", "namespace": name}}
            )
        for storage_class in storage_classes():
            registry.create(kinds.named("storage.k8s.io", "StorageClass"), storage_class, _BY)
        for priority_class in SYSTEM_CLASSES:
            registry.create(kinds.named("scheduling.k8s.io", "PriorityClass"), priority_class, _BY)
        for name in nodes:
            create_node(registry, kinds, name, now)
        _create(registry, kinds, "", "Service", {
            "metadata": {"name": "kubernetes", "namespace": "default"},
            "spec": {"clusterIP": "10.96.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
        })  # fmt: skip


def create_node(registry: Registry, kinds: Kinds, name: str, now: datetime) -> None:
    """Add a node that is ready."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    since = timestamp(now)
    conditions = [
        {
            "type": name,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": since,
            "lastTransitionTime": since,
        }
        for name, status, reason, message in CONDITIONS
    ]
    info = {
        "kubeletVersion": VERSION,
        "operatingSystem": "linux",
        "architecture": "amd64",
        "osImage": "a rehearsal",
        "kernelVersion": "none",
        "containerRuntimeVersion": "rehearsal://1",
    }
    addresses = [{"type": "InternalIP", "address": HOST_IP}, {"type": "Hostname", "address": name}]
    status = {"capacity": dict(_LARGE), "allocatable": dict(_LARGE), "conditions": conditions}
    _create(registry, kinds, "", "Node", {
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {**status, "addresses": addresses, "nodeInfo": info},
    })  # fmt: skip
    _create(registry, kinds, "coordination.k8s.io", "Lease", {
        "metadata": {"name": name, "namespace": "kube-node-lease"},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": microseconds(now)},
    })  # fmt: skip


def _create(registry: Registry, kinds: Kinds, group: str, kind: str, value: Object) -> None:
    try:
        registry.create(kinds.named(group, kind), value, _BY)
    except ApiError as error:
        if error.reason != "AlreadyExists":
            raise
