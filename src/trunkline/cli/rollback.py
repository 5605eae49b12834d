"""`trunkline rollback`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.deployments import show_released, wait_option
from trunkline.cli.output import output_option
from trunkline.cli.session import config_option, session


@click.command("rollback", short_help="Return an environment to an earlier good revision.")
@click.argument("environment")
@click.option(
    "--to", "revision", type=click.IntRange(min=1), help="This Helm revision (default: the last good one)."
)
@config_option
@output_option
@wait_option
def command(environment: str, revision: int | None, config: Path | None, wait_for_lock_s: float) -> None:
    """Return ENVIRONMENT to an earlier revision, and watch it become good.

    Without --to it is the newest revision that ran something else and whose rollout was seen to be good.
    """
    from trunkline.app.rollback import rollback

    with session(config) as world:
        released = rollback(world, environment, revision, wait_for_lock_s)
    show_released(released)
