"""One step of a plan becomes one deed, through the ports."""

from __future__ import annotations

from typing import assert_never

from trunkline.domain.diagnosis import Verdict
from trunkline.domain.rollouts import Cause, Resource, awaited_in
from trunkline.errors import Unreachable
from trunkline.plan.steps import (
    Apply,
    AwaitRollout,
    Check,
    Forget,
    Keep,
    NoteGood,
    Remove,
    Repair,
    Return,
    Soak,
    Step,
)
from trunkline.run import helm_work
from trunkline.run.checks import carry_out
from trunkline.run.rollout import await_rollout, soak
from trunkline.run.site import RolloutFailed, Site


def perform(step: Step, site: Site) -> None:  # noqa: C901 - a case for each step
    """Do one step.

    Raises:
        DeploymentFailed: it did not succeed. Unreachable: nobody can tell, the cluster does not answer.
    """
    target = site.environment.target
    match step:
        case Repair(revision, status):
            helm_work.repair(revision, status, site)
        case Remove():
            helm_work.remove(site)
        case Return(revision, _):
            helm_work.return_to(revision, site)
        case Apply():
            helm_work.upgrade(step, site)
        case AwaitRollout():
            _await(step, site)
        case Check(check):
            carry_out(check, site)
        case Soak(duration_s):
            _judge(soak(site.cluster, site.watch, _awaited(site), duration_s, site.voice))
        case Keep():
            pass
        case NoteGood(ingredients):
            site.cluster.note_good(target, site.revision, ingredients.dump() if ingredients else "")
        case Forget():
            site.cluster.forget_good(target)
        case _:
            assert_never(step)


def _await(step: AwaitRollout, site: Site) -> None:
    if site.applied is None:
        site.applied = site.helm.applied(site.environment.target, step.revision)
    resources = _awaited(site)
    _judge(await_rollout(site.cluster, site.watch, resources, step.timeout_s, step.settle_s, site.voice))


def _awaited(site: Site) -> tuple[Resource, ...]:
    return awaited_in(site.applied.objects, site.environment.namespace) if site.applied else ()


def _judge(verdict: Verdict) -> None:
    if verdict.succeeded:
        return
    first = verdict.failures[0]
    if first.cause is Cause.API_UNREACHABLE:
        raise Unreachable(first.sentence, first.advice)
    raise RolloutFailed(verdict.failures)
