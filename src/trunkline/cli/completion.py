"""`trunkline completion`."""

from __future__ import annotations

import click

_SHELLS = ["bash", "zsh", "fish"]


@click.command("completion", short_help="Print the shell completion script.")
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the completion script of SHELL; for bash: eval "$(trunkline completion bash)"."""
    from click.shell_completion import get_completion_class

    from trunkline.cli.entry import trunkline

    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(found(trunkline, {}, "trunkline", "_TRUNKLINE_COMPLETE").source())
