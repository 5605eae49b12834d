"""The words of a rollout: what is watched, what was seen, how far it is, and why it failed.

`domain.diagnosis` reads one from the other; `Judge` there gives the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

KubernetesObject = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resource:
    """An object of a release whose rollout is awaited.

    Attributes:
        api_version: its group and version as the manifest names them, such as `apps/v1`.
    """

    kind: str
    namespace: str
    name: str
    api_version: str = ""

    @property
    def has_pods(self) -> bool:
        """Whether its controller brings up pods for it."""
        return self.kind in _WATCHED

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen at one moment.

    Attributes:
        elapsed_s: seconds since the wait began.
        objects: each resource's live object, None where it is not there.
        owners: ReplicaSets (for Deployments), by resource.
        pods: the pods of each resource, of whatever revision.
        events: what the cluster said of any of these objects and of the claims that the pods name, newest last.
        trouble: why the API does not answer, if it does not; the rest is then what was seen last.
        expired: whether the time is up.
    """

    elapsed_s: float
    objects: Mapping[Resource, KubernetesObject | None]
    owners: Mapping[Resource, tuple[KubernetesObject, ...]] = field(default_factory=dict)
    pods: Mapping[Resource, tuple[KubernetesObject, ...]] = field(default_factory=dict)
    events: tuple[KubernetesObject, ...] = ()
    trouble: str = ""
    expired: bool = False


class Cause(StrEnum):
    """Why a deployment failed: stable codes for the ledger, for dashboards and for people's searches."""

    # what the new pods show
    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_DENIED = "image-denied"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    IMAGE_PULL = "image-pull-failed"
    IMAGE_NAME = "image-name-invalid"
    CONFIGURATION = "configuration-missing"
    EXEC_FORMAT = "exec-format-error"
    COMMAND_NOT_FOUND = "command-not-found"
    CANNOT_START = "container-cannot-start"
    OUT_OF_MEMORY = "out-of-memory"
    CRASH_LOOP = "crash-loop"
    INIT_CRASH = "init-container-failing"
    LIVENESS = "liveness-restarts"
    STARTUP_PROBE = "startup-probe-failing"
    NEVER_READY = "never-ready"
    UNSTABLE = "not-stable"
    # what keeps pods from coming up
    NO_ROOM = "unschedulable-resources"
    TAINTED = "unschedulable-taints"
    NO_MATCHING_NODE = "unschedulable-affinity"
    UNSCHEDULABLE = "unschedulable"
    VOLUME_UNBOUND = "volume-not-bound"
    VOLUME_UNMOUNTED = "volume-not-mounted"
    QUOTA = "quota-exceeded"
    ADMISSION = "admission-denied"
    CREATE_REFUSED = "pods-refused"
    NAMESPACE_TERMINATING = "namespace-terminating"
    PROGRESS_DEADLINE = "progress-deadline"
    # other objects of the release
    JOB_FAILED = "job-failed"
    HOOK_FAILED = "hook-failed"
    NO_ADDRESS = "service-without-address"
    RESOURCE_FAILED = "resource-failed"
    # what Helm or the API refused to apply
    IMMUTABLE_FIELD = "immutable-field"
    OWNED_ELSEWHERE = "owned-elsewhere"
    KIND_UNKNOWN = "kind-unknown"
    INVALID_OBJECT = "invalid-object"
    FORBIDDEN = "forbidden"
    CHART_INVALID = "chart-invalid"
    HELM_FAILED = "helm-failed"
    # what was checked after the rollout
    CHECK_FAILED = "check-failed"
    SOAK_FAILED = "soak-failed"
    # nothing can be said
    API_UNREACHABLE = "api-unreachable"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong.

    Attributes:
        resource: what failed.
        sentence: what and why, for a person.
        evidence: the cluster's own words.
        advice: what to do next.
        pod: the pod and container whose log belongs to it; empty if a log would say nothing.
        container: see `pod`.
    """

    cause: Cause
    resource: Resource
    sentence: str
    evidence: tuple[str, ...] = ()
    advice: str = ""
    pod: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one resource is: `ready` of `wanted` (pods of the new revision, or 1), and what it waits for."""

    resource: Resource
    ready: int
    wanted: int
    done: bool
    waits_for: str = ""

    def __str__(self) -> str:
        waits = f", {self.waits_for}" if self.waits_for and not self.done else ""
        return f"{self.resource}: {self.ready}/{self.wanted} ready{waits}"


_WATCHED = {"Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "Job": "batch"}


def awaited_in(objects: Iterable[KubernetesObject], namespace: str) -> tuple[Resource, ...]:
    """What is waited for of a release's manifest; objects without a namespace are in the release's."""
    return tuple(
        Resource(
            item["kind"],
            str(_at(item, "metadata", "namespace") or namespace),
            str(name),
            str(_at(item, "apiVersion")),
        )
        for item in _workloads(objects)
        if (name := _at(item, "metadata", "name"))
    )


def selectors_of(objects: Iterable[KubernetesObject]) -> tuple[Mapping[str, str], ...]:
    """The label selectors of the workloads in a release's manifest, for finding their pods."""
    found = (_at(item, "spec", "selector", "matchLabels") for item in _workloads(objects))
    return tuple(labels for labels in found if labels and isinstance(labels, Mapping))


def images_of(objects: Iterable[KubernetesObject]) -> tuple[str, ...]:
    """The images that the workloads' pod templates name, in order, each once."""
    specs = [_at(item, "spec", "template", "spec") for item in _workloads(objects)]
    lists = [_at(spec, key) for spec in specs for key in ("initContainers", "containers")]
    containers = [container for found in lists if isinstance(found, list) for container in found]
    images = (_at(container, "image") for container in containers)
    return tuple(dict.fromkeys(image for image in images if image and isinstance(image, str)))


def _workloads(objects: Iterable[KubernetesObject]) -> Iterator[KubernetesObject]:
    """What is watched; a manifest is a chart author's text, so nothing about its shape is certain."""
    for item in objects:
        kind, version = _at(item, "kind"), str(_at(item, "apiVersion"))
        if kind == "List" and isinstance(item.get("items"), list):
            yield from _workloads(item["items"])
        elif isinstance(kind, str) and kind in _WATCHED and version.partition("/")[0] == _WATCHED[kind]:
            yield item


def _at(value: Any, *path: str) -> Any:
    """What lies at a path of mappings, None where it leads nowhere."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value
