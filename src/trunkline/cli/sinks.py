"""`trunkline sinks`: list, test, flush, lost."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, project_or_surroundings
from trunkline.errors import ExitCode

if TYPE_CHECKING:
    from trunkline.app.sinks import LostOne, Standing, Trial
    from trunkline.run.courier import Report

_NONE = "No sink is configured: measurements stay in the ledger (docs/how-to/sinks.md)."


@click.group(short_help="Where measurements go: list, test, flush.")
def command() -> None:
    """Look after the sinks. What they have not taken yet waits in the ledger."""


@command.command("list", short_help="How things stand for each sink.")
@config_option
@output_option
def list_all(config: Path | None) -> None:
    """List the sinks that are configured, and what waits for them or could not be delivered."""
    from trunkline.app.sinks import standings
    from trunkline.bootstrap.telling import telling

    with telling(project_or_surroundings(config), os.environ) as told:
        found = standings(told.outbox, told.sinks)
    show(found, lambda: _standings(found))


@command.command("test", short_help="Send a marked measurement to each sink.")
@config_option
@output_option
def try_all(config: Path | None) -> None:
    """Send a measurement that is marked as a test to each sink, and say what came back.

    It is called PREFIX.sinks.test, so that no dashboard counts it.
    """
    from trunkline.app.sinks import try_sinks
    from trunkline.bootstrap.telling import telling

    with telling(project_or_surroundings(config), os.environ) as told:
        trials = try_sinks(told.sinks, told.clock, told.labels, told.origin, told.new_id())
    show(trials, lambda: _trials(trials))
    if any(trial.good is False for trial in trials):
        raise click.exceptions.Exit(ExitCode.UNREACHABLE)


@command.command("flush", short_help="Deliver what waits in the ledger.")
@click.option(
    "--timeout", "timeout_s", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True,
    help="How long to try, in seconds.",
)  # fmt: skip
@config_option
@output_option
def flush(timeout_s: float, config: Path | None) -> None:
    """Deliver what commands before this one had to leave in the ledger."""
    from trunkline.bootstrap.telling import telling

    with telling(project_or_surroundings(config), os.environ) as told:
        reports = told.courier.flush(timeout_s)
    facts = [
        {
            "sink": report.sink.name,
            "server": report.sink.server,
            "delivered": report.delivered,
            "undeliverable": report.hopeless,
            "left": report.left,
            "reason": report.reason,
        }
        for report in reports
    ]
    show(facts, lambda: _reports(reports))
    if any(report.left for report in reports):
        raise click.exceptions.Exit(ExitCode.UNREACHABLE)


@command.command("lost", short_help="What could not be delivered, and why.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@config_option
@output_option
def lost(limit: int, config: Path | None) -> None:
    """List measurements that a sink will never take, newest first. The ledger has what they were about."""
    from trunkline.app.sinks import lost_ones
    from trunkline.bootstrap.telling import telling

    with telling(project_or_surroundings(config), os.environ) as told:
        found = lost_ones(told.outbox, limit)
    show(found, lambda: _lost(found))


def _standings(found: tuple[Standing, ...]) -> str:
    if not found:
        return _NONE
    headings = ("SINK", "SERVER", "WAITING", "SINCE (UTC)", "DELIVERED (24h)", "UNDELIVERABLE", "REASON")
    rows = [
        (
            item.sink,
            item.server if item.configured else f"{item.server} (not configured here)",
            str(item.waiting),
            f"{item.oldest:%Y-%m-%d %H:%M}" if item.oldest else "",
            str(item.delivered),
            str(item.undeliverable),
            item.reason,
        )
        for item in found
    ]
    return table(headings, rows)


def _trials(trials: tuple[Trial, ...]) -> str:
    words = {True: "ok", False: "bad", None: "-"}
    rows = [(words[trial.good], trial.sink, trial.server, trial.answer) for trial in trials]
    return table(("", "SINK", "SERVER", "ANSWER"), rows) if rows else _NONE


def _reports(reports: list[Report]) -> str:
    rows = [
        (
            report.sink.name,
            report.sink.server,
            str(report.delivered),
            str(report.hopeless),
            "yes" if report.left else "no",
            report.reason,
        )
        for report in reports
    ]
    headings = ("SINK", "SERVER", "DELIVERED", "UNDELIVERABLE", "LEFT", "REASON")
    return table(headings, rows) if rows else _NONE


def _lost(found: tuple[LostOne, ...]) -> str:
    rows = [
        (f"{item.at:%Y-%m-%d %H:%M:%S}", item.sink, item.server, item.what, item.reason) for item in found
    ]
    headings = ("AT (UTC)", "SINK", "SERVER", "WHAT", "REASON")
    return table(headings, rows) if rows else "Nothing was lost."
