"""The history of StatefulSets and DaemonSets, kept as ControllerRevisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from trunkline.rehearsal.controllers.hashing import template_hash
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import (
    Object,
    at,
    controller_reference,
    copy_of,
    name_of,
    namespace_of,
)

POD_LABEL = "controller-revision-hash"
_MOST_TRIES = 5
_HISTORY = 10


def number_of(revision: Object) -> int:
    """A revision's number."""
    return whole(revision.get("revision"), 0)


def template_of(revision: Object) -> Any:
    """The pod template that a revision keeps."""
    found = mapping(revision, "data", "spec", "template")
    return {key: item for key, item in found.items() if key != "$patch"}


class Revisions:
    """Notes each template of an owner under a number of its own.

    Args:
        hash_label: the label by which a revision's hash is found.
    """

    def __init__(self, means: Means, hash_label: str) -> None:
        self._means, self._hash_label = means, hash_label
        self._kind = means.kind("apps", "ControllerRevision")

    def all_of(self, owner: Object) -> list[Object]:
        """The revisions of an owner, the oldest first."""
        found = self._means.owned(self._kind, owner)
        return sorted(found, key=lambda item: (number_of(item), name_of(item)))

    def latest(self, owner: Object) -> Object:
        """The revision of what an owner says now, noted or brought to the top if need be.

        Raises:
            ApiError: it cannot be noted.
        """
        data = {"spec": {"template": {"$patch": "replace", **copy_of(mapping(owner, "spec", "template"))}}}
        known = self.all_of(owner)
        equal = [item for item in known if item.get("data") == data]
        number = max((number_of(item) for item in known if item.get("data") != data), default=0) + 1
        if not equal:
            return self._created(owner, data, number)
        if number_of(equal[-1]) < number:
            return self._means.edit(self._kind, equal[-1], lambda value: value.update(revision=number))
        return equal[-1]

    def forget(self, owner: Object, in_use: Collection[str]) -> None:
        """Delete the oldest revisions that nothing uses, by name, beyond revisionHistoryLimit."""
        limit = whole(at(owner, "spec", "revisionHistoryLimit"), _HISTORY)
        idle = [item for item in self.all_of(owner) if name_of(item) not in in_use]
        for item in idle[: max(0, len(idle) - limit)]:
            self._means.delete(self._kind, item)

    def _created(self, owner: Object, data: Object, number: int) -> Object:
        collisions = whole(at(owner, "status", "collisionCount"), 0)
        for tried in range(_MOST_TRIES):
            found = template_hash(data, collisions + tried)
            labels = mapping(owner, "spec", "template", "metadata", "labels")
            annotations = dict(mapping(owner, "metadata", "annotations"))
            value: Object = {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {
                    "name": f"{name_of(owner)}-{found}",
                    "namespace": namespace_of(owner),
                    "labels": {**labels, self._hash_label: found},
                    **({"annotations": annotations} if annotations else {}),
                    "ownerReferences": [controller_reference(owner)],
                },
                "data": data,
                "revision": number,
            }
            try:
                return self._means.create(self._kind, value)
            except ApiError as error:
                if error.reason != "AlreadyExists" or tried == _MOST_TRIES - 1:
                    raise
        raise AssertionError("the last try returns or raises")


def named(revisions: Sequence[Object], name: Any) -> Object | None:
    """The revision of a name."""
    return next((item for item in revisions if name_of(item) == name), None)
