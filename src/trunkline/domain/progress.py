"""How far a run is: the state of each of its stages, computed from attempts and decisions.

`trunkline run --resume` goes on where this says. Nothing here depends on the order in which the records come:
time decides, and the (time-ordered) id where two moments are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Approval, AttemptRecord, Decision, Outcome, Stage


class StageState(StrEnum):
    """How far a stage of a run is."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"
    REJECTED = "rejected"


class StagePlace(Protocol):
    """Where in a run something happens, such as `plan.pipeline.PlannedStage`."""

    @property
    def stage(self) -> Stage:
        """The kind of stage."""
        ...

    @property
    def environment(self) -> str:
        """The environment's name, or empty."""
        ...


@dataclass(frozen=True, slots=True)
class StageProgress:
    """How far one stage of a run is, and the record that says so.

    Attributes:
        record: the attempt that decides: the newest that succeeded, else simply the newest.
        approval: the decision that counts, at an approval stage.
    """

    stage: Stage
    environment: str
    state: StageState
    record: AttemptRecord | None = None
    approval: Approval | None = None

    @property
    def done(self) -> bool:
        """Whether a resumed run may pass it by."""
        return self.state is StageState.SUCCEEDED


def run_progress(
    stages: Iterable[StagePlace],
    records: Iterable[AttemptRecord],
    approvals: Iterable[Approval],
    *,
    resuming: bool = False,
) -> tuple[StageProgress, ...]:
    """How far each stage of one run is, in the order of `stages`.

    A stage has succeeded when any attempt at it did; else its newest attempt decides. An approval has
    succeeded or was rejected as the last decision on its environment says; without one it waits as soon as
    all stages before it have succeeded.

    Args:
        stages: the run's stages in order.
        records: all attempts of that run.
        approvals: all decisions of that run.
        resuming: the run's process is known to be gone, so an attempt without an ending was interrupted.
    """
    records, approvals = tuple(records), tuple(approvals)
    progress: list[StageProgress] = []
    for place in stages:
        if place.stage is Stage.APPROVAL:
            reached = all(earlier.done for earlier in progress)
            progress.append(_approval_progress(place, approvals, reached=reached))
        else:
            progress.append(_work_progress(place, records, resuming=resuming))
    return tuple(progress)


def next_stage(progress: Iterable[StageProgress]) -> StageProgress | None:
    """The first stage that has not succeeded: where a resumed run goes on; None when all is done."""
    return next((item for item in progress if not item.done), None)


def decision_on(environment: str, approvals: Iterable[Approval]) -> Approval | None:
    """The decision that counts for an environment: the last one; None when nobody has decided.

    Args:
        environment: its name.
        approvals: decisions of one run, in any order.
    """
    ours = (approval for approval in approvals if approval.environment == environment)
    return max(ours, key=lambda item: (item.decided_at, item.id), default=None)


_STATES = {Decision.APPROVED: StageState.SUCCEEDED, Decision.REJECTED: StageState.REJECTED}
_OUTCOMES = {
    Outcome.SUCCEEDED: StageState.SUCCEEDED,
    Outcome.FAILED: StageState.FAILED,
    Outcome.INTERRUPTED: StageState.INTERRUPTED,
}


def _approval_progress(place: StagePlace, approvals: tuple[Approval, ...], *, reached: bool) -> StageProgress:
    decision = decision_on(place.environment, approvals)
    if decision is None:
        state = StageState.WAITING if reached else StageState.PENDING
        return StageProgress(place.stage, place.environment, state)
    return StageProgress(place.stage, place.environment, _STATES[decision.decision], approval=decision)


def _work_progress(place: StagePlace, records: tuple[AttemptRecord, ...], *, resuming: bool) -> StageProgress:
    ours = [
        record
        for record in records
        if (record.attempt.stage, record.attempt.environment) == (place.stage, place.environment)
    ]
    if not ours:
        return StageProgress(place.stage, place.environment, StageState.PENDING)
    record = max(ours, key=lambda item: (item.succeeded, item.attempt.started_at, item.attempt.id))
    if record.ending is not None:
        state = _OUTCOMES[record.ending.outcome]
    else:
        state = StageState.INTERRUPTED if resuming else StageState.RUNNING
    return StageProgress(place.stage, place.environment, state, record)
