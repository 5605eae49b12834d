"""PriorityClasses become numbers in pods (the plugin `Priority`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.rehearsal.errors import FieldError, forbidden
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, name_of
from trunkline.rehearsal.store import Store

_PREEMPTS = "PreemptLowerPriority"
_SYSTEM = "system-"
_HIGHEST = 1_000_000_000
SYSTEM_CLASSES: tuple[Object, ...] = (
    {
        "metadata": {"name": "system-cluster-critical"},
        "value": 2 * _HIGHEST,
        "description": "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
    },
    {
        "metadata": {"name": "system-node-critical"},
        "value": 2 * _HIGHEST + 1000,
        "description": "Used for system critical pods that must not be moved from their current node.",
    },
)
"""What every cluster has."""


class Priorities:
    """Knows the priority classes of a cluster."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._classes = store, kinds.named("scheduling.k8s.io", "PriorityClass")

    def admit_pod(self, kind: Kind, pod: Object) -> None:
        """Give a new pod its priority, in place.

        Raises:
            ApiError: there is no such class, or the pod says another number than its class.
        """
        spec = pod.get("spec")
        if not isinstance(spec, dict):
            return
        shown = str(pod["metadata"].get("generateName") or name_of(pod))
        name = spec.get("priorityClassName")
        found = self._named(str(name)) if name else self._default()
        if found is None and name:
            raise forbidden(kind.plural, kind.group, shown, f"no PriorityClass with name {name} was found")
        priority, policy = _number(found), str((found or {}).get("preemptionPolicy") or _PREEMPTS)
        computed = "must not be provided in pod spec; priority admission controller computed"
        if spec.get("priority") is not None and spec["priority"] != priority:
            why = f"the integer value of priority ({spec['priority']}) {computed} {priority} from the given PriorityClass name"
            raise forbidden(kind.plural, kind.group, shown, why)
        if spec.get("preemptionPolicy") is not None and spec["preemptionPolicy"] != policy:
            why = f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) {computed} {policy} from the given PriorityClass name"
            raise forbidden(kind.plural, kind.group, shown, why)
        if found is not None:
            spec["priorityClassName"] = name_of(found)
        spec["priority"], spec["preemptionPolicy"] = priority, policy

    def check_class(self, kind: Kind, value: Object) -> None:
        """Look at a class: only one may be the default.

        Raises:
            ApiError: there is another one.
        """
        other = self._default() if value.get("globalDefault") is True else None
        if other is not None and name_of(other) != name_of(value):
            why = f"PriorityClass {name_of(other)} is already marked as default. Only one default can exist"
            raise forbidden(kind.plural, kind.group, name_of(value), why)

    def _named(self, name: str) -> Object | None:
        found = self._store.get(self._classes, "", name)
        return found or next((item for item in SYSTEM_CLASSES if name_of(item) == name), None)

    def _default(self) -> Object | None:
        if not self._store.count(self._classes):
            return None
        marked = [item for item in self._store.all_of(self._classes) if item.get("globalDefault") is True]
        # If there are several after all, the lowest counts.
        return min(marked, key=_number, default=None)


def fill_class(value: Object) -> None:
    """What a class leaves to be concluded, in place."""
    if value.get("preemptionPolicy") is None:
        value["preemptionPolicy"] = _PREEMPTS


def class_problems(value: Object, previous: Object | None) -> Iterator[FieldError]:
    """What is wrong with a class, or its change."""
    name, number = name_of(value), _number(value)
    known = {name_of(item): item for item in SYSTEM_CLASSES}
    if name.startswith(_SYSTEM):
        if name not in known:
            said = (
                "Forbidden: priority class names with 'system-' prefix are reserved for system use only. "
                f"error: {name} is not a known system priority class"
            )
            yield FieldError("metadata.name", "FieldValueForbidden", said)
    elif number > _HIGHEST:
        said = f"Forbidden: maximum allowed value of a user defined priority is {_HIGHEST}"
        yield FieldError("value", "FieldValueForbidden", said)
    for key in ("value", "preemptionPolicy") if previous is not None else ():
        before = previous.get(key) if previous else None
        if value.get(key) != before:
            what = "Forbidden: may not be changed in an update." if key == "value" else "field is immutable"
            shown = what if key == "value" else f'Invalid value: "{value.get(key)}": {what}'
            reason = "FieldValueForbidden" if key == "value" else "FieldValueInvalid"
            yield FieldError(key, reason, shown)


def _number(found: Any) -> int:
    value = (found or {}).get("value")
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
