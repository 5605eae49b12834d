"""What was changed behind Helm's back: a live object against what the last release's manifest says of it.

Only the manifest's own fields are compared, so that what the API server fills in is no difference; and where one
differs, the object that the API server itself makes of the manifest (a dry run) says whether that is only another
spelling. Of what the manifest does not mention, that counts which a client other than Helm and Kubernetes set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.domain.differences import (
    MISSING,
    Change,
    Found,
    Path,
    Step,
    equal,
    fields_of,
    masked,
    paired_items,
    parts_of,
    spelled,
)
from trunkline.domain.manifests import blank, essence
from trunkline.domain.ownership import Owner, outsider_at, owners_of
from trunkline.domain.rollouts import KubernetesObject

SCALED = frozenset({"Deployment", "StatefulSet", "ReplicaSet"})
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_DEEPEST = 60
# What Kubernetes fills in where a manifest says nothing; whoever spells it out has changed nothing.
_DEFAULTS: Mapping[str, tuple[Any, ...]] = {
    "imagePullPolicy": ("IfNotPresent",),
    "terminationMessagePath": ("/dev/termination-log",),
    "terminationMessagePolicy": ("File",),
    "dnsPolicy": ("ClusterFirst",),
    "restartPolicy": ("Always",),
    "schedulerName": ("default-scheduler",),
    "terminationGracePeriodSeconds": (30,),
    "protocol": ("TCP",),
    "sessionAffinity": ("None",),
    "progressDeadlineSeconds": (600,),
    "revisionHistoryLimit": (10,),
    "podManagementPolicy": ("OrderedReady",),
    "maxSurge": ("25%",),
    "maxUnavailable": ("25%",),
    "timeoutSeconds": (1,),
    "periodSeconds": (10,),
    "successThreshold": (1,),
    "failureThreshold": (3,),
    "scheme": ("HTTP",),
    "defaultMode": (420,),
    "volumeMode": ("Filesystem",),
    "concurrencyPolicy": ("Allow",),
    "internalTrafficPolicy": ("Cluster",),
    "ipFamilyPolicy": ("SingleStack",),
}


def drift(
    manifest: KubernetesObject,
    live: KubernetesObject,
    expected: KubernetesObject | None = None,
    *,
    autoscaled: bool = False,
) -> tuple[Change, ...]:
    """What is different in the live object, each with who did it.

    Args:
        manifest: the object as the last release has it.
        live: as the cluster has it, with its managedFields.
        expected: what the API server would make of it if the manifest was applied again; None where it is not
            known: then a field that is gone counts only if the manifest says something by it.
        autoscaled: whether an autoscaler decides the number of its replicas.
    """
    kind = str(manifest.get("kind", ""))
    wanted, seen = essence(manifest), essence(live)
    search = _Search(wanted, live, informed=expected is not None, autoscaled=autoscaled)
    found = search.compare(wanted, seen, essence(expected) if expected is not None else MISSING, ())
    return tuple(masked(kind, item, *_names(owner)) for item, owner in found)


class _Search:
    def __init__(
        self, manifest: Mapping[str, Any], live: KubernetesObject, *, informed: bool, autoscaled: bool
    ) -> None:
        self._live, self._informed = live, informed
        self._ignored = {"apiVersion", "kind", "status"} | ({"spec.replicas"} if autoscaled else set())
        self._scales = str(manifest.get("apiVersion")).startswith("apps/") and manifest.get("kind") in SCALED
        if manifest.get("aggregationRule"):
            # Kubernetes fills these from other roles.
            self._ignored.add("rules")

    def compare(
        self, want: Any, live: Any, expected: Any, path: Path
    ) -> Iterator[tuple[Found, Owner | None]]:
        """Differences at `path`, each with its owner."""
        if want is None or self._skipped(path):
            return
        deep = len(path) >= _DEEPEST
        if isinstance(want, Mapping) and isinstance(live, Mapping) and not deep:
            yield from self._compare_mappings(want, live, expected, path)
        elif isinstance(want, list) and isinstance(live, list) and not deep:
            yield from self._compare_lists(want, live, expected, path)
        elif not self._settled(want, live, expected, path):
            yield Found(path, want, live), self._who(path)

    def _compare_mappings(
        self, want: Mapping[Any, Any], live: Mapping[Any, Any], expected: Any, path: Path
    ) -> Iterator[tuple[Found, Owner | None]]:
        wanted, seen = fields_of(want), fields_of(live)
        norm = fields_of(expected) if isinstance(expected, Mapping) else {}
        for name in dict.fromkeys((*wanted, *seen)):
            below = (*path, Step(name))
            one, other = wanted.get(name), seen.get(name, MISSING)
            if one is not None:
                yield from self.compare(one, other, norm.get(name, MISSING), below)
            elif other is not MISSING:
                yield from self._extra(other, norm.get(name, MISSING), below)

    def _compare_lists(
        self, want: list[Any], live: list[Any], expected: Any, path: Path
    ) -> Iterator[tuple[Found, Owner | None]]:
        pairs = paired_items(want, live)
        if pairs is None:
            if not self._settled(want, live, expected, path):
                yield Found(path, want, live), self._who(path)
            return
        norm = self._counterparts(live, expected)
        for step, one, other in pairs:
            below, normal = (*path, step), norm.get(step.label, MISSING)
            if one is MISSING:
                yield from self._extra(other, normal, below)
            else:
                yield from self.compare(one, other, normal, below)

    def _extra(self, value: Any, expected: Any, path: Path) -> Iterator[tuple[Found, Owner | None]]:
        """What the manifest does not mention: each field that somebody else set."""
        if value is None or self._skipped(path) or len(path) > _DEEPEST:
            return
        parts = parts_of(value, path)
        if parts is not None:
            norm = {spelled(below): part for below, part in parts_of(expected, path) or ()}
            for below, part in parts:
                yield from self._extra(part, norm.get(spelled(below), MISSING), below)
            return
        last = path[-1]
        if self._scales and spelled(path) == "spec.replicas" and value != 1:
            # Kubernetes before 1.22 does not note who scaled; without a number in the manifest it was one.
            yield Found(path, MISSING, value), self._who(path)
            return
        owner = outsider_at(self._live, path)
        in_list = any(step.to_item for step in path)
        if owner is None or (self._informed and in_list and equal(value, expected, path)):
            return
        # Controllers keep their notes in an object's own annotations; a person's are made with kubectl.
        if path[0].label == "metadata" and path[1:2] == (Step("annotations"),) and not owner.is_kubectl:
            return
        if value in _DEFAULTS.get(last.label, ()) or last.label == "caBundle":
            return
        yield Found(path, MISSING, value), owner

    def _settled(self, want: Any, live: Any, expected: Any, path: Path) -> bool:
        """Whether what differs in the spelling is the same in truth."""
        if equal(want, live, path):
            return True
        if self._informed:
            return equal(expected, live, path)
        return live is MISSING and blank(want)

    def _who(self, path: Path) -> Owner | None:
        outsider = outsider_at(self._live, path)
        if outsider is not None:
            return outsider
        return next((owner for owner in owners_of(self._live, path) if not owner.is_helm), None)

    def _skipped(self, path: Path) -> bool:
        labels = [step.label for step in path]
        if labels[:1] == ["metadata"] and len(labels) > 1:
            return labels[1] not in {"labels", "annotations"} or labels[-1] == _LAST_APPLIED
        return ".".join(labels) in self._ignored

    @staticmethod
    def _counterparts(live: list[Any], expected: Any) -> dict[str, Any]:
        pairs = paired_items(live, expected) if isinstance(expected, list) else None
        return {step.label: other for step, _, other in pairs} if pairs is not None else {}


def _names(owner: Owner | None) -> tuple[str, str]:
    return (owner.name, owner.at) if owner is not None else ("", "")
