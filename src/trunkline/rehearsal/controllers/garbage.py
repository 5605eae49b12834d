"""The garbage collector: what belonged to something that is gone goes, too, unless it was orphaned."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.reading import texts
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import (
    Object,
    is_ending,
    name_of,
    namespace_of,
    owner_references,
    uid_of,
)
from trunkline.rehearsal.registry import Deletion
from trunkline.rehearsal.store import Change, Place

_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"
_GONE = ""


class Garbage:
    """Deletes dependents of what is gone, and lets go owners that wait for theirs.

    Its places are of its own kind: `group/plural/namespace` and a name, or nothing and the uid of what is gone.
    """

    def __init__(self, means: Means) -> None:
        self._means = means

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        references = owner_references(change.value)
        if change.type == "DELETED":
            found: list[Place] = [(_GONE, uid_of(change.value))]
            return found + [place for item in references if (place := self._owner_place(change.value, item))]
        if _finalizers(change.value) & {_FOREGROUND, _ORPHAN} and is_ending(change.value):
            return [_place(change.kind, change.value)]
        if references and (change.previous is None or owner_references(change.previous) != references):
            return [_place(change.kind, change.value)]
        return []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        if place[0] == _GONE:
            for kind, value in self._means.store.owned_by(place[1]):
                self._judge(kind, value)
            return
        group, plural, namespace = place[0].split("/", 2)
        resource = self._means.kinds.resource(group, plural)
        found = self._means.store.get(resource, namespace, place[1]) if resource else None
        if resource is None or found is None:
            return
        if is_ending(found) and _ORPHAN in _finalizers(found):
            self._orphan(resource, found)
        elif is_ending(found) and _FOREGROUND in _finalizers(found):
            self._end_dependents(resource, found)
        else:
            self._judge(resource, found)

    def _judge(self, kind: Kind, value: Object) -> None:
        """Delete an object if none of its owners is left; else take out those that are gone."""
        references = owner_references(value)
        kept = [item for item in references if self._is_there(value, item)]
        if not references or len(kept) == len(references):
            return
        if kept:
            self._means.set_owners(kind, value, kept)
        elif not is_ending(value):
            self._means.delete(kind, value)

    def _orphan(self, kind: Kind, owner: Object) -> None:
        for dependent_kind, dependent in self._means.store.owned_by(uid_of(owner)):
            left = [item for item in owner_references(dependent) if item.get("uid") != uid_of(owner)]
            self._means.set_owners(dependent_kind, dependent, left)
        self._means.drop_finalizer(kind, owner, _ORPHAN)

    def _end_dependents(self, kind: Kind, owner: Object) -> None:
        """Delete the dependents first; the owner goes when none that blocks it is left."""
        for dependent_kind, dependent in self._means.store.owned_by(uid_of(owner)):
            if is_ending(dependent):
                continue
            others = [item for item in owner_references(dependent) if item.get("uid") != uid_of(owner)]
            if any(self._is_there(dependent, item) for item in others):
                self._means.set_owners(dependent_kind, dependent, others)
                continue
            # What has dependents itself waits for them in turn.
            way = "Foreground" if self._means.store.owned_by(uid_of(dependent)) else "Background"
            how = Deletion(propagation=way, uid=uid_of(dependent))
            self._means.registry.delete(dependent_kind, namespace_of(dependent), name_of(dependent), how)
        left = [value for _, value in self._means.store.owned_by(uid_of(owner))]
        if not any(_blocks(value, uid_of(owner)) for value in left):
            self._means.drop_finalizer(kind, owner, _FOREGROUND)

    def _is_there(self, value: Object, reference: dict[str, Any]) -> bool:
        """Whether an owner exists; one of a kind that is not known is given the benefit of the doubt."""
        kind = self._means.kinds.of(str(reference.get("apiVersion")), str(reference.get("kind")))
        if kind is None:
            return True
        namespace = namespace_of(value) if kind.namespaced else ""
        owner = self._means.store.get(kind, namespace, str(reference.get("name")))
        return owner is not None and uid_of(owner) == reference.get("uid")

    def _owner_place(self, value: Object, reference: dict[str, Any]) -> Place | None:
        kind = self._means.kinds.of(str(reference.get("apiVersion")), str(reference.get("kind")))
        if kind is None:
            return None
        namespace = namespace_of(value) if kind.namespaced else ""
        return f"{kind.group}/{kind.plural}/{namespace}", str(reference.get("name"))


def _place(kind: Kind, value: Object) -> Place:
    return f"{kind.group}/{kind.plural}/{namespace_of(value)}", name_of(value)


def _finalizers(value: Object) -> set[Any]:
    return set(texts(value, "metadata", "finalizers"))


def _blocks(value: Object, uid: str) -> bool:
    return any(item.get("uid") == uid and item.get("blockOwnerDeletion") for item in owner_references(value))
