"""`trunkline ci approvals`: what waits on CircleCI, and what to say to it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.domain.durations import format_duration

if TYPE_CHECKING:
    from datetime import datetime

    from trunkline.app.ci_approvals import Waiting
    from trunkline.ports import World
    from trunkline.ports.workflows import Workflows


def _project_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--project",
        "slug",
        default="",
        help="The project, as gh/ORGANISATION/REPOSITORY (default: this one).",
    )(command)


@click.group(short_help="Show, give and cancel approvals on CircleCI.")
def command() -> None:
    """Show what waits for an approval on CircleCI, give it, or cancel what nobody wants any more.

    CircleCI is asked with the personal API token in CIRCLE_TOKEN, and what is said is said by its owner.
    """


@command.command("list", short_help="Show what waits.")
@click.option("--branch", default="", help="Only pipelines of this branch.")
@_project_option
@config_option
@output_option
def list_approvals(branch: str, slug: str, config: Path | None) -> None:
    """Show the approvals that wait in the newest pipelines, since when, and which a newer commit has overtaken."""
    from trunkline.app.ci_approvals import waiting

    with _asking(config, slug) as (world, workflows):
        known = waiting(workflows, branch)
        now = world.clock.now()
    show(known, lambda: _listing(known, now))


@command.command("approve", short_help="Give an approval.")
@click.argument("workflow")
@click.argument("name", required=False, default="")
@_project_option
@config_option
@output_option
def approve_workflow(workflow: str, name: str, slug: str, config: Path | None) -> None:
    """Give the approval that waits in WORKFLOW (its id, the beginning of it, or the pipeline's number).

    NAME says which, where several wait.
    """
    from trunkline.app.ci_approvals import approve, waiting

    with _asking(config, slug) as (_, workflows):
        given = approve(workflows, waiting(workflows), workflow, name)
    show(given, lambda: f"approved: {given.name} of pipeline {given.number} ({given.commit[:7]})")


@command.command("cancel", short_help="Cancel workflows that wait.")
@click.argument("workflow", required=False, default="")
@click.option("--superseded", is_flag=True, help="All in which a newer commit has come as far.")
@_project_option
@config_option
@output_option
def cancel_workflow(workflow: str, superseded: bool, slug: str, config: Path | None) -> None:
    """Cancel WORKFLOW, or all that a newer commit has overtaken; workflows that are at something are left alone."""
    from trunkline.app.ci_approvals import cancel, cancel_superseded, waiting

    if bool(workflow) == superseded:
        raise click.UsageError("Name a workflow, or say --superseded.")
    with _asking(config, slug) as (_, workflows):
        known = waiting(workflows)
        done = (
            cancel_superseded(workflows, known, _left_alone)
            if superseded
            else (cancel(workflows, known, workflow),)
        )
    show(done, lambda: "\n".join(map(_cancelled, done)) or "Nothing is overtaken.")


@contextmanager
def _asking(config: Path | None, slug: str) -> Iterator[tuple[World, Workflows]]:
    from trunkline.bootstrap.circleci import workflows_of

    with session(config) as world:
        yield world, workflows_of(world, slug, os.environ)


def _listing(known: tuple[Waiting, ...], now: datetime) -> str:
    rows = [
        (
            f"#{item.number}",
            item.name,
            item.commit[:7],
            item.branch,
            item.actor,
            format_duration((now - item.since).total_seconds()),
            f"overtaken by {item.superseded_by[:7]}" if item.superseded_by else "",
        )
        for item in known
    ]
    if not rows:
        return "Nothing waits for an approval."
    return table(("PIPELINE", "APPROVAL", "COMMIT", "BRANCH", "BY", "WAITS FOR", ""), rows)


def _left_alone(item: Waiting) -> None:
    click.echo(f"Pipeline {item.number} is left alone: {', '.join(item.busy)} is at work in it.", err=True)


def _cancelled(item: Waiting) -> str:
    because = f", overtaken by {item.superseded_by[:7]}" if item.superseded_by else ""
    return f"cancelled: {item.name} of pipeline {item.number} ({item.commit[:7]}{because})"
