"""The frame around every stage: written to the ledger before anything is done, and again when it has ended.

A ledger that cannot be written stops the attempt before it begins. However the attempt ends (well, badly,
interrupted, or with a fault of ours), its ending is recorded and told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt, Deployment, Ending, Kind, Outcome, Run, Stage
from trunkline.domain.commits import Commit
from trunkline.errors import Interrupted, Terminated, TrunklineError, WaitingForApproval
from trunkline.events import Failed, Finished, Started
from trunkline.ports import World
from trunkline.run.announce import Voice, announce
from trunkline.run.telling import messages

Result = TypeVar("Result")
# None of these says anything about the commit: the attempt can simply be made again.
_INTERRUPTIONS = (KeyboardInterrupt, Interrupted, WaitingForApproval)


@dataclass(slots=True)
class Account:
    """What an attempt has to tell at its end; the body fills it in as it learns.

    Attributes:
        undone: what was taken back after a failure, in a few words.
        deployment: what stands since, to be recorded together with a good ending.
    """

    run: Run
    attempt: Attempt
    voice: Voice
    digest: str = ""
    revision: int = 0
    cause: str = ""
    undone: str = ""
    deployment: Deployment | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What an attempt is about."""

    stage: Stage
    commit: Commit
    environment: str = ""
    image: str = ""
    release: str = ""
    kind: Kind = Kind.RELEASE


def begin_run(world: World, commit: Commit, until: str = "", run_id: str = "") -> Run:
    """The run of that id, opened in the ledger if it is new there.

    All jobs of one CI workflow share a run; elsewhere every command opens its own.
    """
    surroundings = world.surroundings
    run_id = run_id or surroundings.ci.get("CIRCLE_WORKFLOW_ID", "") or world.new_id()
    known = world.ledger.run(run_id)
    if known is not None:
        return known
    run = Run(
        id=run_id,
        service=world.project.service,
        commit=commit.sha,
        branch=commit.branch or "",
        actor=surroundings.actor,
        started_at=world.clock.now(),
        until=until,
        ci=surroundings.ci,
    )
    world.ledger.open_run(run)
    return run


def attempt(world: World, run: Run, subject: Subject, body: Callable[[Account], Result]) -> Result:
    """Do `body` as an attempt of `run`; whatever it raises is recorded, told and raised again."""
    begun = Attempt(
        id=world.new_id(),
        run_id=run.id,
        service=world.project.service,
        stage=subject.stage,
        commit=subject.commit.sha,
        actor=world.surroundings.actor,
        started_at=world.clock.now(),
        environment=subject.environment,
        branch=subject.commit.branch or "",
        image=subject.image,
        release=subject.release,
        kind=subject.kind,
        ci=world.surroundings.ci,
    )
    world.ledger.begin(begun, messages(world, run, begun))
    announce(world, Started(begun.started_at, begun))
    account = Account(run, begun, Voice(world, begun))
    try:
        result = body(account)
    except BaseException as error:
        _end_badly(world, account, error)
        raise
    _end(world, account, Outcome.SUCCEEDED, "")
    return result


def _end_badly(world: World, account: Account, error: BaseException) -> None:
    outcome = Outcome.INTERRUPTED if isinstance(error, _INTERRUPTIONS) else Outcome.FAILED
    reason = (
        error.message
        if isinstance(error, TrunklineError)
        else f"{type(error).__name__}: a fault of Trunkline"
    )
    if isinstance(error, KeyboardInterrupt):
        reason = "Stopped by SIGTERM." if isinstance(error, Terminated) else "Interrupted from the keyboard."
    account.deployment = None
    try:
        _end(world, account, outcome, reason)
    except TrunklineError as second:
        # The first error is the one to show; that its ending could not be written goes with it.
        error.add_note(second.message)


def _end(world: World, account: Account, outcome: Outcome, reason: str) -> None:
    ending = Ending(
        attempt_id=account.attempt.id,
        finished_at=world.clock.now(),
        outcome=outcome,
        reason=world.redactor.text(reason),
        cause=account.cause,
        undone=world.redactor.text(account.undone),
        digest=account.digest,
        revision=account.revision,
    )
    deployment = account.deployment
    if deployment is not None:
        deployment = replace(deployment, deployed_at=ending.finished_at)
    told = messages(world, account.run, account.attempt, ending, deployment)
    try:
        world.ledger.end(ending, deployment, told)
    finally:
        kind = Finished if outcome is Outcome.SUCCEEDED else Failed
        announce(world, kind(ending.finished_at, account.attempt, ending))
