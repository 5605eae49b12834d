"""`trunkline test`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session
from trunkline.errors import UsageError


@click.command("test", short_help="Run the project's own tests.")
@config_option
@output_option
def command(config: Path | None) -> None:
    """Run the project's own tests (`test` in trunkline.yaml) on the commit that is checked out, and remember how it went."""
    from trunkline.app.build import test
    from trunkline.run.attempts import begin_run

    with session(config, without_secrets=True) as world:
        if not world.project.test:
            raise UsageError(f"{world.project.source} names no tests.", "Write them as `test: make test`.")
        run = begin_run(world, world.source.commit(world.project.trunk))
        test(world, run)
    show({"commit": run.commit, "run": run.id}, lambda: f"the tests of {run.commit[:7]} are good")
