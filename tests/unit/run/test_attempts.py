"""The frame around every stage: written down before, told and written down after, however it ends."""

from __future__ import annotations

import pytest

from tests.fakes.world import SECRET, SHA, FakeWorld, fake_world
from trunkline.domain.attempts import AttemptRecord, Deployment, Outcome, Run, Stage
from trunkline.domain.commits import Commit
from trunkline.errors import DeploymentFailed, Interrupted, Unreachable, WaitingForApproval
from trunkline.events import Event
from trunkline.ports import Surroundings
from trunkline.run.attempts import Account, Subject, attempt, begin_run

COMMIT = Commit(SHA, "main", True)
SUBJECT = Subject(Stage.DEPLOY, COMMIT, "dev", "registry.example/sample:1", "sample")


@pytest.fixture
def fake() -> FakeWorld:
    return fake_world()


@pytest.fixture
def run(fake: FakeWorld) -> Run:
    return begin_run(fake.world, COMMIT)


def record(fake: FakeWorld) -> AttemptRecord:
    [found] = fake.ledger.attempts()
    return found


def test_a_run_is_opened_once(fake: FakeWorld) -> None:
    """A new run is in the ledger with who, what and where; asked for again by its id it is the same one."""
    run = begin_run(fake.world, COMMIT, "qa")
    assert (run.service, run.commit, run.branch, run.actor, run.until) == ("sample", SHA, "main", "ada", "qa")
    assert run.started_at == fake.clock.now()
    assert begin_run(fake.world, Commit("f" * 40), run_id=run.id) == run
    assert fake.ledger.runs("sample") == (run,)


def test_the_jobs_of_a_workflow_share_a_run() -> None:
    """In CI the workflow is the run, in each of its jobs; elsewhere every command opens its own."""
    fake = fake_world(surroundings=Surroundings("ci", "host", {"CIRCLE_WORKFLOW_ID": "w-1"}))
    assert begin_run(fake.world, COMMIT).id == begin_run(fake.world, COMMIT).id == "w-1"
    here = fake_world()
    assert begin_run(here.world, COMMIT).id != begin_run(here.world, COMMIT).id


def test_intent_is_recorded_before_anything_is_done(fake: FakeWorld, run: Run) -> None:
    """While the body is at work, the ledger already knows the attempt, and that it has no ending."""

    def body(account: Account) -> str:
        assert record(fake).ending is None
        assert record(fake).attempt == account.attempt
        fake.clock.advance(5)
        account.digest, account.revision = "sha256:1", 7
        return "result"

    assert attempt(fake.world, run, SUBJECT, body) == "result"
    done = record(fake)
    assert done.ending is not None
    assert (done.ending.outcome, done.elapsed_s) == (Outcome.SUCCEEDED, 5)
    assert (done.ending.digest, done.ending.revision, done.ending.reason) == ("sha256:1", 7, "")
    assert (done.attempt.environment, done.attempt.image, done.attempt.release) == (
        "dev", "registry.example/sample:1", "sample",
    )  # fmt: skip
    assert fake.recorder.told == ["Started", "Finished"]


def test_an_unwritable_ledger_stops_everything(fake: FakeWorld, run: Run) -> None:
    """What cannot be written down is not done."""
    fake.ledger.trouble = "The disk is full."
    with pytest.raises(Unreachable, match="The disk is full"):
        attempt(fake.world, run, SUBJECT, lambda _: pytest.fail("it was done"))
    assert fake.recorder.told == []


@pytest.mark.parametrize(
    ("error", "outcome", "reason"),
    [
        (DeploymentFailed("It crashed."), Outcome.FAILED, "It crashed."),
        (DeploymentFailed(f"login {SECRET} refused"), Outcome.FAILED, "login ***** refused"),
        (Unreachable("No route."), Outcome.FAILED, "No route."),
        (Interrupted("The CI stopped us."), Outcome.INTERRUPTED, "The CI stopped us."),
        (WaitingForApproval("Nobody is here."), Outcome.INTERRUPTED, "Nobody is here."),
        (KeyboardInterrupt(), Outcome.INTERRUPTED, "Interrupted from the keyboard."),
        (ValueError(f"secret {SECRET}"), Outcome.FAILED, "ValueError: a fault of Trunkline"),
    ],
)
def test_a_bad_ending_is_recorded_and_raised(
    fake: FakeWorld, run: Run, error: BaseException, outcome: Outcome, reason: str
) -> None:
    """Whatever goes wrong is written down with one sentence without secrets, told, and raised again."""

    def body(account: Account) -> None:
        account.undone = "returned to revision 3"
        account.deployment = a_deployment(account)
        raise error

    with pytest.raises(type(error)) as caught:
        attempt(fake.world, run, SUBJECT, body)
    assert caught.value is error
    ending = record(fake).ending
    assert ending is not None
    assert (ending.outcome, ending.reason, ending.undone) == (outcome, reason, "returned to revision 3")
    assert fake.ledger.deployments() == ()
    assert fake.recorder.told == ["Started", "Failed"]


def a_deployment(account: Account) -> Deployment:
    begun = account.attempt
    return Deployment(
        begun.id,
        begun.id,
        begun.run_id,
        begun.service,
        "dev",
        SHA,
        "i",
        "d",
        "r",
        1,
        begun.kind,
        "ada",
        begun.started_at,
    )


def test_what_stands_is_recorded_with_the_ending(fake: FakeWorld, run: Run) -> None:
    """A deployment counts from the moment at which its attempt ended."""

    def body(account: Account) -> None:
        fake.clock.advance(30)
        account.deployment = a_deployment(account)

    attempt(fake.world, run, SUBJECT, body)
    [deployment] = fake.ledger.deployments()
    assert deployment.deployed_at == fake.clock.now()


def test_the_first_error_is_the_one_that_is_shown(fake: FakeWorld, run: Run) -> None:
    """An ending that cannot be written goes with the failure as a note, not in its place; it is told all the same."""

    def body(account: Account) -> None:
        fake.ledger.trouble = "The disk is full."
        raise DeploymentFailed("It crashed.")

    with pytest.raises(DeploymentFailed, match="It crashed") as caught:
        attempt(fake.world, run, SUBJECT, body)
    assert caught.value.__notes__ == ["The disk is full."]
    assert fake.recorder.told == ["Started", "Failed"]


class Broken:
    """A listener that breaks its promise."""

    def on_event(self, event: Event) -> None:
        raise RuntimeError("boom")

    def close(self, deadline_s: float) -> None:
        raise RuntimeError("boom")


def test_a_listener_that_raises_does_not_matter() -> None:
    """A screen or a sink that fails fails nothing, and the others hear all the same."""
    fake = fake_world(listeners=(Broken(),))
    run = begin_run(fake.world, COMMIT)
    attempt(fake.world, run, SUBJECT, lambda account: account.voice.warn("hello"))
    assert record(fake).succeeded
    assert fake.recorder.told == ["Started", "Finished"]
    assert fake.recorder.notes == ["hello"]


def test_notes_hide_secrets(fake: FakeWorld, run: Run) -> None:
    """Nothing that is said about an attempt shows a secret."""

    def body(account: Account) -> None:
        account.voice.note(SECRET)
        account.voice.warn(SECRET)
        account.voice.output(SECRET)

    attempt(fake.world, run, SUBJECT, body)
    assert fake.recorder.notes == ["*****"] * 3
