"""A person says yes or no to a run's deployment; the newest word counts, and every word is kept."""

from __future__ import annotations

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Approval, Decision, Run, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.progress import decision_on
from trunkline.errors import NotApproved, UsageError, WaitingForApproval
from trunkline.events import Paused
from trunkline.plan.pipeline import find_environment
from trunkline.ports import Answer, World
from trunkline.run.announce import announce
from trunkline.run.attempts import Account, Subject, attempt

_POLL_S = 1.0


@dataclass(frozen=True, slots=True)
class Consent:
    """How a run may get its approvals.

    Attributes:
        given: environments that the caller approves with the command itself.
        reason: why, for the record.
        wait_s: without a terminal, how long to wait for a word from elsewhere.
    """

    given: frozenset[str] = frozenset()
    reason: str = ""
    wait_s: float = 0.0


def decide(world: World, run_id: str, environment: str, decision: Decision, reason: str = "") -> Approval:
    """Record the caller's decision on a run's deployment to an environment.

    Raises:
        UsageError: there is no such run, or no such environment.
    """
    find_environment(world.project, environment)
    run = find_run(world, run_id)
    answer = Answer(decision, world.surroundings.actor, reason)
    return _record(world, run, environment, answer)


def find_run(world: World, run_id: str) -> Run:
    """The run of that id, or of the only id that begins so.

    Raises:
        UsageError: there is none.
    """
    run = world.ledger.run(run_id)
    if run is None:
        raise UsageError(f"The ledger knows no run {run_id!r}.", "Look at `trunkline history`.")
    return run


def await_approval(world: World, run: Run, commit: Commit, environment: str, consent: Consent) -> Approval:
    """Wait for a word on the deployment, as an attempt of its own, so that the waiting is measured.

    Raises:
        WaitingForApproval: nobody is here to ask. NotApproved: it was rejected.
    """
    subject = Subject(Stage.APPROVAL, commit, environment)
    return attempt(world, run, subject, lambda account: _await(world, run, environment, consent, account))


def _await(world: World, run: Run, environment: str, consent: Consent, account: Account) -> Approval:
    if environment in consent.given:
        given = Answer(Decision.APPROVED, world.surroundings.actor, consent.reason)
        return _record(world, run, environment, given)
    said = _last_word(world, run, environment)
    if said is None:
        question = f"Deploy {run.commit[:7]} to {environment}?"
        announce(
            world,
            Paused(world.clock.now(), account.attempt, f"{question} Run {run.id} waits for an approval."),
        )
        said = _ask(world, run, environment, question, consent)
    if said.decision is Decision.REJECTED:
        because = f": {said.reason}" if said.reason else ""
        raise NotApproved(
            f"{said.actor} rejected the deployment of {run.commit[:7]} to {environment}{because}.",
            f"If it may go on after all: trunkline approve {run.id} {environment}",
        )
    account.voice.note(f"approved by {said.actor}" + (f": {said.reason}" if said.reason else ""))
    return said


def _ask(world: World, run: Run, environment: str, question: str, consent: Consent) -> Approval:
    def elsewhere() -> Answer | None:
        word = _last_word(world, run, environment)
        return Answer(word.decision, word.actor, word.reason) if word else None

    answer = world.approver.ask(question, elsewhere)
    deadline = world.clock.monotonic() + consent.wait_s
    while answer is None and world.clock.monotonic() < deadline:
        world.clock.sleep(_POLL_S)
        answer = elsewhere()
    if answer is None:
        raise WaitingForApproval(
            f"The deployment of {run.commit[:7]} to {environment} waits for an approval.",
            f"trunkline approve {run.id} {environment} && trunkline run --resume {run.id}",
        )
    return _last_word(world, run, environment) or _record(world, run, environment, answer)


def _last_word(world: World, run: Run, environment: str) -> Approval | None:
    return decision_on(environment, world.ledger.approvals(run.id, environment))


def _record(world: World, run: Run, environment: str, answer: Answer) -> Approval:
    approval = Approval(
        id=world.new_id(),
        run_id=run.id,
        environment=environment,
        decision=answer.decision,
        actor=answer.actor,
        decided_at=world.clock.now(),
        reason=world.redactor.text(answer.reason),
    )
    world.ledger.decide(approval)
    return approval
