"""A whole simulated cluster without a thread or a socket in use, on a clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.unit.rehearsal.manual_clock import ManualClock
from trunkline.rehearsal.cluster import ClusterState, SimulatedCluster
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.nodes.registries import ImageRule
from trunkline.rehearsal.objects import Object


class Played:
    """A cluster that is played step by step."""

    def __init__(self, state: ClusterState | None = None, images: Sequence[ImageRule] = ()) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(self.clock, state=state, nodes=("one", "two"), images=images)
        # A test is one thread: it may hold the lock for good.
        self.cluster.store.lock.acquire()
        self.settle()

    def settle(self) -> None:
        self.cluster.loop.settle()

    def run(self, seconds: float) -> None:
        """Let that much time pass, one timer after the other."""
        until = self.clock.monotonic() + seconds
        self.settle()
        while (due := self.cluster.loop.next_due()) is not None and due <= until:
            self.clock.advance(max(0.0, due - self.clock.monotonic()))
            self.settle()
        self.clock.advance(max(0.0, until - self.clock.monotonic()))
        self.settle()

    def kind(self, group: str, kind: str) -> Kind:
        return self.cluster.kinds.named(group, kind)

    def create(self, group: str, kind: str, value: Object) -> Object:
        made = self.cluster.registry.create(self.kind(group, kind), value)
        self.settle()
        return made

    def get(self, group: str, kind: str, name: str, namespace: str = "default") -> Any:
        return self.cluster.store.get(self.kind(group, kind), namespace, name)

    def pod(self, spec: Object, name: str = "web") -> None:
        self.create(
            "",
            "Pod",
            {"metadata": {"name": name, "namespace": "default", "labels": {"app": name}}, "spec": spec},
        )

    def status(self, name: str = "web") -> Any:
        return self.get("", "Pod", name)["status"]

    def container(self, name: str = "web", number: int = 0) -> Any:
        return self.status(name)["containerStatuses"][number]

    def events(self, *reasons: str) -> list[tuple[str, str]]:
        """Reason and message of the events, in their order; of some reasons, or all."""
        found = self.cluster.store.all_of(self.kind("", "Event"))
        found.sort(key=lambda item: int(item["metadata"]["resourceVersion"]))
        return [
            (item["reason"], item["message"]) for item in found if not reasons or item["reason"] in reasons
        ]

    def close(self) -> None:
        self.cluster.api.stop()
        self.cluster.stubs.close()


@contextmanager
def played(state: ClusterState | None = None, images: Sequence[ImageRule] = ()) -> Iterator[Played]:
    made = Played(state, images)
    try:
        yield made
    finally:
        made.close()
