"""`trunkline cluster`: a simulated cluster for trying things, which outlives the command."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show
from trunkline.errors import ExitCode

if TYPE_CHECKING:
    from trunkline.adapters.rehearsal.background import Background


@click.group("cluster", short_help="Start and end a simulated cluster, for trying things without a real one.")
def command() -> None:
    """A simulated Kubernetes cluster on this machine: no root, no container engine, no images.

    Helm, kubectl and every command of Trunkline work with it: export KUBECONFIG=$(trunkline cluster kubeconfig).
    """


@command.command("up")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Of 127.0.0.1; any that is free, when left out."
)
@output_option
def up(port: int) -> None:
    """Start it, if it is not up already; what was there before is there again."""
    background = _background()
    url, started = background.up(port)
    facts = {"url": url, "started": started, "kubeconfig": str(background.kubeconfig)}
    word = "is up" if started else "is up already"
    show(facts, lambda: f"The simulated cluster {word} at {url}.\nexport KUBECONFIG={background.kubeconfig}")


@command.command("down")
@click.option("--keep", is_flag=True, help="Keep what is in it for the next time.")
@output_option
def down(keep: bool) -> None:
    """End it; what was in it is gone, unless --keep says otherwise."""
    was_there = _background().down(keep=keep)
    show({"was_up": was_there}, lambda: "The simulated cluster is down." if was_there else "It was not up.")


@command.command("status")
@output_option
def status() -> None:
    """Show whether it is up, and what is in it. Exit code 7 when it is not."""
    facts = _background().status()
    show(facts, lambda: "\n".join(f"{name:12} {value}" for name, value in facts.items()) or "It is not up.")
    if not facts:
        raise click.exceptions.Exit(ExitCode.UNREACHABLE)


@command.command("kubeconfig")
@output_option
def kubeconfig() -> None:
    """Print the path of its kubeconfig. Exit code 7 when it is not up."""
    background = _background()
    if not background.status():
        from trunkline.errors import Unreachable

        raise Unreachable("The simulated cluster is not up.", "Start it: trunkline cluster up")
    show({"kubeconfig": str(background.kubeconfig)}, lambda: str(background.kubeconfig))


def _background() -> Background:
    from trunkline.bootstrap.simulated import background

    return background(os.environ)
