"""What the commands that deploy share: consent on the command line, and how their result is shown."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import click

from trunkline.app.deploying import Released
from trunkline.cli.output import show
from trunkline.config.project import Environment
from trunkline.domain.attempts import Decision
from trunkline.domain.durations import parse_duration
from trunkline.errors import NotApproved, Unreachable, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.ports import World


class Duration(click.ParamType[float]):
    """`30s`, `5m` or `1h30m`, as seconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Seconds."""
        if isinstance(value, float):
            return value
        try:
            return parse_duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


duration = Duration()


def approve_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--approve` and `--reason`, for a deployment that needs somebody's yes."""
    command = click.option("--reason", default="", help="Why, for the record.")(command)
    return click.option(
        "--approve", "approved", is_flag=True, help="Say yes, where the environment asks for it."
    )(command)


def wait_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--wait-for-lock 10m`: wait while another deployment of the release is at work."""
    return click.option(
        "--wait-for-lock",
        "wait_for_lock_s",
        type=duration,
        default="0s",
        help="How long to wait while another deployment of this release is at work, such as 10m.",
    )(command)


def consented(world: World, name: str, *, approved: bool, reason: str) -> None:
    """Make sure that somebody said yes to a deployment that needs it. A CI's own approval job counts.

    Raises:
        NotApproved: nobody did.
    """
    environment = find_environment(world.project, name)
    if not environment.approval:
        return
    # Whoever writes a job could write --approve into it: that is no word of those who may give it.
    if world.surroundings.ci and (environment.approvers or not approved):
        _consented_on_ci(world, environment)
        return
    if approved:
        return
    answer = world.approver.ask(f"Deploy to {name}?", lambda: None)
    if answer is None:
        raise NotApproved(
            f"{name} takes a deployment only with an approval, and there is no terminal to ask at.",
            f"Add --approve (and --reason), or run the whole pipeline: trunkline run --until {name}",
        )
    if answer.decision is Decision.REJECTED:
        raise NotApproved(
            f"{answer.actor} rejected the deployment to {name}: {answer.reason or reason or 'no reason'}."
        )


def _consented_on_ci(world: World, environment: Environment) -> None:
    """A CI's own approval job counts. Who gave it is looked up with a token; where it does not matter, only if there is one."""
    from trunkline.app.ci_consent import consent_of_ci
    from trunkline.bootstrap.circleci import has_token, workflows_of

    if not environment.approvers and not has_token(os.environ):
        return
    try:
        consent = consent_of_ci(world, workflows_of(world, "", os.environ), environment)
    except (Unreachable, UsageError) as error:
        if environment.approvers:
            raise
        click.echo(f"warning: who approved is not known: {error.message}", err=True)
        return
    click.echo(f"approved by {consent.actor} on CircleCI", err=True)


def show_released(released: Released) -> None:
    """Print what stands now."""
    plan = released.plan
    facts = {
        "environment": released.environment,
        "release": plan.release,
        "deed": plan.deed,
        "revision": released.revision,
        "commit": plan.commit,
        "image": plan.image,
        "digest": plan.digest,
        "ingredients": plan.ingredients,
        "run": released.run.id,
    }
    show(
        facts,
        lambda: (
            f"{released.environment}: {plan.release} revision {released.revision} runs {plan.commit[:7]} ({plan.image})"
        ),
    )
