"""`trunkline ci`: the pipeline on a CI system; each of its commands is a module of its own, imported when called."""

from __future__ import annotations

from importlib import import_module

import click

# name: what it does; the module `ci_<name>` holds `command`
COMMANDS: dict[str, str] = {}


class _Group(click.Group):
    """Imports a command's module when the command is called, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, without importing anything."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in COMMANDS:
            return None
        found: click.Command = import_module(f"trunkline.cli.ci_{cmd_name}").command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, from the words above."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(COMMANDS.items()))


@click.group(cls=_Group, short_help="Generate, check and look after the pipeline on CircleCI.")
def command() -> None:
    """Generate, check and look after the pipeline on CircleCI."""
