"""What every controller works with, and the few deeds that all of them do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.controllers.events import Events
from trunkline.rehearsal.controllers.events import Type as EventType
from trunkline.rehearsal.controllers.index import Index
from trunkline.rehearsal.controllers.reading import texts
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.loop import Controller, Loop, Timer
from trunkline.rehearsal.objects import (
    Object,
    controller_of,
    copy_of,
    name_of,
    namespace_of,
    timestamp,
    uid_of,
)
from trunkline.rehearsal.registry import Deletion, Registry, Write
from trunkline.rehearsal.store import Change, Place, Store

_GONE = 404


class Means:
    """A cluster's store, registry, kinds, clock, loop and events, with one index a kind for all controllers."""

    def __init__(
        self, store: Store, registry: Registry, kinds: Kinds, clock: Clock, loop: Loop, events: Events
    ) -> None:
        self.store, self.registry, self.kinds = store, registry, kinds
        self.clock, self.loop, self.events = clock, loop, events
        self._indexes: dict[tuple[str, str], Index] = {}

    def index(self, group: str, kind: str) -> Index:
        """The index of a kind."""
        found = self._indexes.get((group, kind))
        if found is None:
            found = self._indexes[group, kind] = Index(self.store, self.kinds.named(group, kind))
        return found

    def kind(self, group: str, kind: str) -> Kind:
        """A built-in kind."""
        return self.kinds.named(group, kind)

    def get(self, kind: Kind, place: Place) -> Object | None:
        """An object of a kind."""
        return self.store.get(kind, *place)

    def again(self, kind: Kind, value: Object) -> Object | None:
        """An object as it is now, None if it is gone or another one of its name is there."""
        found = self.store.get(kind, namespace_of(value), name_of(value))
        return found if found is not None and uid_of(found) == uid_of(value) else None

    def now(self) -> datetime:
        """This moment."""
        return self.clock.now()

    def stamp(self) -> str:
        """This moment as a timestamp."""
        return timestamp(self.clock.now())

    def owned(self, kind: Kind, owner: Object) -> list[Object]:
        """The objects of a kind that an owner controls."""
        uid = uid_of(owner)
        return [
            value
            for found, value in self.store.owned_by(uid)
            if found.plural == kind.plural and found.group == kind.group and controls(value, uid)
        ]

    def create(self, kind: Kind, value: Object, manager: str = "kube-controller-manager") -> Object:
        """Create an object as a controller does."""
        return self.registry.create(kind, value, Write(manager))

    def edit(self, kind: Kind, value: Object, edit: Callable[[Any], object]) -> Object:
        """Change an object as it is now by an edit in place; what is gone stays as it was."""
        current = self.again(kind, value)
        if current is None:
            return value
        changed: Object = copy_of(current)
        edit(changed)
        if changed == current:
            return current
        return self.registry.update(kind, changed, Write("kube-controller-manager"))

    def set_owners(self, kind: Kind, value: Object, references: list[dict[str, Any]]) -> Object:
        """Change to whom an object belongs, none for nobody."""

        def edit(changed: Any) -> None:
            changed["metadata"].pop("ownerReferences", None)
            if references:
                changed["metadata"]["ownerReferences"] = references

        return self.edit(kind, value, edit)

    def drop_finalizer(self, kind: Kind, value: Object, finalizer: str) -> Object:
        """No longer hold an object; it may be gone then."""

        def edit(changed: Any) -> None:
            left = [item for item in texts(changed, "metadata", "finalizers") if item != finalizer]
            changed["metadata"].pop("finalizers", None)
            if left:
                changed["metadata"]["finalizers"] = left

        return self.edit(kind, value, edit)

    def set_status(self, kind: Kind, value: Object, status: dict[str, Any]) -> Object:
        """Write a status if it differs; what is gone stays as it was."""
        current = self.again(kind, value)
        if current is None or current.get("status") == status:
            return value
        return self.registry.update_status(kind, {**copy_of(current), "status": copy_of(status)})

    def delete(self, kind: Kind, value: Object, *, grace_s: int | None = None) -> bool:
        """Delete an object, this very one; whether it was there."""
        try:
            how = Deletion(grace_s=grace_s, uid=uid_of(value))
            self.registry.delete(kind, namespace_of(value), name_of(value), how)
        except ApiError as error:
            if error.code != _GONE:
                raise
            return False
        return True

    def say(self, about: Object, type_: EventType, reason: str, message: str, component: str) -> None:
        """Record an event."""
        self.events.record(about, type_, reason, message, component)


class Alarms:
    """Lets a controller look at a place again at a time; a place has one alarm at most."""

    def __init__(self, loop: Loop, controller: Controller) -> None:
        self._loop, self._controller = loop, controller
        self._timers: dict[Place, Timer] = {}

    def set(self, place: Place, delay_s: float | None) -> None:
        """Look again after so many seconds; None for never."""
        known = self._timers.pop(place, None)
        if known is not None:
            known.cancel()
        if delay_s is not None:
            self._timers[place] = self._loop.call_later(delay_s, lambda: self._ring(place))

    def _ring(self, place: Place) -> None:
        self._timers.pop(place, None)
        self._loop.enqueue(self._controller, place)


def controls(value: Object, uid: str) -> bool:
    """Whether the owner of this uid controls an object."""
    reference = controller_of(value)
    return reference is not None and reference.get("uid") == uid


def place_of(value: Object) -> Place:
    """Where an object is."""
    return namespace_of(value), name_of(value)


def controllers_of(change: Change, kind: str) -> list[Place]:
    """The places of the controllers of one kind of a changed object, before and after the change."""
    found: dict[Place, None] = {}
    for value in (change.value, change.previous):
        reference = controller_of(value) if value is not None else None
        if reference is not None and reference.get("kind") == kind:
            found[namespace_of(change.value), str(reference.get("name"))] = None
    return list(found)
