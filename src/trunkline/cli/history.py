"""`trunkline history`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style
from trunkline.domain.attempts import AttemptRecord, Kind, Outcome, Stage
from trunkline.domain.durations import format_duration


@click.command("history", short_help="List the attempts that the ledger remembers.")
@click.argument("environment", required=False, default="")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many attempts.")
@config_option
@output_option
def command(environment: str, limit: int, config: Path | None) -> None:
    """List the newest attempts of this service (or of one ENVIRONMENT), newest first."""
    from trunkline.app.standing import history

    with session(config) as world:
        records = history(world, environment, limit)
    show(records, lambda: _text(records))


def _text(records: tuple[AttemptRecord, ...]) -> str:
    style = Style(sys.stdout)
    headings = ("STARTED (UTC)", "STAGE", "COMMIT", "TOOK", "OUTCOME", "BY", "RUN", "REASON")
    return table(headings, [_row(record, style) for record in records])


def _row(record: AttemptRecord, style: Style) -> tuple[str, ...]:
    attempt, ending = record.attempt, record.ending
    stage: str = attempt.stage
    if attempt.stage is Stage.DEPLOY and attempt.kind is not Kind.RELEASE:
        stage = attempt.kind
    outcome = style.warning("no ending")
    reason = ""
    if ending is not None:
        spell = {Outcome.SUCCEEDED: style.good, Outcome.FAILED: style.bad}.get(ending.outcome, style.warning)
        outcome, reason = spell(ending.outcome), ending.reason
    return (
        f"{attempt.started_at:%Y-%m-%d %H:%M:%S}",
        f"{stage} {attempt.environment}".rstrip(),
        attempt.commit[:7],
        format_duration(record.elapsed_s) if record.elapsed_s is not None else "-",
        outcome,
        attempt.actor,
        attempt.run_id,
        reason,
    )
