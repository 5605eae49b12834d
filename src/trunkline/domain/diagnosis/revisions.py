"""Which pods are of the newest revision, how many there are to be, and whether the controller knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trunkline.domain.diagnosis.look import is_leaving
from trunkline.domain.rollouts.shapes import at, holds, mapping, mappings, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Observation, Resource

_REVISION = "deployment.kubernetes.io/revision"
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def new_pods(workload: Resource, observation: Observation) -> Sequence[KubernetesObject]:
    """The pods of the workload's newest revision; empty while its controller has not made it yet."""
    live = observation.objects.get(workload)
    pods = observation.pods.get(workload, ())
    if live is None:
        return ()
    if workload.kind == "Pod":
        return (live,)
    if not is_observed(workload, live):
        return ()
    match workload.kind:
        case "Deployment":
            owner = new_replica_set(live, observation.owners.get(workload, ()))
            uid = text(owner, "metadata", "uid")
            return [pod for pod in pods if uid and uid in _owner_uids(pod)]
        case "StatefulSet":
            return _labelled(pods, "controller-revision-hash", text(live, "status", "updateRevision"))
        case "DaemonSet":
            generation = text(live, "metadata", "annotations", _TEMPLATE_GENERATION)
            return _labelled(pods, "pod-template-generation", generation)
        case _:
            uid = text(live, "metadata", "uid")
            return [pod for pod in pods if uid and uid in _owner_uids(pod)]


def standing_pods(workload: Resource, observation: Observation) -> Sequence[KubernetesObject]:
    """The new pods that are there to stay: not those that were deleted, evicted or preempted."""
    return [pod for pod in new_pods(workload, observation) if not is_leaving(pod)]


def old_pods(workload: Resource, observation: Observation) -> Sequence[KubernetesObject]:
    """The pods of earlier revisions that still take room; empty while nobody knows which those are."""
    live = observation.objects.get(workload)
    if live is None or not is_observed(workload, live):
        return ()
    new = [id(pod) for pod in new_pods(workload, observation)]
    return [
        pod
        for pod in observation.pods.get(workload, ())
        if id(pod) not in new and text(pod, "status", "phase") not in {"Failed", "Succeeded"}
    ]


def held_up(observation: Observation) -> Iterator[KubernetesObject]:
    """The pods of earlier revisions for which a StatefulSet waits in vain.

    It replaces no other pod before they are ready, and never these themselves (kubernetes.io, "StatefulSets", "Forced
    rollback"): somebody has to delete them.
    """
    for workload in observation.objects:
        if workload.kind == "StatefulSet":
            yield from (pod for pod in old_pods(workload, observation) if not is_ready(pod))


def new_replica_set(live: KubernetesObject, owners: Sequence[KubernetesObject]) -> KubernetesObject | None:
    """The ReplicaSet of a Deployment's newest revision."""
    revision = text(live, "metadata", "annotations", _REVISION)
    for owner in owners:
        if revision and text(owner, "metadata", "annotations", _REVISION) == revision:
            return owner
    return None


def is_observed(workload: Resource, live: KubernetesObject) -> bool:
    """Whether the controller has seen the newest spec; what its status says before that is old news."""
    if workload.kind in {"Job", "Pod"}:
        return True
    return number(live, "status", "observedGeneration") >= number(live, "metadata", "generation")


def wanted(workload: Resource, live: KubernetesObject) -> int:
    """How many pods there are to be."""
    match workload.kind:
        case "Job":
            return number(live, "spec", "completions") or 1
        case "DaemonSet":
            return number(live, "status", "desiredNumberScheduled")
        case "Pod":
            return 1
        case _:
            return 1 if at(live, "spec", "replicas") is None else number(live, "spec", "replicas")


def to_update(workload: Resource, live: KubernetesObject) -> int:
    """How many pods are to become new; an update strategy may leave the others for a person to replace."""
    strategy = mapping(live, "spec", "updateStrategy")
    if strategy.get("type") == "OnDelete":
        return 0
    return max(0, wanted(workload, live) - number(strategy, "rollingUpdate", "partition"))


def may_make_room(workload: Resource, observation: Observation) -> bool:
    """Whether old pods are leaving, or will be taken down before all new ones are there."""
    live = observation.objects.get(workload)
    old = old_pods(workload, observation)
    if any(at(pod, "metadata", "deletionTimestamp") for pod in observation.pods.get(workload, ())):
        return True
    if not old or workload.kind != "Deployment":
        return bool(old)
    if text(live, "spec", "strategy", "type") == "Recreate":
        return True
    return _unavailable(live) > 0


def changed_at(live: KubernetesObject) -> str:
    """When the spec was last changed (RFC 3339, UTC), as the API's own field management tells; empty if it does not."""
    times = [
        text(entry, "time")
        for entry in mappings(live, "metadata", "managedFields")
        if "f:spec" in mapping(entry, "fieldsV1")
        and text(entry, "manager") not in {"kube-controller-manager", "kubelet"}
    ]
    return max([*times, text(live, "metadata", "creationTimestamp")])


def is_ready(pod: KubernetesObject) -> bool:
    """Whether the pod's condition `Ready` holds."""
    return holds(pod, "Ready")


def _unavailable(live: KubernetesObject | None) -> int:
    """`maxUnavailable` of a Deployment as pods; a percentage is rounded down (Kubernetes' default is 25%)."""
    limit = at(live, "spec", "strategy", "rollingUpdate", "maxUnavailable")
    replicas = 1 if at(live, "spec", "replicas") is None else number(live, "spec", "replicas")
    if isinstance(limit, int):
        return limit
    percent = limit.rstrip("%") if isinstance(limit, str) else "25"
    return replicas * int(percent) // 100 if percent.isdecimal() else 0


def _labelled(pods: Sequence[KubernetesObject], label: str, value: str) -> Sequence[KubernetesObject]:
    return [pod for pod in pods if value and text(pod, "metadata", "labels", label) == value]


def _owner_uids(live: KubernetesObject) -> set[str]:
    return {text(owner, "uid") for owner in mappings(live, "metadata", "ownerReferences")}
