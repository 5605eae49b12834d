"""`trunkline ci images`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.errors import UsageError
from trunkline.plan.pipeline import find_environment

if TYPE_CHECKING:
    from trunkline.app.deploy_images import Made


@click.command("images", short_help="Make the images that jobs deploy from.")
@click.argument("environments", metavar="[ENV]...", nargs=-1)
@click.option(
    "--lock", "locking", is_flag=True, help="Find out versions and sums first, and write deploy-images.lock."
)
@click.option(
    "--write",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each Dockerfile below this directory.",
)
@click.option("--build", is_flag=True, help="Build those that the registry has not.")
@click.option("--push", is_flag=True, help="Push them, and say their digests (builds what is missing).")
@config_option
@output_option
def command(
    environments: tuple[str, ...],
    locking: bool,
    write: Path | None,
    build: bool,
    push: bool,
    config: Path | None,
) -> None:
    """Make an image for the jobs of each environment, or of ENV: Helm, kubectl of its cluster's version, and Trunkline.

    The image's tag is the sum of all that goes into it, so that one that the registry has is never made again.
    """
    from trunkline.app.deploy_images import lock_tools, make

    with session(config) as world:
        for name in environments:
            find_environment(world.project, name)
        if locking:
            lock_tools(world)
        made = make(world, environments, lambda line: click.echo(line, err=True), build=build, push=push)
    if write is not None:
        _write(write, made)
    show(made, lambda: _listing(made))


def _write(folder: Path, made: tuple[Made, ...]) -> None:
    try:
        for item in made:
            place = folder / item.environment / "Dockerfile"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(item.dockerfile, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written: {error.strerror}.", "Name another directory."
        ) from None


def _listing(made: tuple[Made, ...]) -> str:
    rows = [
        (item.environment, item.helm, item.kubectl, item.image, "was there" if item.reused else "")
        for item in made
    ]
    return table(("ENVIRONMENT", "HELM", "KUBECTL", "IMAGE", ""), rows)
