"""Writes Events as `client-go`'s recorder does: repeated ones are counted, floods are combined and then dropped."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import field
from typing import Any, Literal

from trunkline.dataclass import dataclass
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.objects import (
    Object,
    copy_of,
    microseconds,
    name_of,
    namespace_of,
    timestamp,
    uid_of,
)
from trunkline.rehearsal.registry import Deletion, Registry, Write
from trunkline.rehearsal.store import Place, Store

# The API server keeps events for an hour; the recorder's limits are those of client-go's EventCorrelator.
_LIFE_S = 3600.0
_MOST_KEPT = 10_000
_ALIKE_S = 600.0
_MOST_ALIKE = 10
_BURST = 25
_REFILL_S = 300.0
_COMBINED = "(combined from similar events): "

Type = Literal["Normal", "Warning"]


@dataclass(slots=True)
class _Alike:
    """Events of one object and one reason whose messages differ."""

    since: float
    messages: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Bucket:
    """How many more events one component may record about one object."""

    left: float
    filled: float


class Events:
    """Records what happened to objects.

    Events older than an hour are removed when the next one is recorded: a timer would make a fast clock leap to it.
    """

    def __init__(self, store: Store, registry: Registry, kinds: Kinds, clock: Clock) -> None:
        self._store, self._registry, self._clock = store, registry, clock
        self._kind = kinds.named("", "Event")
        self._last_mark = 0
        self._written: OrderedDict[Place, float] = OrderedDict()
        self._known: dict[tuple[str, ...], Place] = {}
        self._alike: dict[tuple[str, ...], _Alike] = {}
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def record(
        self,
        about: Object,
        type: Type,  # noqa: A002 - the field's own name
        reason: str,
        message: str,
        component: str,
        field_path: str = "",
        *,
        host: str = "",
        action: str = "",
        related: Object | None = None,
    ) -> None:
        """Record an event; one that is refused, such as in a namespace that ends, is lost.

        Args:
            about: the object.
            type: whether it is a trouble.
            reason: in UpperCamelCase, such as FailedScheduling.
            message: for people.
            component: such as `kubelet` or `deployment-controller`.
            field_path: the part of the object, such as `spec.containers{app}`.
            host: the node on which the component runs.
            action: what was tried, such as Binding: the event is then one of the newer API's recorder.
            related: a second object that has to do with it.
        """
        self._tidy()
        thing = (component, host, about["kind"], namespace_of(about), name_of(about), uid_of(about))
        identity = message
        if not action:
            if self._is_one_of_many((*thing, type, reason), message):
                identity, message = _COMBINED, f"{_COMBINED}{message}"
            if not self._allowed(thing):
                return
        key = (*thing, field_path, type, reason, identity)
        place = self._known.get(key)
        known = self._store.get(self._kind, *place) if place else None
        try:
            if known is not None:
                self._registry.update(
                    self._kind, self._again(known, message), Write(component, tracked=False)
                )
            else:
                value = self._fresh(about, type, reason, message, component, field_path)
                if host:
                    value["source"]["host"] = host
                if action:
                    self._modern(value, action, component, host)
                if related is not None:
                    value["related"] = _reference(related)
                made = self._registry.create(self._kind, value, Write(component, tracked=False))
                place = self._known[key] = namespace_of(made), name_of(made)
        except ApiError:
            return
        if place is not None:
            self._written[place] = self._clock.monotonic()
            self._written.move_to_end(place)

    def _fresh(
        self, about: Object, type_: str, reason: str, message: str, component: str, field_path: str
    ) -> Object:
        now = timestamp(self._clock.now())
        involved = _reference(about)
        if field_path:
            involved["fieldPath"] = field_path
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {
                "name": f"{name_of(about)}.{self._next_mark():x}",
                "namespace": namespace_of(about) or "default",
            },
            "involvedObject": involved,
            "reason": reason,
            "message": message,
            "source": {"component": component},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": "",
        }

    def _next_mark(self) -> int:
        """The end of a name: nanoseconds since the epoch, so that names sort as the events happened."""
        self._last_mark = max(self._last_mark + 1, int(self._clock.now().timestamp() * 1e9))
        return self._last_mark

    def _modern(self, value: Object, action: str, component: str, host: str) -> None:
        """Make it, in place, what the recorder of events.k8s.io/v1 writes."""
        value.update(
            source={},
            firstTimestamp=None,
            lastTimestamp=None,
            eventTime=microseconds(self._clock.now()),
            action=action,
            reportingInstance=f"{component}-{host}" if host else component,
        )
        del value["count"]

    def _again(self, known: Object, message: str) -> Object:
        value: Object = copy_of(known)
        value["message"] = message
        if value.get("eventTime"):
            series = value.setdefault("series", {"count": 1})
            series["count"] += 1
            series["lastObservedTime"] = microseconds(self._clock.now())
        else:
            value["count"] = int(value.get("count") or 0) + 1
            value["lastTimestamp"] = timestamp(self._clock.now())
        return value

    def _is_one_of_many(self, group: tuple[str, ...], message: str) -> bool:
        """Whether it belongs to a crowd that differs in nothing but its messages."""
        now = self._clock.monotonic()
        alike = self._alike.get(group)
        if alike is None or now - alike.since > _ALIKE_S:
            alike = self._alike[group] = _Alike(now)
        alike.since = now
        if message in alike.messages or len(alike.messages) < _MOST_ALIKE - 1:
            alike.messages.add(message)
            return False
        return True

    def _allowed(self, thing: tuple[str, ...]) -> bool:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(thing, _Bucket(_BURST, now))
        bucket.left = min(_BURST, bucket.left + (now - bucket.filled) / _REFILL_S)
        bucket.filled = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True

    def _tidy(self) -> None:
        """Forget what is old, and the oldest of what is too much."""
        now = self._clock.monotonic()
        forgotten = False
        while self._written:
            place, moment = next(iter(self._written.items()))
            if now - moment < _LIFE_S and len(self._written) < _MOST_KEPT:
                break
            del self._written[place]
            forgotten = True
            if self._store.get(self._kind, *place) is not None:
                self._registry.delete(self._kind, *place, Deletion())
        if forgotten and len(self._known) > 2 * len(self._written) + _BURST:
            self._known = {key: place for key, place in self._known.items() if place in self._written}
            self._alike = {key: item for key, item in self._alike.items() if now - item.since <= _ALIKE_S}
            self._buckets = {key: item for key, item in self._buckets.items() if now - item.filled < _LIFE_S}


def _reference(about: Object) -> dict[str, Any]:
    """An object as events name it (`core/v1.ObjectReference`)."""
    found = {
        "kind": about["kind"],
        "namespace": namespace_of(about),
        "name": name_of(about),
        "uid": uid_of(about),
        "apiVersion": about["apiVersion"],
        "resourceVersion": (about.get("metadata") or {}).get("resourceVersion"),
    }
    return {key: item for key, item in found.items() if item}
