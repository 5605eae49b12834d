"""What is used of each ResourceQuota, for people to see; whether there is room left is counted anew by admission."""

from __future__ import annotations

from trunkline.rehearsal.admission.quotas import Quotas, hard
from trunkline.rehearsal.admission.usage import CHANGING, is_charged
from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.objects import at, namespace_of
from trunkline.rehearsal.store import Change, Place


class ResourceQuotas:
    """Keeps the status of quotas."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind = means.kind("", "ResourceQuota")
        self._quotas = Quotas(means.store, means.kinds, means.now)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        found: dict[Place, None] = {}
        if change.kind is self._kind and change.type != "DELETED":
            found[place_of(change.value)] = None
        if self._means.store.count(self._kind) and change.kind.namespaced and self._matters(change):
            namespace = namespace_of(change.value)
            found |= {place_of(quota): None for quota in self._means.store.all_of(self._kind, namespace)}
        return list(found)

    def reconcile(self, place: Place) -> None:
        """See the port."""
        quota = self._means.get(self._kind, place)
        if quota is None:
            return
        limits, used = hard(quota), self._quotas.used(quota)
        status = {
            "hard": {name: str(limits[name]) for name in sorted(limits)},
            "used": {name: str(used[name]) for name in sorted(used)},
        }
        self._means.set_status(self._kind, quota, status)

    def _matters(self, change: Change) -> bool:
        """Whether a change may make a difference to what is used; most changes are of a status, and make none."""
        if change.previous is None or change.type != "MODIFIED":
            return True
        if change.kind.kind == "Pod" and not change.kind.group:
            now = self._means.now()
            return is_charged(change.previous, now) != is_charged(change.value, now)
        kind = change.kind.group, change.kind.kind
        return kind in CHANGING and at(change.previous, "spec") != at(change.value, "spec")
