"""`trunkline promote`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.deployments import approve_options, consented, show_released, wait_option
from trunkline.cli.output import output_option
from trunkline.cli.session import config_option, session


@click.command("promote", short_help="Deploy to one environment what another one runs.")
@click.argument("source", metavar="FROM")
@click.argument("goal", metavar="TO")
@config_option
@output_option
@approve_options
@wait_option
def command(
    source: str, goal: str, config: Path | None, approved: bool, reason: str, wait_for_lock_s: float
) -> None:
    """Deploy to TO the very digest that FROM runs, and watch it become good."""
    from trunkline.app.release import promote

    with session(config) as world:
        consented(world, goal, approved=approved, reason=reason)
        released = promote(world, source, goal, wait_for_lock_s)
    show_released(released)
