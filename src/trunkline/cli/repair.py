"""`trunkline repair`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.deployments import show_released, wait_option
from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session


@click.command(
    "repair", short_help="Return an environment to its last good revision after a deployment was cut off."
)
@click.argument("environment")
@config_option
@output_option
@wait_option
def command(environment: str, config: Path | None, wait_for_lock_s: float) -> None:
    """Return ENVIRONMENT to its last good revision, where a deployment was cut off (a job that was cancelled).

    Where nothing was cut off, nothing is done. The next `trunkline release` mends such a thing, too; this is for when
    none comes.
    """
    from trunkline.app.rollback import repair

    with session(config) as world:
        released = repair(world, environment, wait_for_lock_s)
    if released is not None:
        show_released(released)
        return
    show({"environment": environment, "deed": "nothing"}, lambda: f"{environment}: nothing was cut off.")
