"""Which ReplicaSet of a Deployment is the new one, and the annotations by which its history is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from trunkline.rehearsal.controllers.hashing import template_hash
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.rounding import max_surge, wanted
from trunkline.rehearsal.objects import (
    Object,
    at,
    controller_reference,
    copy_of,
    metadata,
    name_of,
    namespace_of,
)

HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MOST = "deployment.kubernetes.io/max-replicas"
_NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    "deprecated.deployment.rollback.to",
    REVISION,
    _HISTORY,
    _DESIRED,
    _MOST,
}


def annotations_of(value: Object) -> dict[str, Any]:
    """An object's annotations."""
    found = metadata(value).get("annotations")
    return found if isinstance(found, dict) else {}


def revision_of(value: Object) -> int:
    """The revision that a ReplicaSet or a Deployment is marked with, 0 for none."""
    return _number(value, REVISION) or 0


def desired_of(replica_set: Object) -> int | None:
    """The replicas of the Deployment when this ReplicaSet was last scaled."""
    return _number(replica_set, _DESIRED)


def most_of(replica_set: Object) -> int | None:
    """The replicas and the surge of the Deployment when this ReplicaSet was last scaled."""
    return _number(replica_set, _MOST)


def by_age(sets: Iterable[Object]) -> list[Object]:
    """The oldest first."""
    return sorted(sets, key=lambda item: (str(metadata(item).get("creationTimestamp")), name_of(item)))


def newest(deployment: Object, sets: Sequence[Object]) -> Object | None:
    """The ReplicaSet whose template is that of the Deployment; the oldest of several."""
    wanted_template = _without_hash(at(deployment, "spec", "template"))
    for item in by_age(sets):
        if _without_hash(at(item, "spec", "template")) == wanted_template:
            return item
    return None


def next_revision(old: Sequence[Object]) -> int:
    """The revision of what is rolled out now."""
    return max((revision_of(item) for item in old), default=0) + 1


def new_replica_set(deployment: Object, revision: int) -> Object:
    """A ReplicaSet for the template of a Deployment; its number of pods is still to be set."""
    template = copy_of(mapping(deployment, "spec", "template"))
    template["metadata"] = mapping(template, "metadata")
    name = template_hash(_without_hash(template), whole(at(deployment, "status", "collisionCount"), 0))
    labels = {**mapping(template, "metadata", "labels"), HASH: name}
    template["metadata"]["labels"] = labels
    selector = copy_of(mapping(deployment, "spec", "selector"))
    selector["matchLabels"] = {**mapping(selector, "matchLabels"), HASH: name}
    value: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name_of(deployment)}-{name}",
            "namespace": namespace_of(deployment),
            "labels": labels,
            "ownerReferences": [controller_reference(deployment)],
        },
        "spec": {"selector": selector, "template": template},
    }
    if whole(at(deployment, "spec", "minReadySeconds"), 0):
        value["spec"]["minReadySeconds"] = at(deployment, "spec", "minReadySeconds")
    mark(value, deployment, revision)
    mark_scaled(value, deployment)
    return value


def mark(replica_set: Object, deployment: Object, revision: int) -> None:
    """Set, in place, the annotations of the new ReplicaSet: those of its Deployment, and its revision."""
    annotations = replica_set["metadata"].setdefault("annotations", {})
    annotations.update(
        {key: item for key, item in annotations_of(deployment).items() if key not in _NOT_COPIED}
    )
    before = revision_of(replica_set)
    if before < revision:
        annotations[REVISION] = str(revision)
        if before:
            history = [item for item in str(annotations.get(_HISTORY, "")).split(",") if item]
            annotations[_HISTORY] = ",".join([*history, str(before)])
    if _DESIRED not in annotations:
        mark_scaled(replica_set, deployment)


def mark_scaled(replica_set: Object, deployment: Object) -> None:
    """Set, in place, the annotations by which a later change of the Deployment's size is seen."""
    annotations = replica_set["metadata"].setdefault("annotations", {})
    annotations[_DESIRED] = str(wanted(deployment))
    annotations[_MOST] = str(wanted(deployment) + max_surge(deployment))


def expendable(old: Sequence[Object], limit: int) -> list[Object]:
    """The old ReplicaSets that a history of this length has no room for (`cleanupDeployment`)."""
    alive = [item for item in old if not metadata(item).get("deletionTimestamp")]
    surplus = max(0, len(alive) - limit)
    doomed = sorted(by_age(alive), key=revision_of)[:surplus]
    return [item for item in doomed if _is_idle(item)]


def _is_idle(item: Object) -> bool:
    observed = whole(at(item, "status", "observedGeneration"), 0)
    return (
        not whole(at(item, "status", "replicas"), 0)
        and not wanted(item)
        and whole(metadata(item).get("generation"), 1) <= observed
    )


def _without_hash(template: Any) -> Any:
    labels = at(template, "metadata", "labels")
    if not isinstance(labels, dict) or HASH not in labels:
        return template
    kept = {key: item for key, item in labels.items() if key != HASH}
    return {**template, "metadata": {**template["metadata"], "labels": kept}}


def _number(value: Object, annotation: str) -> int | None:
    try:
        return int(annotations_of(value)[annotation])
    except (KeyError, TypeError, ValueError):
        return None
