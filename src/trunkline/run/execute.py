"""A plan becomes deeds: each step's intent is recorded first, and on trouble what was begun is taken back.

The undo runs newest first and is watched like any rollout. An undo that fails is `Stranded`: a person has to
act, and is told the commands.
"""

from __future__ import annotations

import contextlib

from trunkline.dataclass import dataclass
from trunkline.domain.releases import History
from trunkline.domain.rollouts import awaited_in
from trunkline.errors import DeploymentFailed, Interrupted, Locked, Stranded, Terminated, TrunklineError
from trunkline.events import Stranded as StrandedEvent
from trunkline.events import Undone
from trunkline.plan.steps import Keep, Plan, Remove, Return, Step, describe, undo_of
from trunkline.ports import Lease, World
from trunkline.run.announce import announce
from trunkline.run.attempts import Account
from trunkline.run.perform import perform
from trunkline.run.rollout import Freeing, await_rollout
from trunkline.run.site import RolloutFailed, Site


@dataclass(frozen=True, slots=True)
class Execution:
    """One plan at work under one lease."""

    world: World
    plan: Plan
    site: Site
    lease: Lease
    account: Account
    before: History


def execute(execution: Execution) -> None:
    """Do all steps of the plan, or take back what was begun.

    Raises:
        DeploymentFailed: a step failed; the message says what was undone.
        Stranded: so did the undo.
        Locked, Unreachable: the lease was lost, or the cluster does not answer: nothing more is tried.
    """
    begun: list[Step] = []
    for step in execution.plan.steps:
        try:
            execution.lease.ensure_held()
            _intend(execution, step)
            begun.append(step)
            perform(step, execution.site)
        except DeploymentFailed as error:
            execution.account.revision = execution.site.revision
            _take_back(execution, begun, error)
            error.facts["undone"] = execution.account.undone
            raise
        except KeyboardInterrupt as error:
            raise _interrupted(execution, step, error) from error
    execution.account.revision = execution.site.revision


def _intend(execution: Execution, step: Step) -> None:
    world, account = execution.world, execution.account
    world.ledger.intend(account.attempt.id, describe(step), world.clock.now())
    account.voice.note(describe(step))


def _take_back(execution: Execution, begun: list[Step], error: DeploymentFailed) -> None:
    account = execution.account
    if isinstance(error, RolloutFailed):
        account.cause = error.cause.value
        account.voice.diagnosis(error.failures)
    undo = next((found for step in reversed(begun) if (found := undo_of(step))), None)
    if undo is None:
        return
    if isinstance(undo, Keep):
        _keep(execution, undo, error)
        return
    try:
        if not _changed(execution):
            _tell_unchanged(account, error)
            return
        execution.lease.ensure_held()
        _intend(execution, undo)
        account.undone = _undo(execution, undo)
    except Locked as second:
        # Whoever is at work on the release now decides what stands; a person would only get in the way.
        account.undone = f"nothing: {_clause(second)}"
        error.message = f"{_clause(error)}. It was not undone: {_clause(second)}."
        return
    except KeyboardInterrupt as second:
        raise _interrupted(execution, undo, second) from error
    except TrunklineError as second:
        raise _stranded(execution, undo, error, second) from error
    world = execution.world
    announce(world, Undone(world.clock.now(), account.attempt, account.undone))
    error.message = f"{_clause(error)}. It was undone: {account.undone}."


def _tell_unchanged(account: Account, error: DeploymentFailed) -> None:
    account.undone = "nothing had changed"
    error.message = f"{_clause(error)}. Nothing had changed."


def _keep(execution: Execution, keep: Keep, error: DeploymentFailed) -> None:
    """Nothing is noted as good, so that no later undo comes back to what is kept."""
    environment = execution.site.environment
    # Where nobody can tell, there may be something that a person has to look at.
    with contextlib.suppress(TrunklineError):
        if not _changed(execution):
            _tell_unchanged(execution.account, error)
            return
    execution.account.undone = "kept as configured (on_failure: keep)"
    error.message = f"{_clause(error)}. It is {execution.account.undone}."
    undo = keep.instead_of
    back = (
        f"trunkline rollback {environment.name} --to {undo.revision}"
        if isinstance(undo, Return)
        else _helm(execution, "uninstall")
    )
    error.hint = " ".join(filter(None, (error.hint, f"Go back when you have seen enough: {back}")))


def _interrupted(execution: Execution, step: Step, error: KeyboardInterrupt) -> Interrupted:
    """What was begun stays: undoing it would take longer than a CI waits before it kills us."""
    who = "SIGTERM" if isinstance(error, Terminated) else "Ctrl-C"
    environment = execution.site.environment.name
    return Interrupted(
        f"Stopped by {who} at: {describe(step)}. What was begun is left as it is.",
        f"Go on: trunkline release {environment} (or run --resume). Go back: trunkline rollback {environment}",
    )


def _clause(error: TrunklineError) -> str:
    """An error's message, to be gone on with: Helm's own sentences end without a full stop."""
    return error.message.rstrip(". \n")


def _changed(execution: Execution) -> bool:
    """Whether the failed deployment left a revision at all; a chart that does not render leaves none."""
    before, now = (
        execution.before.latest,
        execution.site.helm.history(execution.site.environment.target).latest,
    )
    return now is not None and (
        before is None or now.number != before.number or execution.plan.deed == "resume"
    )


def _undo(execution: Execution, undo: Return | Remove) -> str:
    site, environment = execution.site, execution.site.environment
    perform(undo, site)
    if isinstance(undo, Remove):
        return "the release was removed again"
    if site.applied is not None:
        resources = awaited_in(site.applied.objects, environment.namespace)
        voice = execution.account.voice
        verdict = await_rollout(
            site.cluster,
            site.watch,
            resources,
            environment.timeout_s,
            environment.settle_s,
            voice,
            Freeing(site.cluster, voice),
        )
        if not verdict.succeeded:
            raise RolloutFailed(verdict.failures)
    return f"returned to revision {undo.revision}"


def _stranded(
    execution: Execution, undo: Return | Remove, error: DeploymentFailed, second: TrunklineError
) -> Stranded:
    world = execution.world
    deed = (
        _helm(execution, "rollback", undo.revision)
        if isinstance(undo, Return)
        else _helm(execution, "uninstall")
    )
    commands = (deed, _helm(execution, "history"))
    execution.account.undone = f"the undo failed: {_clause(second)}"
    text = f"{_clause(error)}. Its undo failed as well: {_clause(second)}."
    announce(
        world,
        StrandedEvent(world.clock.now(), execution.account.attempt, world.redactor.text(text), commands),
    )
    stranded = Stranded(text, "A person has to act: " + "; ".join(commands))
    stranded.facts = {**error.facts, "undone": execution.account.undone, "commands": list(commands)}
    return stranded


def _helm(execution: Execution, deed: str, *arguments: object) -> str:
    """The command for a person to type."""
    environment = execution.site.environment
    context = ("--kube-context", environment.context) if environment.context else ()
    words = ("helm", deed, environment.release, *arguments, "--namespace", environment.namespace, *context)
    return " ".join(map(str, words))
