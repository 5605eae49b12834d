"""`trunkline ci`: the pipeline on a CI system; each of its commands is a module of its own, imported when called."""

from __future__ import annotations

import click

from trunkline.cli.lazy_group import LazyGroup

# name: what it does; the module `ci_<name>` holds `command`
COMMANDS = {
    "check": "Check any configuration of CircleCI: its schema, and what it means.",
    "explain": "Show the workflow that CircleCI runs, and which stage each of its jobs is.",
    "images": "Make the images that jobs deploy from: Helm, kubectl and Trunkline, pinned.",
    "generate": "Make the configuration of CircleCI from trunkline.yaml.",
    "approvals": "Show what waits for an approval on CircleCI; give it, or cancel it.",
}


class _Commands(LazyGroup):
    commands_by_name = COMMANDS
    module = "trunkline.cli.ci_{}"


@click.group(cls=_Commands, short_help="Generate, check and look after the pipeline on CircleCI.")
def command() -> None:
    """Generate, check and look after the pipeline on CircleCI."""
