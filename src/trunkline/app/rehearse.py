"""The pipeline rehearsed: once in health, and then once for each failure, from the state that health left.

The project's own chart, values, checks and approvals go the project's own way; only the cluster, the images and the
clock are the rehearsal's. Every scenario begins from the same snapshot, so that none disturbs another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from trunkline.app.approvals import Consent
from trunkline.app.pipeline import run_pipeline
from trunkline.config.project import Environment, Project
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import AttemptRecord, Stage
from trunkline.domain.rehearsals import Ending, Moment, Performance, Scenario, broken_expectations
from trunkline.errors import DeploymentFailed, TrunklineError, UsageError
from trunkline.events import Diagnosed, Event, Failed, Finished, Noted, Started, Stranded, Undone
from trunkline.ports.rehearsals import Snapshot, StageOpener, Standing
from trunkline.ports.rehearsals import Stage as Scene

_AT_ONCE = 3
_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A whole rehearsal.

    Attributes:
        environments: the way, in its order.
        health: the time line of the run without a failure.
        performances: one for each scenario, in their order.
    """

    environments: tuple[str, ...]
    health: tuple[Moment, ...]
    performances: tuple[Performance, ...]

    @property
    def as_expected(self) -> bool:
        """Whether every expectation holds."""
        return all(item.as_expected for item in self.performances)


def rehearse(
    project: Project,
    opener: StageOpener,
    scenarios: Sequence[Scenario],
    until: str = "",
    on_end: Callable[[Performance], None] = lambda _: None,
) -> Rehearsed:
    """Rehearse the project's pipeline.

    Args:
        project: what is configured.
        opener: opens simulated stages.
        scenarios: the failures to play, each by itself; none plays health only.
        until: the environment to stop after, empty for all of them.
        on_end: is told of each scenario as soon as it is over, from any thread.

    Raises:
        UsageError: a scenario names an environment that the way does not have.
        DeploymentFailed: not even the healthy run comes through.
    """
    way = _way(project, until)
    for scenario in scenarios:
        _struck(way, scenario)
    recorder = _Recorder()
    with opener(_version(1), None, (recorder,)) as scene:
        try:
            run_pipeline(scene.world, until, _consent(way))
        except TrunklineError as error:
            raise DeploymentFailed(
                f"Not even the rehearsal without a failure comes through: {error.message}", error.hint
            ) from error
        snapshot = scene.snapshot()
    play = _Play(opener, way, until, snapshot, on_end)
    with ThreadPoolExecutor(_AT_ONCE, "rehearsal") as pool:
        performances = tuple(pool.map(play.perform, scenarios))
    return Rehearsed(tuple(item.name for item in way), recorder.moments, performances)


@dataclass(frozen=True, slots=True)
class _Play:
    """What all scenarios share."""

    opener: StageOpener
    way: tuple[Environment, ...]
    until: str
    snapshot: Snapshot
    on_end: Callable[[Performance], None]

    def perform(self, scenario: Scenario) -> Performance:
        """Play one scenario, and compare."""
        snapshot: Snapshot | None = self.snapshot if scenario.rollout > 1 else None
        for number in range(2, scenario.rollout):
            with self.opener(_version(number), snapshot, ()) as scene:
                run_pipeline(scene.world, self.until, _consent(self.way))
                snapshot = scene.snapshot()
        seen = self._strike(scenario, snapshot)
        seen = replace(seen, broken=tuple(broken_expectations(seen)))
        self.on_end(seen)
        return seen

    def _strike(self, scenario: Scenario, snapshot: Snapshot | None) -> Performance:
        struck, recorder = _struck(self.way, scenario), _Recorder()
        with self.opener(_version(scenario.rollout), snapshot, (recorder,)) as scene:
            before = scene.standing(struck)
            scene.strike(scenario, struck)
            error: TrunklineError | None = None
            try:
                run_pipeline(scene.world, self.until, _consent(self.way))
            except TrunklineError as caught:
                error = caught
            scene.mend()
            return self._seen(scenario, scene, recorder, struck, before, error)

    def _seen(
        self,
        scenario: Scenario,
        scene: Scene,
        recorder: _Recorder,
        struck: Environment,
        before: Standing,
        error: TrunklineError | None,
    ) -> Performance:
        deployed = [
            record
            for record in scene.world.ledger.attempts(limit=_ALL)
            if record.attempt.stage is Stage.DEPLOY
        ]
        there = _newest(deployed, struck.name)
        later = self.way[self.way.index(struck) + 1 :]
        stopped = next((item for item in deployed if item.ending and not item.succeeded), None)
        ending = stopped.ending if stopped else None
        undone = ending.undone if ending else ""
        now = scene.standing(struck)
        back = before if error is not None and undone and not undone.startswith("kept") else None
        return Performance(
            scenario=scenario,
            struck=struck.name,
            ending=Ending.STOPPED if error else Ending.DELIVERED,
            stopped_at=stopped.attempt.environment if error and stopped else "",
            cause=ending.cause if ending else "",
            sentence=error.message if error else "",
            undone=undone,
            took_s=(there.elapsed_s or 0.0) if there else 0.0,
            touched=tuple(item.name for item in later if error and scene.changes(item)),
            left_over=tuple(_left_over(struck.name, now, back)),
            moments=recorder.moments,
        )


