"""CustomResourceDefinitions: their kinds are served from the moment they are there, until they are gone."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.kinds import BUILT_IN, Kind
from trunkline.rehearsal.objects import Object, at, name_of
from trunkline.rehearsal.registry import Deletion
from trunkline.rehearsal.store import Change, Place

_GROUP, _KIND = "apiextensions.k8s.io", "CustomResourceDefinition"
# Kubernetes' own kinds cannot be defined anew; those of the Gateway API come by definitions in a real cluster too.
_OWN = {kind.group for kind in BUILT_IN} - {"gateway.networking.k8s.io"}


class Definitions:
    """Serves what is defined, and says so in the definition's status."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind = means.kind(_GROUP, _KIND)
        self._served: dict[str, Kind] = {}

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        return [("", name_of(change.value))] if change.kind is self._kind else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        value = self._means.get(self._kind, place)
        if value is None:
            self._withdraw(place[1])
            return
        kind = kind_of(value)
        if kind is None or kind.group in _OWN:
            return
        if self._served.get(place[1]) != kind:
            self._served[place[1]] = kind
            self._means.kinds.add(kind)
        self._means.set_status(self._kind, value, self._status(value))

    def serve_all(self) -> None:
        """Serve what was defined before this cluster began."""
        for value in self._means.store.all_of(self._kind):
            kind = kind_of(value)
            if kind is not None and kind.group not in _OWN:
                self._served[name_of(value)] = kind
                self._means.kinds.add(kind)

    def _withdraw(self, name: str) -> None:
        kind = self._served.pop(name, None)
        if kind is None:
            return
        for item in self._means.store.all_of(kind):
            namespace = str(at(item, "metadata", "namespace") or "")
            self._means.registry.delete(kind, namespace, name_of(item), Deletion())
        self._means.kinds.remove(kind)

    def _status(self, value: Object) -> dict[str, Any]:
        stamp = at(value, "metadata", "creationTimestamp")
        said = (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        )
        conditions = [
            {
                "type": name,
                "status": "True",
                "reason": reason,
                "message": message,
                "lastTransitionTime": stamp,
            }
            for name, reason, message in said
        ]
        versions = at(value, "spec", "versions") or ()
        stored = [at(item, "name") for item in versions if at(item, "storage")]
        return {
            "conditions": conditions,
            "acceptedNames": at(value, "spec", "names"),
            "storedVersions": stored,
        }


def kind_of(definition: Object) -> Kind | None:
    """The kind that a definition defines, None if it is not whole."""
    names, versions = at(definition, "spec", "names"), at(definition, "spec", "versions")
    group = at(definition, "spec", "group")
    if (
        not isinstance(names, dict)
        or not isinstance(versions, list)
        or not isinstance(group, str)
        or not group
    ):
        return None
    served = tuple(
        str(item.get("name")) for item in versions if isinstance(item, dict) and item.get("served")
    )
    if not served or not names.get("kind") or not names.get("plural"):
        return None
    subresources = {
        name
        for item in versions
        for name in ("status", "scale")
        if at(item, "subresources", name) is not None
    }
    return Kind(
        group,
        served,
        str(names["kind"]),
        str(names["plural"]),
        at(definition, "spec", "scope") != "Cluster",
        _words(names.get("shortNames")),
        tuple(sorted(subresources)),
        _words(names.get("categories")),
    )


def _words(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
