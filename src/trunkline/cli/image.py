"""`trunkline image`: list, inspect, retag, prune."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trunkline.cli.deployments import duration
from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.domain.durations import format_duration
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime

    from trunkline.app.image_facts import ImageReport
    from trunkline.app.image_inventory import ImageRecord, Inventory
    from trunkline.app.image_tags import Pruned

_SHOWN = 20


@click.group(short_help="Look at images, tag them, remove what nobody needs.")
def command() -> None:
    """Look at the images of the project, give them tags, and remove those that nobody needs."""


@command.command("list", short_help="List images, and where they run.")
@click.option("--commit", default="", help="Only the images of this commit.")
@click.option("--all", "everything", is_flag=True, help=f"Show all, not only the newest {_SHOWN}.")
@config_option
@output_option
def list_images(commit: str, everything: bool, config: Path | None) -> None:
    """List the images in the registry, newest first, with where they run or could be returned to.

    An environment that cannot be asked is told below the table.
    """
    from trunkline.app.image_inventory import inventory

    with session(config) as world:
        found = inventory(world)
        sha = world.source.commit(world.project.trunk, commit).sha if commit else ""
        now = world.clock.now()
    images = [image for image in found.images if not sha or image.commit == sha]
    shown = images if everything or sha else images[:_SHOWN]
    facts = {"repository": found.repository, "images": shown, "troubles": found.troubles}
    show(facts, lambda: _listing(found, shown, len(images), now))


@command.command("inspect", short_help="Show all that is known of an image.")
@click.argument("image", required=False, default="")
@config_option
@output_option
def inspect_image(image: str, config: Path | None) -> None:
    """Show all that is known of IMAGE: a reference, a tag, a digest or a commit; that of HEAD when it is left out."""
    from trunkline.app.image_facts import find_image, inspect

    with session(config) as world:
        report = inspect(world, find_image(world, image))
    show(report, lambda: _report(report))


@command.command("retag", short_help="Give an image another tag.")
@click.argument("image")
@click.argument("tag")
@click.option("--force", is_flag=True, help="Move the tag where it stands for another image.")
@config_option
@output_option
def retag_image(image: str, tag: str, force: bool, config: Path | None) -> None:
    """Let TAG stand for IMAGE (a reference, a tag, a digest or a commit): the same bytes, the same digest.

    The tags of commits are never moved.
    """
    from trunkline.app.image_facts import find_image
    from trunkline.app.image_tags import retag

    with session(config) as world:
        tagged = retag(world, find_image(world, image), tag, force=force)
    show({"image": str(tagged), "digest": tagged.digest}, lambda: str(tagged))


@command.command("prune", short_help="Remove images that nobody needs.")
@click.option(
    "--keep", type=click.IntRange(min=0), default=20, show_default=True, help="So many of the newest stay."
)
@click.option(
    "--older-than", "older_than_s", type=duration, default="30d", show_default=True, help="Younger ones stay."
)
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@output_option
def prune_images(keep: int, older_than_s: float, dry_run: bool, yes: bool, config: Path | None) -> None:
    """Remove images whose tags are all those of commits, and that nobody needs.

    What an environment runs or keeps a revision of stays, as does whatever has another tag (latest, v1.2), is young, or
    does not tell its age. Where an environment cannot be asked, nothing is removed.
    """
    from trunkline.app.image_tags import plan_prune, prune

    with session(config) as world:
        plan = plan_prune(world, keep=keep, older_than_s=older_than_s)
        if dry_run or not plan.going:
            show(plan, lambda: _plan(plan, dry_run=True))
            return
        if not yes:
            click.echo(_plan(plan, dry_run=True), err=True)
            _consent(len(plan.going))
        done = prune(world, plan, lambda verdict: click.echo(f"removed {verdict.image.digest}", err=True))
    show(done, lambda: _plan(done, dry_run=False))


def _consent(count: int) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{count} images would be removed, and there is no terminal to ask at.",
            "Add --yes, or look with --dry-run.",
        )
    click.confirm(f"Remove {count} images?", abort=True, err=True)


def _listing(found: Inventory, shown: list[ImageRecord], count: int, now: datetime) -> str:
    headings = ("TAG", "DIGEST", "AGE", "SIZE", "PLATFORMS", "GATE", "RUNS IN", "COULD RETURN IN")
    lines = [table(headings, [_row(image, now) for image in shown])]
    if len(shown) < count:
        lines.append(f"and {count - len(shown)} older (--all)")
    lines += [f"{name} could not be asked: {why}" for name, why in found.troubles.items()]
    return "\n".join(lines)


def _row(image: ImageRecord, now: datetime) -> tuple[str, ...]:
    age = format_duration(max(0.0, (now - image.created).total_seconds())) if image.created else "?"
    return (
        ", ".join(image.tags),
        image.digest[7:19],
        age,
        _size(image.size),
        ", ".join(image.platforms),
        image.gate or "-",
        ", ".join(image.runs_in) or "-",
        ", ".join(image.returns_in) or "-",
    )


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def _report(report: ImageReport) -> str:
    facts: dict[str, Any] = {
        "commit": report.commit or "?",
        "created": report.created.isoformat() if report.created else "?",
        "size": f"{_size(report.size)} in {len(report.layers)} layers",
        "type": report.media_type,
        "gate": f"{report.gate.outcome} ({report.gate.summary})" if report.gate else "-",
    }
    lines = [report.image, *(f"  {name:<9}{value}" for name, value in facts.items())]
    lines += _section("platforms", [f"{name}  {digest}" for name, digest in report.platforms.items()])
    lines += _section("labels", [f"{name}={value}" for name, value in sorted(report.labels.items())])
    lines += _section("layers", [f"{layer.digest}  {_size(layer.size)}" for layer in report.layers])
    lines += _section("history", list(report.history))
    lines += _section("attached", [f"{digest}  {kind}" for digest, kind in report.attached.items()])
    standing = [
        f"{item.environment}  revision {item.revision}{', stands' if item.stands else ''}"
        for item in report.placed
    ]
    lines += _section("environments", standing)
    lines += _section(
        "deployments",
        [
            f"{item.at.isoformat()}  {item.environment}  {item.kind} by {item.actor or '-'}"
            for item in report.deployed
        ],
    )
    lines += [f"{name} could not be asked: {why}" for name, why in report.troubles.items()]
    return "\n".join(lines)


def _section(title: str, lines: list[str]) -> list[str]:
    return [f"  {title}", *(f"    {line}" for line in lines)] if lines else []


def _plan(plan: Pruned, *, dry_run: bool) -> str:
    rows = [
        (
            ", ".join(verdict.image.tags),
            verdict.image.digest[7:19],
            _size(verdict.image.size),
            f"stays: {verdict.kept[0]}" if verdict.kept else "removed" if not dry_run else "would be removed",
        )
        for verdict in plan.verdicts
    ]
    total = sum(verdict.image.size for verdict in plan.going)
    verb = "would be removed" if dry_run else "are removed"
    shared = "; layers that others share stay, and the registry frees the rest when it collects garbage"
    end = f"{len(plan.going)} of {len(plan.verdicts)} images {verb}, up to {_size(total)}{shared if plan.going else ''}."
    return "\n".join([table(("TAG", "DIGEST", "SIZE", ""), rows), end]) if rows else end


@command.group("registry", short_help="The registry of this machine.")
def registry() -> None:
    """A small registry on this machine, for projects whose image.repository is on loopback.

    `trunkline build` and `run` start it where nothing listens there; it goes on in the background.
    TRUNKLINE_LOCAL_REGISTRY=off starts none.
    """


_port = click.option(
    "--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Where it listens."
)


@registry.command("status", short_help="Whether it is there.")
@_port
@output_option
def registry_status(port: int) -> None:
    """Show whether the registry is there, and where its images are."""
    state = _keeper().state(port)
    what = (
        f"runs ({state.program}{f', process {state.pid}' if state.pid else ''})"
        if state.running
        else "does not run"
    )
    show(state, lambda: f"{state.address} {what}; images in {state.data}")


@registry.command("start", short_help="Start it.")
@_port
@output_option
def registry_start(port: int) -> None:
    """Start the registry, unless one is there: Debian's docker-registry, or a container of registry:2."""
    state = _keeper().start(port)
    show(state, lambda: state.address)


@registry.command("stop", short_help="End it.")
@_port
@output_option
def registry_stop(port: int) -> None:
    """End the registry that Trunkline started; its images are kept."""
    stopped = _keeper().stop(port)
    show({"stopped": stopped}, lambda: "ended" if stopped else "There is none that Trunkline started.")


def _keeper() -> Any:
    import os

    from trunkline.bootstrap.registries import local_registry

    return local_registry(os.environ)
