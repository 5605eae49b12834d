"""`trunkline build`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session


@click.command("build", short_help="Build and push the commit's image.")
@config_option
@output_option
@click.option(
    "--builder",
    type=click.Choice(["docker", "podman", "buildah"]),
    help="Build with this (default: what works).",
)
def command(config: Path | None, builder: str | None) -> None:
    """Build and push the image of the commit that is checked out, unless the registry has it.

    Prints the image with its digest. Without a trunkline.yaml the settings are read from CIRCLE_SHA1,
    IMAGE_NAME, QUAY_USERNAME, QUAY_PASSWORD and the DD_* variables.
    """
    from trunkline.app.build import build

    with session(config, contract="build", builder=builder or "") as world:
        built = build(world)
    facts = {
        "image": str(built.image),
        "repository": built.image.repository,
        "tag": built.image.tag,
        "digest": built.image.digest,
        "reused": built.reused,
        "run": built.run.id,
    }
    show(facts, lambda: str(built.image))
