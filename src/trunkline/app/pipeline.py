"""The whole way of one commit: test, build, gate, deploy, approval, deploy; and going on where it was left.

What is done is read from the ledger, never from memory: a run that was killed resumes as one that was not.
"""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.app.approvals import Consent, await_approval, find_run
from trunkline.app.build import build, test
from trunkline.app.release import Cargo, release
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Run, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.progress import StageProgress, next_stage, run_progress
from trunkline.errors import UsageError
from trunkline.plan.pipeline import PlannedStage, check_discipline, find_environment, plan_pipeline
from trunkline.ports import World
from trunkline.run.attempts import begin_run

_ALL = 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """A run that came to its end, with the stages that were done and those that had been done before."""

    run: Run
    done: tuple[PlannedStage, ...]
    done_before: tuple[PlannedStage, ...]


def run_pipeline(
    world: World, until: str = "", consent: Consent | None = None, wait_for_lock_s: float = 0.0
) -> Way:
    """Take the commit that is checked out from its tests to the last environment (or to `until`).

    Raises:
        TrunklineError: the first stage that does not succeed ends the run; it can be resumed.
    """
    commit = world.source.commit(world.project.trunk)
    stages = plan_pipeline(world.project, until)
    _check(world, commit, stages)
    run = begin_run(world, commit, until)
    return _walk(world, run, commit, stages, consent or Consent(), wait_for_lock_s)


def resume_pipeline(
    world: World, run_id: str = "", consent: Consent | None = None, wait_for_lock_s: float = 0.0
) -> Way:
    """Go on with a run (the newest when no id is given), without doing again what is done.

    Raises:
        UsageError: there is no such run, or another commit is checked out. Else as `run_pipeline`.
    """
    run = find_run(world, run_id) if run_id else _newest(world)
    commit = world.source.commit(world.project.trunk)
    if commit.sha != run.commit:
        raise UsageError(
            f"Run {run.id} is about commit {run.commit[:7]}, but {commit.short} is checked out.",
            f"git checkout {run.commit[:7]}, then resume again.",
        )
    stages = plan_pipeline(world.project, run.until)
    _check(world, commit, stages)
    return _walk(world, run, commit, stages, consent or Consent(), wait_for_lock_s)


def _check(world: World, commit: Commit, stages: Sequence[PlannedStage]) -> None:
    """All environments of the run at once: better refused now than between dev and QA."""
    for stage in stages:
        if stage.stage is Stage.DEPLOY:
            check_discipline(commit, find_environment(world.project, stage.environment), world.project.trunk)


def _walk(
    world: World,
    run: Run,
    commit: Commit,
    stages: Sequence[PlannedStage],
    consent: Consent,
    wait_for_lock_s: float,
) -> Way:
    before = tuple(
        stage for stage, state in zip(stages, _progress(world, run, stages), strict=True) if state.done
    )
    done = []
    # Looked up anew for each stage: a word against an approval may come while an earlier stage is at work.
    while (state := next_stage(_progress(world, run, stages))) is not None:
        stage = PlannedStage(state.stage, state.environment)
        _do(world, run, commit, stage, consent, wait_for_lock_s)
        done.append(stage)
    return Way(run, tuple(done), before)


def _progress(world: World, run: Run, stages: Sequence[PlannedStage]) -> tuple[StageProgress, ...]:
    records = world.ledger.attempts(run_id=run.id, limit=_ALL)
    return run_progress(stages, records, world.ledger.approvals(run.id), resuming=True)


def _do(
    world: World, run: Run, commit: Commit, stage: PlannedStage, consent: Consent, wait_for_lock_s: float
) -> None:
    match stage.stage:
        case Stage.TEST:
            test(world, run)
        case Stage.BUILD:
            build(world, run)
        case Stage.GATE:
            from trunkline.app.gate import gate  # noqa: PLC0415 - most projects' runs never come here

            gate(world, _built(world, run), run=run)
        case Stage.APPROVAL:
            await_approval(world, run, commit, stage.environment, consent)
        case Stage.DEPLOY:
            release(world, stage.environment, run, Cargo(commit, _built(world, run)), wait_for_lock_s)


def _built(world: World, run: Run) -> ImageReference:
    """The image that this run built, by digest: the same for every environment."""
    for record in world.ledger.attempts(run_id=run.id, limit=_ALL):
        if record.attempt.stage is Stage.BUILD and record.succeeded and record.ending:
            return parse_image(record.attempt.image).with_digest(record.ending.digest)
    raise UsageError(f"Run {run.id} has built no image.", "Start a new run: trunkline run")


def _newest(world: World) -> Run:
    runs = world.ledger.runs(world.project.service, limit=1)
    if not runs:
        raise UsageError(f"There is no run of {world.project.service} to resume.", "Start one: trunkline run")
    return runs[0]