class _Recorder:
    """A listener that keeps a time line."""

    def __init__(self) -> None:
        self._events: list[tuple[Event, str]] = []

    def on_event(self, event: Event) -> None:
        """Keep what a person would like to read later."""
        text = _told(event)
        if text:
            self._events.append((event, text))

    def close(self, deadline_s: float) -> None:
        """There is nothing to deliver."""

    @property
    def moments(self) -> tuple[Moment, ...]:
        """The time line, from the first event on."""
        if not self._events:
            return ()
        began = self._events[0][0].at
        return tuple(
            Moment((event.at - began).total_seconds(), event.attempt.environment, text)
            for event, text in self._events
        )


def _told(event: Event) -> str:
    match event:
        case Started(attempt=attempt):
            return f"{attempt.stage} begins"
        case Noted(text=text, level=level):
            return "" if level == "output" else text
        case Diagnosed(failures=failures):
            return "; ".join(f"{failure.cause}: {failure.sentence}" for failure in failures)
        case Undone(text=text):
            return f"undone: {text}"
        case Stranded(text=text):
            return f"stranded: {text}"
        case Finished(attempt=attempt):
            return f"{attempt.stage} succeeded"
        case Failed(attempt=attempt):
            return f"{attempt.stage} failed"
        case _:
            return ""


def _left_over(name: str, now: Standing, before: Standing | None) -> Iterable[str]:
    """What does not stand as it should; `before` is what was to be returned to, if anything was."""
    for workload in now.unready:
        yield f"In {name} {workload} is not ready in the end."
    for revision in now.pending:
        yield f"In {name} Helm's revision {revision} was left pending."
    for hook in now.at_work:
        yield f"In {name} the hook {hook} is still at work."
    if before is not None and before.images != now.images:
        stands, stood = ", ".join(now.images) or "nothing", ", ".join(before.images) or "nothing"
        yield f"In {name} stands {stands} after the undo, and before it was {stood}."


def _newest(records: Iterable[AttemptRecord], environment: str) -> AttemptRecord | None:
    return next((item for item in records if item.attempt.environment == environment), None)


def _way(project: Project, until: str) -> tuple[Environment, ...]:
    names = [item.name for item in project.environments]
    if until and until not in names:
        raise UsageError(
            f"There is no environment {until!r} in {project.source}.", f"It knows: {', '.join(names)}."
        )
    return project.environments[: names.index(until) + 1] if until else project.environments


def _struck(way: tuple[Environment, ...], scenario: Scenario) -> Environment:
    if not scenario.environment:
        return way[-2] if len(way) > 1 else way[-1]
    for environment in way:
        if environment.name == scenario.environment:
            return environment
    known = ", ".join(item.name for item in way)
    raise UsageError(
        f"The scenario {scenario.name!r} strikes {scenario.environment!r}, which is not on the way.",
        f"The way is: {known}.",
    )


def _consent(way: Iterable[Environment]) -> Consent:
    return Consent(frozenset(item.name for item in way), "the rehearsal says so")


def _version(number: int) -> str:
    """The full sha of the commit that stands for one version; they follow each other on trunk."""
    return hashlib.sha1(f"rehearsal {number}".encode(), usedforsecurity=False).hexdigest()
