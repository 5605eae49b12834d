"""`trunkline measure`."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.moments import read_moment, read_zone
from trunkline.cli.output import outputs, wanted, write_json
from trunkline.cli.session import config_option, service_here
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.domain.delivery.windows import Window

_LONGEST_DAYS = 366 * 20


@click.command("measure", short_help="Show how fast and how safely commits are delivered.")
@click.argument("service", required=False, default="")
@click.option("--all", "every", is_flag=True, help="All services that the ledger knows.")
@click.option("--environment", default="", help="One environment only.")
@click.option("--window", default="30d", show_default=True, help="How long to look back, such as 7d or 12h.")
@click.option("--until", default="", help="The end of the window, such as 2026-11-01; now when left out.")
@click.option(
    "--zone", default="UTC", show_default=True, help="Whose days are counted, such as Europe/Berlin."
)
@config_option
@outputs("text", "json", "csv", "markdown", "html")
def command(
    service: str, every: bool, environment: str, window: str, until: str, zone: str, config: Path | None
) -> None:
    """Show DORA's figures of SERVICE (the project's when left out) for each environment, with the window before.

    All of them come from the ledger; what nobody knows is counted as unknown, and every figure bears the number of
    things that it rests on. docs/reference/delivery.md has the formulas.
    """
    from trunkline.adapters.clock import SystemClock
    from trunkline.app.delivery import measure
    from trunkline.bootstrap.ledgers import the_ledger
    from trunkline.cli.delivery_views import VIEWS, facts

    place = read_zone(zone)
    span = _window(window, until, place, SystemClock().now())
    name = "" if every else service or service_here(config)
    with the_ledger(os.environ) as ledger:
        report = measure(ledger, name, environment, span, place, zone)
    if wanted() == "json":
        write_json(facts(report))
    elif wanted() == "html":
        from trunkline.cli.delivery_html import html

        click.echo(html(report), nl=False)
    else:
        click.echo(VIEWS[wanted()](report), nl=False)


def _window(length: str, until: str, zone: tzinfo, now: datetime) -> Window:
    from trunkline.domain.delivery.windows import Window
    from trunkline.domain.durations import parse_duration

    try:
        seconds = parse_duration(length)
    except ValueError as error:
        raise UsageError(f"--window: {error}.", "Write it as 30d, 7d or 12h.") from None
    if not 0 < seconds <= _LONGEST_DAYS * 86_400:
        raise UsageError(
            f"--window: {length} is nothing to look back.",
            f"Give more than nothing, and at most {_LONGEST_DAYS}d.",
        )
    end = read_moment(until, "--until", zone) if until else now
    try:
        return Window(end - timedelta(seconds=seconds), end)
    except OverflowError:
        raise UsageError("--window: that is before all time.", "Give a shorter window.") from None
