"""Who owns what by its labels: controllers adopt what nobody owns and let go what they no longer select."""

from __future__ import annotations

from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.selecting import labels_of, matches, selector_of
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, controller_reference, is_ending, owner_references, uid_of


def claimed(means: Means, owner: Object, kind: Kind) -> list[Object]:
    """The objects of a kind that belong to an owner, once orphans are adopted and strangers let go."""
    selector = selector_of(owner)
    kept = []
    for value in means.owned(kind, owner):
        if matches(selector, labels_of(value)):
            kept.append(value)
        elif not is_ending(owner):
            _release(means, owner, kind, value)
    if is_ending(owner):
        return kept
    for value in means.index(kind.group, kind.kind).orphans(owner["metadata"].get("namespace", ""), selector):
        if is_ending(value):
            continue
        try:
            kept.append(_adopt(means, owner, kind, value))
        except ApiError:
            continue
    return kept


def _adopt(means: Means, owner: Object, kind: Kind, value: Object) -> Object:
    return means.set_owners(kind, value, [*owner_references(value), controller_reference(owner)])


def _release(means: Means, owner: Object, kind: Kind, value: Object) -> None:
    left = [item for item in owner_references(value) if item.get("uid") != uid_of(owner)]
    means.set_owners(kind, value, left)
