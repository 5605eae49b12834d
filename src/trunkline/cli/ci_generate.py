"""`trunkline ci generate`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, project_file, session
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.config.project import Project
    from trunkline.plan.circleci.checklist import Chore


@click.group(short_help="Make the configuration of a CI system.")
def command() -> None:
    """Make the configuration of a CI system from trunkline.yaml."""


@command.command("circleci", short_help="Make .circleci/config.yml.")
@click.option("--stdout", "printed", is_flag=True, help="Print it, and write nothing.")
@click.option("--force", is_flag=True, help="Replace a file that somebody wrote or changed by hand.")
@config_option
@output_option
def generate_circleci(printed: bool, force: bool, config: Path | None) -> None:
    """Write .circleci/config.yml beside trunkline.yaml, and say what is to be done on CircleCI's pages.

    The same project makes the same file everywhere. A file that somebody wrote or changed by hand is not replaced.
    """
    from trunkline.app.ci_generate import PLACE, generated
    from trunkline.config.load import load_project
    from trunkline.plan.circleci.checklist import checklist

    project = load_project(project_file(config), os.environ, without_secrets=True)
    text = generated(project, _images(project, config))
    if printed:
        click.echo(text, nl=False)
        return
    place = project.root / PLACE
    deed = _write(place, text, force=force)
    chores = checklist(project)
    facts = {"file": str(place), "deed": deed, "checklist": chores}
    show(facts, lambda: f"{place} {deed}.\n\n{_listing(chores)}")


def _images(project: Project, config: Path | None) -> Mapping[str, str]:
    """Those that `trunkline ci images` has pushed; no registry is asked where the project names its own."""
    from trunkline.app.deploy_images import has_lock, known

    if not has_lock(project) or all(item.name in project.circleci.images for item in project.environments):
        return {}
    with session(config) as world:
        return known(world)


def _write(place: Path, text: str, *, force: bool) -> str:
    from trunkline.app.ci_generate import is_changed_by_hand, is_generated

    try:
        before = place.read_text(encoding="utf-8") if place.exists() else None
        if before == text:
            return "is up to date"
        if before is not None and not force and (not is_generated(before) or is_changed_by_hand(before)):
            how = "was changed by hand" if is_generated(before) else "was written by somebody"
            raise UsageError(
                f"{place} {how}, and is not replaced.",
                "Look at what would be written with --stdout, and replace the file with --force.",
            )
        place.parent.mkdir(parents=True, exist_ok=True)
        # Whole or not at all: CircleCI reads what is pushed.
        new = place.with_name(f"{place.name}.new")
        new.write_text(text, encoding="utf-8")
        new.replace(place)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{place} cannot be written: {error}.",
            "Make the directory writable, or print the file with --stdout.",
        ) from None
    return "is made" if before is None else "is made anew"


def _listing(chores: tuple[Chore, ...]) -> str:
    lines = ["To be done on CircleCI's pages, once:"]
    for chore in chores:
        lines += [f"  [ ] {chore.what}", f"      {chore.why}"]
    return "\n".join(lines)
