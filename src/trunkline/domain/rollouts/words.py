"""What is awaited, what was seen, how far it is, and what is wrong with it: frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.rollouts.causes import Cause

KubernetesObject = Mapping[str, Any]
_POD_MAKERS = {
    "Deployment": "apps",
    "StatefulSet": "apps",
    "DaemonSet": "apps",
    "ReplicaSet": "apps",
    "Job": "batch",
}


def group_of(api_version: str) -> str:
    """The API group of a group and version such as `apps/v1`, empty for the core's `v1`."""
    return api_version.rpartition("/")[0]


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
        return self.kind in _POD_MAKERS and self.group in {"", _POD_MAKERS[self.kind]}

    @property
    def group(self) -> str:
        """The API group of `api_version`, empty for the core's."""
        return group_of(self.api_version)

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
