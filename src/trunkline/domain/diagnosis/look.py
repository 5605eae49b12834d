"""One observation made ready for the rules: events by object, pods by revision; and what a rule finds in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from trunkline.dataclass import dataclass
from trunkline.domain.rollouts.causes import GUIDE, Cause
from trunkline.domain.rollouts.shapes import at, mapping, mappings, number, text
from trunkline.domain.rollouts.words import Failure, KubernetesObject, Observation, Resource
from trunkline.expressions import expression

# How often each container had been restarted when it was seen first, by pod's uid and container.
Restarts = Mapping[tuple[str, str], int]
_COMBINED = expression(r"^\(combined from similar events\): ")
KNOWN_KINDS = {
    "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "PersistentVolumeClaim", "Service",
    "HorizontalPodAutoscaler", "CustomResourceDefinition",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """An event, in either of its two API's spellings.

    Attributes:
        container: the container that it is about, empty if it is about the whole object.
        moment: when it was last seen, RFC 3339, empty if unknown.
    """

    reason: str
    message: str
    count: int = 1
    container: str = ""
    moment: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure, and the seconds for which it must stay before it counts."""

    failure: Failure
    grace_s: float = 0.0


@dataclass(frozen=True)
class Look:
    """An observation with its events in order of the objects that they are about."""

    observation: Observation
    restarts_before: Restarts = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_uid: dict[str, list[Said]] = {}
        by_claim: dict[tuple[str, str], list[Said]] = {}
        for event in self.observation.events:
            about = mapping(event, "involvedObject") or mapping(event, "regarding")
            said = _said(event, about)
            by_uid.setdefault(text(about, "uid"), []).append(said)
            if about.get("kind") == "PersistentVolumeClaim":
                by_claim.setdefault((text(about, "namespace"), text(about, "name")), []).append(said)
        by_uid.pop("", None)
        object.__setattr__(self, "_by_uid", by_uid)
        object.__setattr__(self, "_by_claim", by_claim)

    def said_of(self, thing: KubernetesObject | None) -> Sequence[Said]:
        """The events about an object, newest last."""
        found: dict[str, list[Said]] = self.__dict__["_by_uid"]
        return found.get(text(thing, "metadata", "uid"), ())

    def said_of_claim(self, namespace: str, name: str) -> Sequence[Said]:
        """The events about a PersistentVolumeClaim, newest last."""
        found: dict[tuple[str, str], list[Said]] = self.__dict__["_by_claim"]
        return found.get((namespace, name), ())

    @property
    def has_custom_resources(self) -> bool:
        """Whether controllers of the release's own may be about to make what it lacks."""
        return any(resource.kind not in KNOWN_KINDS for resource in self.observation.objects)


def finding(
    cause: Cause,
    resource: Resource,
    sentence: str,
    evidence: Iterable[str] = (),
    *,
    advice: str = "",
    pod: str = "",
    container: str = "",
    grace_s: float = 0.0,
) -> Finding:
    """A finding whose advice is the cause's own where the rule knows none that is closer; no evidence is told twice."""
    told = tuple(dict.fromkeys(line for line in evidence if line))
    failure = Failure(cause, resource, sentence, told, advice or GUIDE[cause].advice, pod, container)
    return Finding(failure, grace_s)


def is_leaving(pod: KubernetesObject) -> bool:
    """Whether a pod is on its way out for no fault of its own: its controller makes another one."""
    if at(pod, "metadata", "deletionTimestamp"):
        return True
    if text(pod, "status", "phase") != "Failed":
        return False
    disrupted = any(
        condition.get("type") == "DisruptionTarget" and condition.get("status") == "True"
        for condition in mappings(pod, "status", "conditions")
    )
    # The kubelet's words for a pod that a node could not keep or take; the container says nothing then.
    return disrupted or text(pod, "status", "reason") in _DISPLACED or _out_of(pod)


_DISPLACED = {
    "Evicted", "Preempting", "Preempted", "NodeLost", "NodeShutdown", "Shutdown", "Terminated", "NodeAffinity",
    "UnexpectedAdmissionError", "NodeUnreachable",
}  # fmt: skip


def _out_of(pod: KubernetesObject) -> bool:
    return text(pod, "status", "reason").startswith("OutOf")


def _said(event: KubernetesObject, about: KubernetesObject) -> Said:
    series = mapping(event, "series")
    counts = (number(event, "count"), number(event, "deprecatedCount"), number(series, "count"), 1)
    moments = (
        text(series, "lastObservedTime"),
        text(event, "lastTimestamp"),
        text(event, "deprecatedLastTimestamp"),
        text(event, "eventTime"),
        text(event, "metadata", "creationTimestamp"),
    )
    field_path = text(about, "fieldPath")
    return Said(
        text(event, "reason"),
        _COMBINED.sub("", text(event, "message") or text(event, "note")),
        max(counts),
        field_path.partition("{")[2].rstrip("}"),
        next(filter(None, moments), ""),
    )
