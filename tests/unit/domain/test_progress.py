"""How far a run is, and where a resumed one goes on."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.records import an_approval, an_attempt, an_ending
from trunkline.domain.attempts import Approval, AttemptRecord, Decision, Outcome, Stage
from trunkline.domain.progress import StageState, decision_on, next_stage, run_progress
from trunkline.plan.pipeline import PlannedStage

STAGES = (
    PlannedStage(Stage.TEST),
    PlannedStage(Stage.BUILD),
    PlannedStage(Stage.DEPLOY, "dev"),
    PlannedStage(Stage.APPROVAL, "qa"),
    PlannedStage(Stage.DEPLOY, "qa"),
    PlannedStage(Stage.APPROVAL, "prod"),
    PlannedStage(Stage.DEPLOY, "prod"),
)
WORK = [place for place in STAGES if place.stage is not Stage.APPROVAL]


def tried(
    place: PlannedStage, outcome: Outcome | None = Outcome.SUCCEEDED, seconds: float = 0, name: str = ""
) -> AttemptRecord:
    name = name or f"{place}-{seconds}"
    attempt = an_attempt(name, seconds, stage=place.stage, environment=place.environment)
    return AttemptRecord(attempt, an_ending(name, seconds + 1, outcome) if outcome else None)


def states(
    records: list[AttemptRecord], approvals: list[Approval] | None = None, *, resuming: bool = False
) -> list[str]:
    return [item.state.value for item in run_progress(STAGES, records, approvals or [], resuming=resuming)]


def test_nothing_done() -> None:
    """A run that has not begun is pending at every stage, approvals included, and starts at the first."""
    progress = run_progress(STAGES, [], [])
    assert [(item.stage, item.environment) for item in progress] == [
        (place.stage, place.environment) for place in STAGES
    ]
    assert {item.state for item in progress} == {StageState.PENDING}
    assert next_stage(progress) == progress[0]


def test_until_an_approval() -> None:
    """With everything before it done, an approval waits; what comes after it is pending."""
    records = [tried(place) for place in STAGES[:3]]
    assert states(records) == ["succeeded"] * 3 + ["waiting"] + ["pending"] * 3
    going_on = next_stage(run_progress(STAGES, records, []))
    assert going_on is not None
    assert (going_on.stage, going_on.environment) == (Stage.APPROVAL, "qa")


def test_all_done() -> None:
    """When all work has succeeded and all was approved there is nothing to go on with."""
    approvals = [an_approval("a", environment="qa"), an_approval("b", environment="prod")]
    progress = run_progress(STAGES, [tried(place) for place in WORK], approvals)
    assert {item.state for item in progress} == {StageState.SUCCEEDED}
    assert next_stage(progress) is None


def test_approval_ahead_of_time() -> None:
    """An approval that was given before the run came there stands when it does."""
    assert states([], [an_approval(environment="qa")]) == ["pending"] * 3 + ["succeeded"] + ["pending"] * 3


@pytest.mark.parametrize(
    ("outcome", "resuming", "state"),
    [
        (Outcome.SUCCEEDED, False, "succeeded"),
        (Outcome.FAILED, False, "failed"),
        (Outcome.INTERRUPTED, False, "interrupted"),
        (None, False, "running"),
        (Outcome.SUCCEEDED, True, "succeeded"),
        (Outcome.FAILED, True, "failed"),
        (Outcome.INTERRUPTED, True, "interrupted"),
        (None, True, "interrupted"),
    ],
)
def test_last_attempt(outcome: Outcome | None, resuming: bool, state: str) -> None:
    """The newest attempt tells the state; one without an ending is at work, or was interrupted if the run is dead."""
    records = [tried(STAGES[0], outcome, 5), tried(STAGES[0], Outcome.FAILED, 1)]
    assert states(records, resuming=resuming)[0] == state


def test_environments_are_apart() -> None:
    """A deployment to one environment says nothing of another."""
    assert (
        states([tried(PlannedStage(Stage.DEPLOY, "qa"))]) == ["pending"] * 4 + ["succeeded"] + ["pending"] * 2
    )


def test_record_that_decides() -> None:
    """The progress bears the attempt that succeeded, for its digest, even if a later one did not."""
    good, bad = tried(STAGES[1], Outcome.SUCCEEDED, 1), tried(STAGES[1], Outcome.FAILED, 2)
    progress = run_progress(STAGES, [good, bad], [])
    assert progress[1].record == good
    assert progress[0].record is None


def test_rejected() -> None:
    """A rejected environment is rejected, and what comes after it is not waited for."""
    approval = an_approval(decision=Decision.REJECTED, environment="qa")
    progress = run_progress(STAGES, [tried(place) for place in STAGES[:3]], [approval])
    assert [item.state.value for item in progress] == ["succeeded"] * 3 + ["rejected"] + ["pending"] * 3
    assert progress[3].approval == approval


outcomes = st.none() | st.sampled_from(list(Outcome))
record_lists = st.lists(st.tuples(st.sampled_from(WORK), outcomes, st.integers(0, 3)), max_size=12).map(
    lambda drawn: [
        tried(place, outcome, seconds, f"a{number}") for number, (place, outcome, seconds) in enumerate(drawn)
    ]
)
approval_lists = st.lists(
    st.tuples(st.sampled_from(["qa", "prod"]), st.sampled_from(list(Decision)), st.integers(0, 3)), max_size=8
).map(
    lambda drawn: [
        an_approval(f"d{number}", seconds, decision, environment=environment)
        for number, (environment, decision, seconds) in enumerate(drawn)
    ]
)


@given(record_lists, approval_lists, st.booleans(), st.randoms(use_true_random=False))
def test_order_does_not_matter(
    records: list[AttemptRecord],
    approvals: list[Approval],
    resuming: bool,
    random: Random,
) -> None:
    """The progress is the same in whatever order attempts and decisions come."""
    progress = run_progress(STAGES, records, approvals, resuming=resuming)
    random.shuffle(records)
    random.shuffle(approvals)
    assert run_progress(STAGES, records, approvals, resuming=resuming) == progress


@given(record_lists, approval_lists)
def test_done_means_that_it_succeeded(records: list[AttemptRecord], approvals: list[Approval]) -> None:
    """A stage is done exactly when an attempt at it succeeded; a resumed run is nowhere running."""
    progress = run_progress(STAGES, records, approvals, resuming=True)
    for item in progress:
        assert item.state is not StageState.RUNNING
        if item.stage is not Stage.APPROVAL:
            good = [
                record
                for record in records
                if record.succeeded
                and (record.attempt.stage, record.attempt.environment) == (item.stage, item.environment)
            ]
            assert item.done == bool(good)
    waiting = [index for index, item in enumerate(progress) if item.state is StageState.WAITING]
    for index in waiting:
        assert next_stage(progress) == progress[index]


@given(approval_lists, st.sampled_from(["qa", "prod"]))
def test_later_decision_overrides(approvals: list[Approval], environment: str) -> None:
    """A rejection overrides every earlier approval of its environment, an approval every earlier rejection."""
    for decision, state in (
        (Decision.REJECTED, StageState.REJECTED),
        (Decision.APPROVED, StageState.SUCCEEDED),
    ):
        last = an_approval("last", 10, decision, environment=environment)
        (item,) = [
            item
            for item in run_progress(STAGES, [], [last, *approvals])
            if (item.stage, item.environment) == (Stage.APPROVAL, environment)
        ]
        assert (item.state, item.approval) == (state, last)
        assert decision_on(environment, [last, *approvals]) == last


def test_decision_of_nobody() -> None:
    """Where nobody has decided on an environment there is no decision, whatever was said of others."""
    assert decision_on("prod", [an_approval(environment="qa")]) is None
