"""What `trunkline approve` and `trunkline reject` share."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session
from trunkline.domain.attempts import Decision


def decision_command(name: str, decision: Decision, summary: str) -> click.Command:
    """A command that records one kind of decision."""

    @click.command(
        name, short_help=summary, help=f"{summary}\n\nRUN is the run's id, or the beginning of it."
    )
    @click.argument("run")
    @click.argument("environment", metavar="ENV")
    @click.option("--reason", default="", help="Why, for the record.")
    @config_option
    @output_option
    def command(run: str, environment: str, reason: str, config: Path | None) -> None:
        from trunkline.app.approvals import decide

        with session(config) as world:
            approval = decide(world, run, environment, decision, reason)
        show(
            approval,
            lambda: f"{approval.decision} by {approval.actor}: run {approval.run_id} to {environment}",
        )

    return command
