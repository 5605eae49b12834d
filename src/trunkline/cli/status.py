"""`trunkline status`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trunkline.app.standing import Standing
from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style
from trunkline.domain.durations import format_duration
from trunkline.domain.images import parse_image
from trunkline.errors import ExitCode
from trunkline.ports import Clock


@click.command("status", short_help="Show what runs in every environment.")
@config_option
@output_option
def command(config: Path | None) -> None:
    """Show what runs in every environment: commit, image, revision, age and who brought it there.

    The clusters are asked, not the ledger. Exit code 7 when one of them does not answer.
    """
    from trunkline.app.standing import status

    with session(config) as world:
        standings = status(world)
        clock = world.clock
    show(standings, lambda: _text(standings, clock))
    if any(standing.trouble for standing in standings):
        raise click.exceptions.Exit(ExitCode.UNREACHABLE)


def _text(standings: tuple[Standing, ...], clock: Clock) -> str:
    style = Style(sys.stdout)
    headings = ("ENVIRONMENT", "COMMIT", "IMAGE", "REVISION", "AGE", "BY", "STATE")
    return table(headings, [_row(standing, clock, style) for standing in standings])


def _row(standing: Standing, clock: Clock, style: Style) -> tuple[str, ...]:
    if standing.trouble:
        return (standing.environment, "?", "", "", "", "", style.bad(standing.trouble))
    if standing.since is None:
        return (
            standing.environment,
            "-",
            "",
            "",
            "",
            "",
            style.faint(standing.state or "nothing is deployed"),
        )
    state = style.good("good") if standing.good else style.warning("not seen good")
    if standing.state:
        state += style.bad(f", newest revision {standing.state}")
    age = format_duration((clock.now() - standing.since).total_seconds())
    return (
        style.strong(standing.environment),
        standing.commit[:7] or "unknown",
        _image(standing.image),
        str(standing.revision),
        age,
        standing.actor or "-",
        state,
    )


def _image(spelling: str) -> str:
    if not spelling:
        return "-"
    image = parse_image(spelling)
    return f"{image.name}:{image.tag}" + (f"@{image.digest[7:19]}" if image.digest else "")
