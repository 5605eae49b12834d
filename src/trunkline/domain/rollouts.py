"""From what a cluster shows of a rollout to a verdict: succeeded, failed with a cause, or wait.

`diagnose` is a pure function of an `Observation`; it knows Kubernetes' objects (parsed JSON) and no API.
Only pods of the new revision are judged, and a moment between two crashes is never a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
