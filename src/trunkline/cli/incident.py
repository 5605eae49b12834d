"""`trunkline incident`: open, close, list."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.moments import read_moment
from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, project_or_surroundings
from trunkline.domain.durations import format_duration
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.app.incidents import Incident


@click.group(short_help="Open, close and list incidents.")
def command() -> None:
    """Write down when something was wrong: from it follow the change fail rate and the time to recovery."""


@command.command("open", short_help="Write down that something is wrong.")
@click.argument("environment")
@click.option("--title", default="", help="What is wrong, in a few words.")
@click.option("--service", default="", help="The service; the project's when left out.")
@click.option(
    "--deployment", default="", help="The deployment that is to blame; whichever stood when left out."
)
@click.option("--at", "since", default="", help="Since when, such as 2026-11-01T12:00; now when left out.")
@config_option
@output_option
def open_one(
    environment: str, title: str, service: str, deployment: str, since: str, config: Path | None
) -> None:
    """Open an incident in ENVIRONMENT. Its id is what `close` and `deployment mark` take."""
    from trunkline.app.incidents import open_incident
    from trunkline.bootstrap.ledgers import the_speaker
    from trunkline.bootstrap.telling import telling

    project = project_or_surroundings(config)
    name = service or project.service
    if not name:
        raise UsageError("There is no project here, and no service is named.", "Name it with --service.")
    at = read_moment(since, "--at") if since else None
    with telling(project, os.environ) as told:
        opened = open_incident(
            told.outbox, the_speaker(os.environ), name, environment, title, at, deployment, told.messages
        )
        told.deliver()
    show(opened, lambda: f"The incident {opened.id} of {name} in {environment} is open.")


@command.command("close", short_help="Write down that it is over.")
@click.argument("incident")
@click.option("--at", "until", default="", help="Since when it is over; now when left out.")
@config_option
@output_option
def close_one(incident: str, until: str, config: Path | None) -> None:
    """Close INCIDENT, given by its id or the beginning of it."""
    from trunkline.app.incidents import close_incident
    from trunkline.bootstrap.ledgers import the_speaker
    from trunkline.bootstrap.telling import telling

    at = read_moment(until, "--at") if until else None
    with telling(project_or_surroundings(config), os.environ) as told:
        closed = close_incident(told.outbox, the_speaker(os.environ), incident, at, told.messages)
        told.deliver()
    show(closed, lambda: f"The incident {closed.id} is closed after {_lasted(closed)}.")


@command.command("list", short_help="List the open ones, or all.")
@click.option("--service", default="", help="Those of one service; of all when left out.")
@click.option("--all", "every", is_flag=True, help="Closed ones, too.")
@output_option
def list_all(service: str, every: bool) -> None:
    """List incidents, newest first."""
    from trunkline.app.incidents import incidents
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        found = incidents(ledger, service, every=every)
    show(found, lambda: _text(found))


def _text(found: tuple[Incident, ...]) -> str:
    headings = ("INCIDENT", "SERVICE", "ENVIRONMENT", "OPENED (UTC)", "LASTED", "BY", "TITLE")
    rows = [
        (
            item.id,
            item.service,
            item.environment,
            f"{item.opened_at:%Y-%m-%d %H:%M}",
            _lasted(item) or "open",
            item.opened_by,
            item.title,
        )
        for item in found
    ]
    return table(headings, rows) if rows else "There are none."


def _lasted(incident: Incident) -> str:
    if incident.closed_at is None:
        return ""
    return format_duration((incident.closed_at - incident.opened_at).total_seconds())
