"""`trunkline logs`."""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

import click

from trunkline.cli.output import output_option, wants_json
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style

_ALL = -1


@click.command("logs", short_help="Show the logs of all pods of an environment's release.")
@click.argument("environment")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines, new pods and restarted containers.")
@click.option(
    "--tail",
    type=click.IntRange(min=_ALL),
    default=100,
    show_default=True,
    help="Lines per container; -1: all.",
)
@config_option
@output_option
def command(environment: str, follow: bool, tail: int, config: Path | None) -> None:
    """Show the logs of all pods of ENVIRONMENT's release, each line behind its pod's name."""
    import json

    from trunkline.app.standing import logs

    style = Style(sys.stdout)
    colours = cycle((style.good, style.warning, style.strong, style.faint))
    names: dict[str, str] = {}
    with session(config) as world:
        for line in logs(world, environment, follow=follow, tail=None if tail == _ALL else tail):
            source = f"{line.pod} {line.container}"
            if source not in names:
                names[source] = next(colours)(source)
            text = world.redactor.text(line.text)
            if wants_json():
                click.echo(json.dumps({"pod": line.pod, "container": line.container, "text": text}))
            else:
                click.echo(f"{names[source]} | {text}")
