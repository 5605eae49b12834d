"""Stages in memory: every one is a world of fakes, in which a struck environment's pods crash."""

from __future__ import annotations

import copy
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from tests.fakes.world import FakeWorld, fake_world
from trunkline.config.project import Environment, Project
from trunkline.domain.commits import Commit
from trunkline.domain.rehearsals import Scenario
from trunkline.domain.rollouts import images_of
from trunkline.ports import Listener, World
from trunkline.ports.rehearsals import Snapshot, Standing

Disturbance = Callable[[FakeWorld], None]


@dataclass
class FakeStage:
    """Implements the port `Stage`.

    Attributes:
        changed: how often something was changed, by environment.
        stands: what is told of an environment instead of what really stands there, once it was struck.
    """

    fake: FakeWorld
    changed: dict[str, int]
    stands: dict[str, Standing]
    struck: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.fake.world

    def strike(self, scenario: Scenario, environment: Environment) -> None:
        self.struck.append(environment.name)
        helm, cluster = self.fake.helm, self.fake.cluster

        def interfere(moment: str) -> None:
            if moment.endswith("upgrade") and helm.requests[-1:]:
                ours = helm.requests[-1].target.namespace == environment.target.namespace
                cluster.sick = {""} if ours else set()
            elif moment.endswith("rollback"):
                cluster.sick = set()

        helm.interfere = interfere

    def mend(self) -> None:
        self.fake.helm.interfere = lambda _: None
        self.fake.cluster.sick = set()

    def standing(self, environment: Environment) -> Standing:
        if self.struck and environment.name in self.stands:
            return self.stands[environment.name]
        latest = self.fake.helm.history(environment.target).current
        if latest is None:
            return Standing(())
        return Standing(images_of(self.fake.helm.applied(environment.target, latest.number).objects))

    def changes(self, environment: Environment) -> int:
        return self.changed.get(environment.name, 0)

    def snapshot(self) -> Snapshot:
        return _kept(self.fake)


@dataclass
class FakeTheatre:
    """Opens stages; its `open` is a `StageOpener`.

    Attributes:
        disturb: done to every world before it is played in.
        changed, stands: as every stage tells them.
        opened: the commit of every stage, in order.
    """

    project: Project
    disturb: Disturbance = lambda _: None
    changed: dict[str, int] = field(default_factory=dict)
    stands: dict[str, Standing] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    worlds: list[FakeWorld] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    @contextmanager
    def open(
        self, sha: str, snapshot: Snapshot | None, listeners: tuple[Listener, ...]
    ) -> Iterator[FakeStage]:
        fake = fake_world(self.project, commit=Commit(sha, "main", True), listeners=listeners)
        fake.world = replace(fake.world, new_id=self._new_id)
        if snapshot is not None:
            assert isinstance(snapshot, dict)
            _restore(fake, snapshot)
        self.disturb(fake)
        with self._lock:
            self.opened.append(sha)
            self.worlds.append(fake)
        yield FakeStage(fake, self.changed, self.stands)

    def _new_id(self) -> str:
        with self._lock:
            return f"id-{next(self._numbers):04d}"


_FIELDS = {
    "ledger": ("_runs", "_attempts", "_endings", "_approvals", "_deployments", "_gates", "_steps"),
    "helm": ("_kept",),
    "cluster": ("namespaces", "good"),
    "registry": ("digests", "images"),
}


def _kept(fake: FakeWorld) -> dict[tuple[str, str], object]:
    kept = {
        (name, each): getattr(getattr(fake, name), each)
        for name, fields in _FIELDS.items()
        for each in fields
    }
    return copy.deepcopy({**kept, ("helm", "records"): fake.helm.records})


def _restore(fake: FakeWorld, kept: dict[tuple[str, str], object]) -> None:
    for (name, each), value in copy.deepcopy(kept).items():
        setattr(getattr(fake, name), each, value)
    # Helm and the cluster look at the same records.
    fake.cluster.records = fake.helm.records
