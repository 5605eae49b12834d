"""`trunkline deployment`: list, mark."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, service_here
from trunkline.domain.commits import SHORT_LENGTH
from trunkline.domain.durations import format_duration
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.app.incidents import Told


@click.group(short_help="List deployments, and say what became of them.")
def command() -> None:
    """List deployments, and say what the ledger cannot see by itself: which failed in service, and what mended them."""


@command.command("list", short_help="List deployments and what became of them.")
@click.argument("environment", required=False, default="")
@click.option("--service", default="", help="The service; the project's, or all, when left out.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@config_option
@output_option
def list_all(environment: str, service: str, limit: int, config: Path | None) -> None:
    """List the newest deployments that ended well, newest first."""
    from trunkline.app.incidents import told
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        found = told(ledger, service or service_here(config), environment, limit)
    show(found, lambda: _text(found))


@command.command("mark", short_help="Say that one failed, or mended something.")
@click.argument("deployment")
@click.option("--failed", "verdict", flag_value="failed", help="It failed in service and has to be mended.")
@click.option(
    "--good", "verdict", flag_value="good", help="It did not fail, whatever was said or seen before."
)
@click.option("--remediates", "subject", default="", help="It mends that deployment or incident.")
@click.option("--reason", default="", help="Why, in a few words.")
@output_option
def mark(deployment: str, verdict: str | None, subject: str, reason: str) -> None:
    """Mark DEPLOYMENT, given by its id or the beginning of it. The last word counts; nothing is overwritten."""
    from trunkline.app.incidents import mark_deployment
    from trunkline.bootstrap.ledgers import the_ledger, the_speaker
    from trunkline.domain.delivery.marks import Says

    if bool(verdict) == bool(subject):
        raise UsageError(
            "A mark says one thing.", "Give one of --failed, --good and --remediates DEPLOYMENT-OR-INCIDENT."
        )
    says = Says(verdict) if verdict else Says.REMEDIATES
    with the_ledger(os.environ) as ledger:
        made = mark_deployment(ledger, the_speaker(os.environ), deployment, says, subject, reason)
    what = f"remediates {made.subject}" if subject else f"is marked {says.value}"
    show(made, lambda: f"The deployment {made.deployment} of {made.service} to {made.environment} {what}.")


def _text(found: tuple[Told, ...]) -> str:
    headings = (
        "DEPLOYMENT",
        "SERVICE",
        "ENVIRONMENT",
        "ENDED (UTC)",
        "COMMIT",
        "NEW COMMITS",
        "BY",
        "WHAT BECAME OF IT",
    )
    rows = [
        (
            item.id,
            item.service,
            item.environment,
            f"{item.deployed_at:%Y-%m-%d %H:%M}",
            item.commit[:SHORT_LENGTH],
            "?" if item.commits is None else str(item.commits),
            item.actor,
            _became(item),
        )
        for item in found
    ]
    return table(headings, rows) if rows else "There are none."


def _became(item: Told) -> str:
    words = [word for word, so in (("rollback", item.rollback), ("redeployment", item.redeployment)) if so]
    if item.failed:
        after = (
            "not mended yet"
            if item.recovery_s is None
            else f"mended after {format_duration(item.recovery_s)}"
        )
        words.append(f"failed, {after}")
    if item.inferred:
        words.append("(inferred)")
    return " ".join(words)
