"""`trunkline ci explain`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, project_file
from trunkline.errors import UsageError


@click.command("explain", short_help="Show the workflow that CircleCI runs.")
@click.option(
    "--svg",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the workflow to this file as a picture.",
)
@config_option
@output_option
def command(svg: Path | None, config: Path | None) -> None:
    """Show the workflow that CircleCI runs for this project: its jobs, what each waits for, and which stage it is.

    The stages are those of `trunkline run`, which goes the same way on this machine.
    """
    from trunkline.app.ci_generate import explained
    from trunkline.config.load import load_project
    from trunkline.plan.circleci.picture import as_svg, as_text

    pipeline = explained(load_project(project_file(config), os.environ, without_secrets=True))
    if svg is not None:
        try:
            svg.write_text(as_svg(pipeline), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{svg} cannot be written: {error.strerror}.", "Name another file.") from None
    show(pipeline, lambda: as_text(pipeline))
