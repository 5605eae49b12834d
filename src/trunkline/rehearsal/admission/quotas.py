"""ResourceQuotas: what a namespace has used is counted at once, so that nothing slips through (the plugin `ResourceQuota`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trunkline.rehearsal.admission.quantities import ZERO, Amounts, added, amounts
from trunkline.rehearsal.admission.usage import CHANGING, in_scope, names_of, unspecified, usage_of
from trunkline.rehearsal.errors import forbidden
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, at, name_of, namespace_of
from trunkline.rehearsal.store import Store


class Quotas:
    """Counts what namespaces use, and refuses what is too much."""

    def __init__(self, store: Store, kinds: Kinds, now: Callable[[], datetime]) -> None:
        self._store, self._kinds, self._now = store, kinds, now
        self._quotas = kinds.named("", "ResourceQuota")

    def check(self, kind: Kind, value: Object, previous: Object | None) -> None:
        """Look at something new, or at a change.

        Raises:
            ApiError: it is too much, or does not say what a quota has to know.
        """
        if not self._store.count(self._quotas) or not kind.namespaced:
            return
        if previous is not None and (kind.group, kind.kind) not in CHANGING:
            return
        quotas = [
            quota
            for quota in self._store.all_of(self._quotas, namespace_of(value))
            if names_of(kind, hard(quota)) and in_scope(quota, kind, value)
        ]
        for quota in quotas:
            _check_told(kind, value, quota)
        wanted = self._wanted(kind, value, previous) if quotas else {}
        for quota in quotas:
            self._check_room(kind, value, quota, wanted)

    def used(self, quota: Object) -> Amounts:
        """What is used of a quota's resources; of those that nothing uses at all, there is no amount."""
        names, now, total = hard(quota), self._now(), dict[str, Any]()
        for kind in self._kinds:
            own = names_of(kind, names) if kind.namespaced and not kind.is_virtual else None
            if not own:
                continue
            total = added(total, dict.fromkeys(own, ZERO))
            for value in self._store.all_of(kind, namespace_of(quota)):
                if in_scope(quota, kind, value):
                    use = usage_of(kind, value, now)
                    total = added(total, {name: use[name] for name in own if name in use})
        return total

    def _wanted(self, kind: Kind, value: Object, previous: Object | None) -> Amounts:
        now = self._now()
        wanted, before = usage_of(kind, value, now), usage_of(kind, previous, now) if previous else {}
        changed = {name: item - before.get(name, ZERO) for name, item in wanted.items()}
        return {name: item for name, item in changed.items() if item.nano}

    def _check_room(self, kind: Kind, value: Object, quota: Object, wanted: Amounts) -> None:
        limits = hard(quota)
        asked = {name: item for name, item in wanted.items() if name in limits}
        if not asked:
            return
        used = self.used(quota)
        over = [name for name in asked if (asked[name] + used.get(name, ZERO)).nano > limits[name].nano]
        if over:
            why = (
                f"exceeded quota: {name_of(quota)}, requested: {_told(asked, over)}, used: {_told(used, over)}, "
                f"limited: {_told(limits, over)}"
            )
            raise forbidden(kind.plural, kind.group, name_of(value), why)


def hard(quota: Object) -> Amounts:
    """What a quota allows."""
    return amounts(at(quota, "spec", "hard"))


def _check_told(kind: Kind, value: Object, quota: Object) -> None:
    missing = unspecified(value, names_of(kind, hard(quota))) if kind.kind == "Pod" else {}
    if missing:
        listed = "; ".join(f"{name} for: {','.join(containers)}" for name, containers in missing.items())
        why = f"failed quota: {name_of(quota)}: must specify {listed}"
        raise forbidden(kind.plural, kind.group, name_of(value), why)


def _told(found: Amounts, names: list[str]) -> str:
    return ",".join(f"{name}={found.get(name, ZERO)}" for name in sorted(names))
