"""What is there, in which version, and what changed since: etcd and the watch cache in memory.

All of it is done under `Store.lock`, which the API's requests and the controllers take in turn. Objects that go in or out
are shared and never changed (`objects.copy_of`).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from trunkline.dataclass import dataclass
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, copy_of, name_of, namespace_of, owner_references, uid_of

_FIRST_VERSION = 1000
_REMEMBERED = 20_000
Place = tuple[str, str]
"""A namespace, empty for what has none, and a name."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened to an object.

    Attributes:
        version: the resourceVersion that it made.
        type: ADDED, MODIFIED or DELETED, as a watch calls it.
        value: the object afterwards; of one that is gone, as it was last, with the version of its end.
        previous: the object before, None if it is new.
    """

    version: int
    type: str
    kind: Kind
    value: Object
    previous: Object | None


class TooOld(Exception):
    """What happened since a version is no longer remembered (410 Expired)."""


class Store:
    """All objects of a cluster, by kind and place.

    Args:
        clock: is told of every change.
        remembered: how many changes a watch can be resumed over.
    """

    def __init__(self, clock: Clock, remembered: int = _REMEMBERED) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.version = _FIRST_VERSION
        self._clock = clock
        self._objects: dict[tuple[str, str], dict[Place, Object]] = {}
        self._kinds: dict[tuple[str, str], Kind] = {}
        self._owned: dict[str, dict[tuple[tuple[str, str], Place], Kind]] = {}
        self._changes: deque[Change] = deque(maxlen=remembered)
        self._forgotten = _FIRST_VERSION
        self._listeners: list[Callable[[Change], None]] = []

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Tell of every change, under the lock and in order; a listener changes nothing itself."""
        self._listeners.append(listener)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """An object, None if there is no such."""
        return self._objects.get(_key(kind), {}).get((namespace, name))

    def all_of(self, kind: Kind, namespace: str = "") -> list[Object]:
        """The objects of a kind, of one namespace or of all, in the order of their places."""
        found = self._objects.get(_key(kind), {})
        return [found[place] for place in sorted(found) if not namespace or place[0] == namespace]

    def count(self, kind: Kind) -> int:
        """How many objects of a kind there are."""
        return len(self._objects.get(_key(kind), {}))

    def owned_by(self, uid: str) -> list[tuple[Kind, Object]]:
        """What names this object as an owner."""
        return [
            (kind, self._objects[key][place])
            for (key, place), kind in sorted(self._owned.get(uid, {}).items(), key=lambda item: item[0])
        ]

    def put(self, kind: Kind, value: Object) -> Object:
        """Store an object, new or changed, under a new version; what does not differ keeps its version.

        Returns:
            What is stored now; the argument belongs to the store from now on.
        """
        place = namespace_of(value), name_of(value)
        objects = self._objects.setdefault(_key(kind), {})
        previous = objects.get(place)
        if previous is not None:
            value["metadata"]["resourceVersion"] = previous["metadata"]["resourceVersion"]
            if value == previous:
                return previous
            self._disown(kind, place, previous)
        self.version += 1
        value["metadata"]["resourceVersion"] = str(self.version)
        objects[place] = value
        self._kinds[_key(kind)] = kind
        for reference in owner_references(value):
            self._owned.setdefault(str(reference.get("uid")), {})[_key(kind), place] = kind
        self._tell(Change(self.version, "MODIFIED" if previous else "ADDED", kind, value, previous))
        return value

    def remove(self, kind: Kind, namespace: str, name: str) -> Object:
        """Take an object out for good; as it was last, with the version of its end.

        Raises:
            KeyError: there is none.
        """
        place = namespace, name
        previous = self._objects[_key(kind)].pop(place)
        self._disown(kind, place, previous)
        self.version += 1
        value: Object = copy_of(previous)
        value["metadata"]["resourceVersion"] = str(self.version)
        self._tell(Change(self.version, "DELETED", kind, value, previous))
        return value

    def changes_since(self, version: int) -> Iterator[Change]:
        """What happened after a version, oldest first.

        Raises:
            TooOld: not all of it is remembered.
        """
        if version < self._forgotten:
            raise TooOld
        if not self._changes or version >= self._changes[-1].version:
            return iter(())
        # Versions have no gaps among the changes that are remembered.
        return islice(self._changes, version - self._changes[0].version + 1, None)

    def forget(self) -> None:
        """Forget all changes: whoever resumes a watch has to list again."""
        self._changes.clear()
        self._forgotten = self.version

    def everything(self) -> Iterator[tuple[Kind, Object]]:
        """All objects."""
        for key, objects in self._objects.items():
            for value in objects.values():
                yield self._kinds[key], value

    def restore(self, version: int, objects: Iterator[tuple[Kind, Object]]) -> None:
        """Take over what was there before, with its versions, telling nobody."""
        self.version = max(version, self.version)
        self._forgotten = self.version
        for kind, value in objects:
            place = namespace_of(value), name_of(value)
            self._objects.setdefault(_key(kind), {})[place] = value
            self._kinds[_key(kind)] = kind
            for reference in owner_references(value):
                self._owned.setdefault(str(reference.get("uid")), {})[_key(kind), place] = kind

    def _disown(self, kind: Kind, place: Place, value: Object) -> None:
        for reference in owner_references(value):
            uid = str(reference.get("uid"))
            owned = self._owned.get(uid, {})
            owned.pop((_key(kind), place), None)
            if not owned:
                self._owned.pop(uid, None)

    def _tell(self, change: Change) -> None:
        if len(self._changes) == self._changes.maxlen:
            self._forgotten = self._changes[0].version
        self._changes.append(change)
        self._clock.touch()
        for listener in self._listeners:
            listener(change)
        self.changed.notify_all()


def _key(kind: Kind) -> tuple[str, str]:
    return kind.group, kind.plural


def same_object(one: Object, other: Object) -> bool:
    """Whether two states are of one object, and not of two that had the same name after each other."""
    return uid_of(one) == uid_of(other)
