"""The pods of StatefulSets: their names, numbers, claims and revisions. Pure."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.podmaking import pod_from
from trunkline.rehearsal.controllers.readiness import is_ready, phase_of
from trunkline.rehearsal.controllers.reading import entries, mapping, whole
from trunkline.rehearsal.controllers.revisions import POD_LABEL, template_of
from trunkline.rehearsal.controllers.selecting import labels_of
from trunkline.rehearsal.objects import (
    Object,
    at,
    copy_of,
    is_ending,
    metadata,
    name_of,
    namespace_of,
    uid_of,
)


def ordinal_of(stateful_set: Object, pod: Object) -> int | None:
    """A pod's number, None if its name is not one that this set gives."""
    base, _, number = name_of(pod).rpartition("-")
    return int(number) if base == name_of(stateful_set) and number.isascii() and number.isdigit() else None


def first_ordinal(stateful_set: Object) -> int:
    """The number of the first pod."""
    return whole(at(stateful_set, "spec", "ordinals", "start"), 0)


def revision_name(pod: Object) -> str:
    """The name of the revision that a pod was made from."""
    return str(labels_of(pod).get(POD_LABEL, ""))


def is_running_and_ready(pod: Object) -> bool:
    """Whether it runs and is ready."""
    return phase_of(pod) == "Running" and is_ready(pod)


def is_healthy(pod: Object) -> bool:
    """Whether it runs, is ready, and is not about to end."""
    return is_running_and_ready(pod) and not is_ending(pod)


def pod_of(stateful_set: Object, revision: Object, ordinal: int) -> Object:
    """The pod of a number as a revision describes it."""
    name = f"{name_of(stateful_set)}-{ordinal}"
    pod = pod_from(template_of(revision), stateful_set, name=name)
    pod["metadata"].setdefault("labels", {}).update(
        {
            "apps.kubernetes.io/pod-index": str(ordinal),
            POD_LABEL: name_of(revision),
            "statefulset.kubernetes.io/pod-name": name,
        }
    )
    spec = pod["spec"]
    spec["hostname"] = name
    service = at(stateful_set, "spec", "serviceName")
    if service:
        spec["subdomain"] = service
    claims = {name_of(item): f"{name_of(item)}-{name}" for item in _templates(stateful_set)}
    if claims:
        kept = [item for item in entries(spec, "volumes") if item.get("name") not in claims]
        volumes = [
            {"name": volume, "persistentVolumeClaim": {"claimName": claim}}
            for volume, claim in claims.items()
        ]
        spec["volumes"] = [*volumes, *kept]
    return pod


def claims_of(stateful_set: Object, ordinal: int) -> list[Object]:
    """The claims that the pod of a number needs; they outlive it."""
    found = []
    for item in _templates(stateful_set):
        labels = {
            **labels_of(item),
            **mapping(stateful_set, "spec", "selector", "matchLabels"),
        }
        meta: dict[str, Any] = {
            "name": f"{name_of(item)}-{name_of(stateful_set)}-{ordinal}",
            "namespace": namespace_of(stateful_set),
            "labels": labels,
        }
        if metadata(item).get("annotations"):
            meta["annotations"] = copy_of(metadata(item)["annotations"])
        if at(stateful_set, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted") == "Delete":
            meta["ownerReferences"] = [_plain_reference(stateful_set)]
        spec = copy_of(mapping(item, "spec"))
        found.append({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec})
    return found


def _templates(stateful_set: Object) -> list[Object]:
    found = at(stateful_set, "spec", "volumeClaimTemplates")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _plain_reference(owner: Object) -> dict[str, Any]:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
    }
