"""Namespaces: what each one has from its beginning, and how one ends with all that is in it.

The real controller waits five seconds before it begins to delete; this one does not.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from trunkline.rehearsal.controllers.conditions import condition, conditions_in, find, without
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.reading import mapping, texts
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, copy_of, is_ending, name_of, namespace_of
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Change, Place

_FINALIZER = "kubernetes"
_ACCOUNT, _AUTHORITY = "default", "kube-root-ca.crt"
_AUTHORITY_DATA = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"


class Namespaces:
    """Furnishes namespaces, and clears those that end."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind = means.kind("", "Namespace")
        self._accounts, self._maps = means.kind("", "ServiceAccount"), means.kind("", "ConfigMap")

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [("", name_of(change.value))] if change.type != "DELETED" else []
        namespace = namespace_of(change.value)
        if not namespace or change.type == "ADDED":
            return []
        is_furniture = change.type == "DELETED" and name_of(change.value) in {_ACCOUNT, _AUTHORITY}
        found = self._means.store.get(self._kind, "", namespace)
        return [("", namespace)] if found is not None and (is_ending(found) or is_furniture) else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        namespace = self._means.get(self._kind, place)
        if namespace is None:
            return
        if is_ending(namespace):
            self._clear(namespace)
        else:
            self._furnish(name_of(namespace))

    def _furnish(self, namespace: str) -> None:
        if self._means.store.get(self._accounts, namespace, _ACCOUNT) is None:
            account = {"metadata": {"name": _ACCOUNT, "namespace": namespace}}
            self._means.create(self._accounts, {"apiVersion": "v1", "kind": "ServiceAccount", **account})
        if self._means.store.get(self._maps, namespace, _AUTHORITY) is None:
            content = {
                "metadata": {"name": _AUTHORITY, "namespace": namespace},
                "data": {"ca.crt": _AUTHORITY_DATA},
            }
            self._means.create(self._maps, {"apiVersion": "v1", "kind": "ConfigMap", **content})

    def _clear(self, namespace: Object) -> None:
        if _FINALIZER not in texts(namespace, "spec", "finalizers"):
            return
        name = name_of(namespace)
        kinds = [kind for kind in self._means.kinds if kind.namespaced and not kind.is_virtual]
        refused = None
        for kind in kinds:
            for value in self._means.store.all_of(kind, name):
                if is_ending(value):
                    continue
                try:
                    self._means.delete(kind, value)
                except ApiError as error:
                    refused = error
        left = [(kind, value) for kind in kinds for value in self._means.store.all_of(kind, name)]
        if left or at(namespace, "status", "conditions"):
            namespace = self._tell(namespace, left)
        if left:
            if refused is not None:
                raise refused
            return
        self._finish(namespace)

    def _finish(self, namespace: Object) -> None:
        current = self._means.again(self._kind, namespace)
        if current is None:
            return
        value: Object = copy_of(current)
        value["spec"]["finalizers"] = [item for item in value["spec"]["finalizers"] if item != _FINALIZER]
        self._means.registry.update(self._kind, value, Write("kube-controller-manager", "finalize"))

    def _tell(self, namespace: Object, left: list[tuple[Kind, Object]]) -> Object:
        conditions = conditions_in(namespace)
        for type_, status, reason, message in _told(left):
            known = find(conditions, type_)
            if known is not None and (known["status"], known["message"]) == (status, message):
                continue
            fresh = condition(type_, status, reason, message, self._means.stamp())
            if known is None:
                conditions.append(fresh)
            else:
                if known["status"] == status:
                    fresh["lastTransitionTime"] = known["lastTransitionTime"]
                conditions = [*without(conditions, type_), fresh]
        status_ = {**mapping(namespace, "status"), "conditions": _ordered(conditions)}
        return self._means.set_status(self._kind, namespace, status_)


_ORDER = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceContentRemaining",
    "NamespaceFinalizersRemaining",
)


def _ordered(conditions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(conditions, key=lambda item: _ORDER.index(item["type"]) if item["type"] in _ORDER else -1)


def _told(left: list[tuple[Kind, Object]]) -> list[tuple[str, str, str, str]]:
    """The conditions of a namespace that ends: type, status, reason and message."""
    resources = Counter(f"{kind.plural}.{kind.group}" for kind, _ in left)
    finalizers = Counter(item for _, value in left for item in texts(value, "metadata", "finalizers"))
    remaining = ("False", "ContentRemoved", "All content successfully removed")
    if resources:
        listed = ", ".join(f"{name} has {resources[name]} resource instances" for name in sorted(resources))
        remaining = ("True", "SomeResourcesRemain", f"Some resources are remaining: {listed}")
    held = ("False", "ContentHasNoFinalizers", "All content-preserving finalizers finished")
    if finalizers:
        listed = ", ".join(f"{name} in {finalizers[name]} resource instances" for name in sorted(finalizers))
        held = (
            "True",
            "SomeFinalizersRemain",
            f"Some content in the namespace has finalizers remaining: {listed}",
        )
    deleted = "All content successfully deleted, may be waiting on finalization"
    return [
        (_ORDER[0], "False", "ResourcesDiscovered", "All resources successfully discovered"),
        (_ORDER[1], "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        (_ORDER[2], "False", "ContentDeleted", deleted),
        (_ORDER[3], *remaining),
        (_ORDER[4], *held),
    ]
