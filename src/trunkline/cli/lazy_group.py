"""Groups of commands that are looked up by name and imported when called, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click


class LazyGroup(click.Group):
    """A group whose commands are modules.

    Attributes:
        commands_by_name: name: what it does, in the words of the help.
        module: where a command is, with `{}` for its name; the module holds `command`.
    """

    commands_by_name: Mapping[str, str] = {}
    module = ""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, without importing anything."""
        return sorted(self.commands_by_name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in self.commands_by_name:
            return None
        found: click.Command = import_module(self.module.format(cmd_name)).command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with a suggestion for a name that is nearly right."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.commands_by_name, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands, from the words above."""
        with formatter.section("Commands"):
            formatter.write_dl(sorted(self.commands_by_name.items()))
