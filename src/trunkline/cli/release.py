"""`trunkline release`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.deployments import approve_options, consented, show_released, wait_option
from trunkline.cli.output import output_option
from trunkline.cli.session import config_option, has_file, session
from trunkline.errors import UsageError
from trunkline.ports import World


@click.command("release", short_help="Deploy the commit to an environment.")
@click.argument("environment", required=False)
@config_option
@output_option
@approve_options
@wait_option
@click.option("--again", is_flag=True, help="Deploy once more what stands already.")
def command(
    environment: str | None,
    config: Path | None,
    approved: bool,
    reason: str,
    wait_for_lock_s: float,
    again: bool,
) -> None:
    """Deploy the commit that is checked out to ENVIRONMENT, watch it become good, undo it if it fails.

    Without ENVIRONMENT and without a trunkline.yaml the settings are read from RELEASE_NAME,
    RELEASE_NAMESPACE, the HELM_* and the DD_* variables.
    """
    from trunkline.app.release import release

    contract = None if environment or has_file(config) else "release"
    with session(config, contract="release" if contract else None) as world:
        name = environment or _only(world)
        consented(world, name, approved=approved, reason=reason)
        released = release(world, name, wait_for_lock_s=wait_for_lock_s, again=again)
    show_released(released)


def _only(world: World) -> str:
    names = [item.name for item in world.project.environments]
    if len(names) != 1:
        raise UsageError("Which environment?", f"trunkline release {'|'.join(names)}")
    return names[0]
