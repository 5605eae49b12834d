"""ResourceQuotas: what a namespace has used is counted at once, so that nothing slips through (the plugin `ResourceQuota`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from trunkline.rehearsal.admission.quantities import ZERO, Amounts, amounts
from trunkline.rehearsal.admission.usage import (
    CHANGING,
    in_scope,
    is_charged,
    names_of,
    unspecified,
    usage_of,
)
from trunkline.rehearsal.errors import forbidden
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, at, name_of, namespace_of, uid_of
from trunkline.rehearsal.store import Store

_REMEMBERED = 10_000


class Quotas:
    """Counts what namespaces use, and refuses what is too much."""

    def __init__(self, store: Store, kinds: Kinds, now: Callable[[], datetime]) -> None:
        self._store, self._kinds, self._now = store, kinds, now
        self._quotas = kinds.named("", "ResourceQuota")
        self._pods: dict[str, Amounts] = {}

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
        names, now = hard(quota), self._now()
        total: Amounts = {}
        for kind in self._kinds:
            own = names_of(kind, names) if kind.namespaced and not kind.is_virtual else None
            if not own:
                continue
            total |= {name: total.get(name, ZERO) for name in own}
            for value in self._store.all_of(kind, namespace_of(quota)):
                if not in_scope(quota, kind, value):
                    continue
                for name, item in self._usage(kind, value, now).items():
                    if name in own:
                        total[name] += item
        return total

    def _usage(self, kind: Kind, value: Object, now: datetime) -> Amounts:
        """What an object uses; what a pod asks for never changes, and is worked out once."""
        if (kind.group, kind.kind) != ("", "Pod") or not is_charged(value, now):
            return usage_of(kind, value, now)
        known = self._pods.get(uid_of(value))
        if known is None:
            if len(self._pods) > _REMEMBERED:
                self._pods.clear()
            known = self._pods[uid_of(value)] = usage_of(kind, value, now)
        return known

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
