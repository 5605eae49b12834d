"""Composes an observation: each resource with its ReplicaSets, its pods, and what was said of any of them.

Where the objects come from (the API itself, or what watches keep) is a `Source`; what belongs to what is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from trunkline.domain.rollouts import KubernetesObject, Observation, Resource


class Source(Protocol):
    """Where objects are looked up."""

    def one(self, resource: Resource) -> KubernetesObject | None:
        """The live object, None where there is none."""
        ...

    def of(self, kind: str, namespace: str) -> Iterable[KubernetesObject]:
        """All objects of `Pod`, `ReplicaSet` or `Event` in a namespace."""
        ...


def compose(source: Source, resources: Sequence[Resource]) -> Observation:
    """What is seen of these resources now."""
    objects: dict[Resource, KubernetesObject | None] = {}
    owners: dict[Resource, tuple[KubernetesObject, ...]] = {}
    pods: dict[Resource, tuple[KubernetesObject, ...]] = {}
    for resource in resources:
        objects[resource] = live = source.one(resource)
        if live is None:
            continue
        if resource.kind == "Pod":
            pods[resource] = (live,)
        elif resource.has_pods:
            uids = {uid_of(live)}
            if resource.kind == "Deployment":
                owners[resource] = _owned(source.of("ReplicaSet", resource.namespace), uids)
                uids = set(map(uid_of, owners[resource]))
            pods[resource] = _owned(source.of("Pod", resource.namespace), uids)
    seen = Observation(0.0, objects, owners, pods)
    return Observation(0.0, objects, owners, pods, _said_of(source, seen))


def _owned(candidates: Iterable[KubernetesObject], uids: set[str]) -> tuple[KubernetesObject, ...]:
    found = [thing for thing in candidates if uids & owner_uids(thing)]
    return tuple(sorted(found, key=lambda thing: str(_metadata(thing).get("name"))))


def _said_of(source: Source, seen: Observation) -> tuple[KubernetesObject, ...]:
    """The events about anything that is seen, oldest first; they tell of claims by name, of the rest by uid."""
    uids = set(map(uid_of, _all(seen)))
    claims = {
        (resource.namespace, name)
        for resource, pods in seen.pods.items()
        for pod in pods
        for name in _claims(pod)
    }
    found: list[KubernetesObject] = []
    for namespace in dict.fromkeys(resource.namespace for resource in seen.objects if resource.namespace):
        for event in source.of("Event", namespace):
            about = event.get("involvedObject") or {}
            of_claim = about.get("kind") == "PersistentVolumeClaim"
            if about.get("uid") in uids or (of_claim and (namespace, about.get("name")) in claims):
                found.append(event)
    return tuple(sorted(found, key=_moment))


def _all(seen: Observation) -> Iterator[KubernetesObject]:
    yield from (live for live in seen.objects.values() if live is not None)
    for found in (*seen.owners.values(), *seen.pods.values()):
        yield from found


def _claims(pod: KubernetesObject) -> Iterator[str]:
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        claim = volume.get("persistentVolumeClaim")
        if claim:
            yield str(claim.get("claimName"))


def _moment(event: Mapping[str, Any]) -> str:
    """When an event was last seen; RFC 3339 in UTC sorts as text."""
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or _metadata(event).get("creationTimestamp")
        or ""
    )


def uid_of(live: KubernetesObject) -> str:
    """Its uid; empty where it has none."""
    return str(_metadata(live).get("uid") or "")


def owner_uids(live: KubernetesObject) -> set[str]:
    """The uids of its owners."""
    return {str(owner.get("uid")) for owner in _metadata(live).get("ownerReferences") or ()}


def _metadata(live: Mapping[str, Any]) -> Mapping[str, Any]:
    return live.get("metadata") or {}
