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
class Workload:
    """An object of a release that brings up pods: a Deployment, StatefulSet, DaemonSet or Job."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind.lower()}/{self.name}"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was seen at one moment.

    Attributes:
        elapsed_s: seconds since the wait began.
        objects: each workload's live object, None where it is not there.
        owners: ReplicaSets (for Deployments), by workload.
        pods: the pods of each workload, of whatever revision.
        events: warnings about any of these objects, newest last.
        trouble: why the API did not answer, if it did not; the rest is then what was seen last.
        expired: whether the time is up.
    """

    elapsed_s: float
    objects: Mapping[Workload, KubernetesObject | None]
    owners: Mapping[Workload, tuple[KubernetesObject, ...]] = field(default_factory=dict)
    pods: Mapping[Workload, tuple[KubernetesObject, ...]] = field(default_factory=dict)
    events: tuple[KubernetesObject, ...] = ()
    trouble: str = ""
    expired: bool = False


class Cause(StrEnum):
    """Why a rollout failed: stable codes for the ledger, for dashboards and for people's searches."""

    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_DENIED = "image-denied"
    IMAGE_PULL = "image-pull-failed"
    IMAGE_NAME = "image-name-invalid"
    CONFIGURATION = "configuration-missing"
    CANNOT_START = "container-cannot-start"
    OUT_OF_MEMORY = "out-of-memory"
    CRASH_LOOP = "crash-loop"
    INIT_CRASH = "init-container-failing"
    UNSCHEDULABLE = "unschedulable"
    CREATE_REFUSED = "pods-refused"
    PROGRESS_DEADLINE = "progress-deadline"
    JOB_FAILED = "job-failed"
    NEVER_READY = "never-ready"
    API_UNREACHABLE = "api-unreachable"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong.

    Attributes:
        workload: whose pods it is about.
        sentence: what and why, for a person.
        evidence: the cluster's own words.
        advice: what to do next.
        pod: the pod and container whose log belongs to it; empty if a log would say nothing.
        container: see `pod`.
    """

    cause: Cause
    workload: Workload
    sentence: str
    evidence: tuple[str, ...] = ()
    advice: str = ""
    pod: str = ""
    container: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one workload is: `ready` of `wanted` pods of the new revision, and what it waits for."""

    workload: Workload
    ready: int
    wanted: int
    done: bool
    waits_for: str = ""

    def __str__(self) -> str:
        waits = f", {self.waits_for}" if self.waits_for and not self.done else ""
        return f"{self.workload}: {self.ready}/{self.wanted} ready{waits}"


_WATCHED = {"Deployment": "apps", "StatefulSet": "apps", "DaemonSet": "apps", "Job": "batch"}


def workloads_of(objects: Iterable[KubernetesObject], namespace: str) -> tuple[Workload, ...]:
    """The workloads in a release's manifest; objects without a namespace are in the release's."""
    return tuple(
        Workload(item["kind"], str(_at(item, "metadata", "namespace") or namespace), str(name))
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
