"""Removing objects, and knowing when their pods are gone: what an uninstall is not done without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.client import KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.discovery import Kinds, UnknownKind
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.domain.rollouts import KubernetesObject
from trunkline.errors import TrunklineError
from trunkline.ports import Clock

_WITH_PODS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"}
_POLL_S = 0.5
_PATIENCE = Patience(request_s=5.0, retry_s=0.0)


def delete(client: KubernetesClient, objects: Iterable[Mapping[str, Any]], namespace: str) -> None:
    """See `Cluster.delete`."""
    kinds = Kinds(client)
    for thing in objects:
        try:
            client.delete(kinds.address(thing, namespace), propagationPolicy="Background")
        except UnknownKind:
            continue
        except ApiError as error:
            if not error.not_found:
                raise


def gone(
    client: KubernetesClient,
    clock: Clock,
    objects: Iterable[Mapping[str, object]],
    namespace: str,
    timeout_s: float,
) -> bool:
    """See `Cluster.gone`. Pods are matched by selector and by their owner's name, for the owners are gone."""
    client = client.with_patience(_PATIENCE)
    deadline = clock.monotonic() + timeout_s
    waiting = [thing for thing in objects if thing.get("kind") == "Pod" or thing.get("kind") in _WITH_PODS]
    while True:
        with_pods = []
        for thing in waiting:
            try:
                if _has_pods(client, thing, namespace):
                    with_pods.append(thing)
            except TrunklineError:
                with_pods.append(thing)
        waiting = with_pods
        left = deadline - clock.monotonic()
        if not waiting or left <= 0:
            return not waiting
        clock.sleep(min(_POLL_S, left))


def _has_pods(client: KubernetesClient, thing: Mapping[str, Any], namespace: str) -> bool:
    metadata = thing.get("metadata") or {}
    name, kind = str(metadata.get("name", "")), thing.get("kind")
    path = path_of("/api/v1/namespaces", str(metadata.get("namespace") or namespace), "pods")
    if kind == "Pod":
        pods = client.list(path, fields=f"metadata.name={name}").items
        return bool(pods)
    pods = client.list(path, labels=selectors.of_workload(thing)).items
    return any(_owned_by(pod, str(kind), name) for pod in pods)


def _owned_by(pod: KubernetesObject, kind: str, name: str) -> bool:
    for owner in _owners(pod):
        owner_kind, owner_name = owner.get("kind"), str(owner.get("name", ""))
        if kind == "Deployment":
            if owner_kind == "ReplicaSet" and owner_name.rpartition("-")[0] == name:
                return True
        elif owner_kind == kind and owner_name == name:
            return True
    return False


def _owners(live: KubernetesObject) -> Sequence[Mapping[str, Any]]:
    return (live.get("metadata") or {}).get("ownerReferences") or ()
