"""Looks at workloads: the live object, its ReplicaSets, its pods and the warnings about any of them.

One look costs per workload one read and one list of pods (a Deployment's ReplicaSets another), and per namespace
one list of warnings. `observe` looks every half second; that it is an iterator leaves room for watches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.domain.redaction import Redactor
from trunkline.domain.rollouts import KubernetesObject, Observation, Resource
from trunkline.errors import TrunklineError
from trunkline.ports import Clock

_COLLECTIONS = {
    "Deployment": ("/apis/apps/v1/namespaces", "deployments"),
    "StatefulSet": ("/apis/apps/v1/namespaces", "statefulsets"),
    "DaemonSet": ("/apis/apps/v1/namespaces", "daemonsets"),
    "Job": ("/apis/batch/v1/namespaces", "jobs"),
}
_POLL_S = 0.5
_TROUBLED_POLL_S = 2.0
_PATIENCE = Patience(request_s=5.0, retry_s=0.0)


@dataclass(slots=True)
class _Look:
    """What one look has found so far."""

    objects: dict[Resource, KubernetesObject | None] = field(default_factory=dict)
    owners: dict[Resource, tuple[KubernetesObject, ...]] = field(default_factory=dict)
    pods: dict[Resource, tuple[KubernetesObject, ...]] = field(default_factory=dict)

    def in_namespace(self, namespace: str) -> Iterator[KubernetesObject]:
        """Everything that was found there."""
        for workload, live in self.objects.items():
            if workload.namespace == namespace and live is not None:
                yield live
                yield from self.owners.get(workload, ())
                yield from self.pods.get(workload, ())


class PollingWatch:
    """Implements the port `Watch` by looking again and again."""

    def __init__(self, client: KubernetesClient, clock: Clock, redactor: Redactor, namespace: str) -> None:
        self._client, self._clock, self._redactor = client, clock, redactor
        self._namespace = namespace

    def observe(self, resources: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        """See the port."""
        return observe(self._client, self._clock, self._redactor, resources, timeout_s)

    def look(self, resources: Sequence[Resource]) -> Observation:
        """See the port."""
        return look(self._client, self._redactor, resources)

    def hooks(self) -> Observation:
        """See the port."""
        return Observation(0.0, {})


def observe(
    client: KubernetesClient,
    clock: Clock,
    redactor: Redactor,
    workloads: Sequence[Resource],
    timeout_s: float,
) -> Iterator[Observation]:
    """See `Cluster.observe`."""
    client = client.with_patience(_PATIENCE)
    started = clock.monotonic()
    seen = Observation(0.0, dict.fromkeys(workloads))
    while True:
        began = clock.monotonic()
        expired = began - started >= timeout_s
        try:
            found = look(client, redactor, workloads)
        except TrunklineError as error:
            found = replace(seen, trouble=error.message)
        seen = replace(found, elapsed_s=clock.monotonic() - started, expired=expired)
        yield seen
        if expired:
            return
        pause = _TROUBLED_POLL_S if seen.trouble else _POLL_S
        now = clock.monotonic()
        clock.sleep(max(0.0, min(began + pause, started + timeout_s) - now))


def look(client: KubernetesClient, redactor: Redactor, workloads: Sequence[Resource]) -> Observation:
    """One look, now.

    Raises:
        Unreachable: the API does not answer, or does not let us look.
    """
    found = _Look()
    for workload in workloads:
        found.objects[workload] = live = _live(client, workload)
        if live is not None:
            _find_pods(client, workload, live, found)
    events: list[JsonObject] = []
    for namespace in dict.fromkeys(workload.namespace for workload in workloads):
        events += _events(client, namespace, tuple(found.in_namespace(namespace)))
    events.sort(key=_moment)
    # Their messages are shown to people and written to the ledger.
    return Observation(0.0, found.objects, found.owners, found.pods, tuple(map(redactor.value, events)))


def _live(client: KubernetesClient, workload: Resource) -> KubernetesObject | None:
    base, collection = _COLLECTIONS[workload.kind]
    try:
        return client.get(path_of(base, workload.namespace, collection, workload.name))
    except ApiError as error:
        if error.not_found:
            return None
        raise


def _find_pods(client: KubernetesClient, workload: Resource, live: KubernetesObject, found: _Look) -> None:
    selector = selectors.of_workload(live)
    pods = client.list(path_of("/api/v1/namespaces", workload.namespace, "pods"), labels=selector).items
    owners = {_uid(live)}
    if workload.kind == "Deployment":
        # After the pods: then each pod's ReplicaSet is surely among them.
        path = path_of("/apis/apps/v1/namespaces", workload.namespace, "replicasets")
        sets = client.list(path, labels=selector).items
        found.owners[workload] = tuple(item for item in sets if owners & _owner_uids(item))
        owners = set(map(_uid, found.owners[workload]))
    found.pods[workload] = tuple(pod for pod in pods if owners & _owner_uids(pod))


def _events(
    client: KubernetesClient, namespace: str, about: Sequence[KubernetesObject]
) -> Iterator[JsonObject]:
    uids = set(map(_uid, about))
    queries = ["type=Warning"]
    if any(map(_unschedulable, about)):
        # No warning, but it tells that the wait for a node will end.
        queries.append("reason=TriggeredScaleUp")
    for query in queries:
        try:
            listed = client.list(path_of("/api/v1/namespaces", namespace, "events"), fields=query).items
        except ApiError as error:
            if error.forbidden:
                # Evidence only: who may not read events can still see how a rollout goes.
                return
            raise
        yield from (event for event in listed if (event.get("involvedObject") or {}).get("uid") in uids)


def _unschedulable(live: KubernetesObject) -> bool:
    conditions = (live.get("status") or {}).get("conditions") or ()
    return any(condition.get("reason") == "Unschedulable" for condition in conditions)


def _moment(event: Mapping[str, Any]) -> str:
    """When an event was last seen; RFC 3339 in UTC sorts as text."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or (event.get("metadata") or {}).get("creationTimestamp")
        or ""
    )


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
    waiting = [thing for thing in objects if thing.get("kind") == "Pod" or thing.get("kind") in _COLLECTIONS]
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


def _uid(live: KubernetesObject) -> str:
    return str((live.get("metadata") or {}).get("uid") or "")


def _owners(live: KubernetesObject) -> Sequence[Mapping[str, Any]]:
    return (live.get("metadata") or {}).get("ownerReferences") or ()


def _owner_uids(live: KubernetesObject) -> set[str]:
    return {str(owner.get("uid")) for owner in _owners(live)}
