"""A cluster without an API: a store, a registry that refuses what it is told to, a loop, and a kubelet of a few lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.unit.rehearsal.manual_clock import ManualClock
from trunkline.rehearsal.controllers.daemon_nodes import node_of
from trunkline.rehearsal.controllers.events import Events
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.loop import Loop
from trunkline.rehearsal.objects import Object, at, copy_of, name_of, namespace_of, timestamp
from trunkline.rehearsal.registry import Deletion, Registry, Write
from trunkline.rehearsal.store import Change, Place, Store

_MOST_STEPS = 50_000
_AT_ONCE = Deletion(grace_s=0)
Refusal = Callable[[Kind, Object], None]


@dataclass
class OpenAdmission:
    """Fills in the few defaults that controllers rely on, and raises what a test asks for."""

    refusals: list[Refusal] = field(default_factory=list)

    def default(self, kind: Kind, value: Object) -> None:
        if kind.kind == "Namespace":
            value.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
            value.setdefault("status", {}).setdefault("phase", "Active")

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        if previous is None:
            for refusal in self.refusals:
                refusal(kind, value)

    def validate(self, kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
        return []

    def permit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        pass

    def dismiss(self, kind: Kind, value: Object, how: Write) -> None:
        pass


class World:
    """All that a controller needs, and what tests ask about it."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.kinds = Kinds()
        self.store = Store(self.clock)
        # A test is one thread: it may hold the lock for good.
        self.store.lock.acquire()
        self.loop = Loop(self.store, self.clock)
        self.admission = OpenAdmission()
        self.registry = Registry(self.store, self.clock, self.admission, lambda *_: None)
        self._first: dict[str, int] = {}
        self.store.listen(self._remember)
        self.events = Events(self.store, self.registry, self.kinds, self.clock)

    def kind(self, name: str) -> Kind:
        return next(kind for kind in self.kinds if kind.kind == name)

    def create(self, value: Object) -> Object:
        kind = self.kinds.of(value["apiVersion"], value["kind"])
        assert kind is not None
        if kind.namespaced:
            value = {**value, "metadata": {"namespace": "default", **value["metadata"]}}
        return self.registry.create(kind, value)

    def get(self, kind: str, name: str, namespace: str = "default") -> Object:
        found = self.store.get(self.kind(kind), namespace, name)
        assert found is not None, f"no {kind} {name}"
        return found

    def all(self, kind: str) -> list[Object]:
        return self.store.all_of(self.kind(kind))

    def change(self, kind: str, name: str, edit: Callable[[Any], Any], namespace: str = "default") -> Object:
        value: Object = copy_of(self.get(kind, name, namespace))
        edit(value)
        return self.registry.update(self.kind(kind), value)

    def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        self.registry.delete(self.kind(kind), namespace, name)

    def settle(self) -> None:
        """Do all that is due, as `Loop.settle` does, but not for ever."""
        for _ in range(_MOST_STEPS):
            if not self.loop._step():
                return
        raise AssertionError(f"it never settles: {list(self.loop._queue)[:5]}")

    def advance(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.clock.passed_s + seconds
        self.settle()
        while (due := self.loop.next_due()) is not None and due <= end:
            self.clock.passed_s = max(self.clock.passed_s, due)
            self.settle()
        self.clock.passed_s = end
        self.settle()

    def told(self, about: str = "") -> list[tuple[str, str, int]]:
        """Reason, message and count of all events about a name, in the order in which they were first written."""
        found = [
            event for event in self.all("Event") if not about or event["involvedObject"]["name"] == about
        ]
        found.sort(key=lambda event: self._first[event["metadata"]["uid"]])
        return [(event["reason"], event["message"], event.get("count", 1)) for event in found]

    def _remember(self, change: Change) -> None:
        if change.kind.kind == "Event":
            self._first.setdefault(change.value["metadata"]["uid"], change.version)


def condition(value: Object, type_: str) -> dict[str, Any]:
    """A condition of an object without its times, empty if it is not there."""
    for item in at(value, "status", "conditions") or []:
        if item["type"] == type_:
            return {key: item[key] for key in ("status", "reason", "message") if key in item}
    return {}


class FakeKubelet:
    """Runs pods at once, or after as many seconds as its plan says; None is never.

    Args:
        ready_after: seconds until a pod is ready, by the pod.
        phase: what a pod is then.
    """

    def __init__(
        self,
        world: World,
        ready_after: Callable[[Object], float | None] = lambda _: 0.0,
        phase: Callable[[Object], str] = lambda _: "Running",
    ) -> None:
        self.world, self.ready_after, self.phase = world, ready_after, phase
        self._count = 0
        self._started: set[str] = set()
        world.loop.add(self)

    def concerned(self, change: Change) -> list[Place]:
        if change.kind.kind != "Pod" or change.type == "DELETED":
            return []
        return [(namespace_of(change.value), name_of(change.value))]

    def reconcile(self, place: Place) -> None:
        pod = self.world.store.get(self.world.kind("Pod"), *place)
        if pod is None:
            return
        if pod["metadata"].get("deletionTimestamp"):
            self.world.registry.delete(self.world.kind("Pod"), *place, _AT_ONCE)
            return
        if pod["metadata"]["uid"] in self._started:
            return
        self._started.add(pod["metadata"]["uid"])
        self._count += 1
        value = copy_of(pod)
        value["spec"]["nodeName"] = node_of(pod) or "node-1"
        value = self.world.registry.update(self.world.kind("Pod"), value)
        self.set_phase(place, "Running", ready=False)
        after_s = self.ready_after(pod)
        if after_s is not None:
            uid = pod["metadata"]["uid"]
            self.world.loop.call_later(after_s, lambda: self._ready(place, uid))

    def _ready(self, place: Place, uid: str) -> None:
        pod = self.world.store.get(self.world.kind("Pod"), *place)
        if pod is not None and pod["metadata"]["uid"] == uid:
            phase = self.phase(pod)
            self.set_phase(place, phase, ready=phase == "Running")

    def set_phase(self, place: Place, phase: str, *, ready: bool = False, restarts: int = 0) -> None:
        """Set what the kubelet would say of a pod."""
        value = copy_of(self.world.store.get(self.world.kind("Pod"), *place))
        now = timestamp(self.world.clock.now())
        value["status"] = {
            "phase": phase,
            "podIP": f"10.42.0.{self._count}",
            "startTime": now,
            "conditions": [
                {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": now}
            ],
            "containerStatuses": [
                {
                    "name": "app",
                    "restartCount": restarts,
                    "ready": ready,
                    "state": {} if phase == "Running" else {"terminated": {"finishedAt": now}},
                }
            ],
        }
        self.world.registry.update_status(self.world.kind("Pod"), value, "kubelet")
