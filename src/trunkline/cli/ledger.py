"""`trunkline ledger`: export, import, verify."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.app.circleci_imports import Imported
    from trunkline.config.project import Project
    from trunkline.domain.job_stages import JobStage
    from trunkline.ports.ledger import Added


@click.group(short_help="Copy and check what was written down.")
def command() -> None:
    """Copy the ledger into a file and back, and check that it is whole."""


@command.command("export", short_help="Write everything as lines of JSON.")
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export_ledger(file: IO[str]) -> None:
    """Write the whole ledger to FILE (standard output when it is left out): a line of JSON for each record.

    The last line counts the records, so that a file that was cut off is known as such.
    """
    from trunkline.app.ledger_transfer import export
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        for line in export(ledger):
            file.write(f"{line}\n")


class ImportGroup(click.Group):
    """What is none of its commands is the name of a file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; a file that is called like a source is spelled with its folder (`./git`)."""
        if args and args[0] not in self.commands:
            return "file", import_file, args
        return super().resolve_command(ctx, args)


@command.group("import", cls=ImportGroup, short_help="Take in what was written or deployed elsewhere.")
def import_ledger() -> None:
    """Take a FILE that `trunkline ledger export` wrote into the ledger, or what git, Helm or CircleCI know of the past.

    All of it is taken, or nothing. What is known already is left as it is, so that imports can be repeated.
    """


@import_ledger.command("file", short_help="Take in what was exported elsewhere (the word may be left out).")
@click.argument("file", type=click.Path(path_type=Path))
@output_option
def import_file(file: Path) -> None:
    """Take the records of FILE (`-` for standard input)."""
    from trunkline.app.ledger_transfer import import_lines
    from trunkline.bootstrap.ledgers import the_ledger

    try:
        with click.open_file(str(file), encoding="utf-8") as lines, the_ledger(os.environ) as ledger:
            added = import_lines(ledger, lines, str(file))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", "Name a file that `trunkline ledger export` wrote."
        ) from None
    _show(added)


@import_ledger.command("git", short_help="Take tags for deployments.")
@click.option("--environment", required=True, help="Where the tagged commits were deployed to.")
@click.option(
    "--tags", default="*", show_default=True, help="Which tags, as a glob such as 'v*' or 'prod-*'."
)
@config_option
@output_option
def import_git(environment: str, tags: str, config: Path | None) -> None:
    """Take each tag of this repository for a deployment to an environment, at the time of the tag."""
    from trunkline.app.ledger_imports import import_tags

    with session(config) as world:
        added = import_tags(world, environment, tags)
    _show(added)


@import_ledger.command("helm", short_help="Take in the revisions that clusters still know.")
@click.argument("environments", nargs=-1)
@config_option
@output_option
def import_helm(environments: tuple[str, ...], config: Path | None) -> None:
    """Take in the release history of ENVIRONMENTS, or of all: what stood, what failed, and since when."""
    from trunkline.app.ledger_imports import import_releases

    with session(config) as world:
        added = import_releases(world, environments)
    _show(added)


@import_ledger.command("circleci", short_help="Take in what CircleCI's Insights still know.")
@click.option(
    "--project", "slug", default="", help="The project, as gh/ORGANISATION/REPOSITORY (default: this one)."
)
@click.option(
    "--since", default="", help="The first day (default: as far back as CircleCI remembers, 90 days)."
)
@click.option(
    "--branch", default="", help="Only workflows of this branch (default: of the trunk); `*` for all."
)
@click.option(
    "--job",
    "jobs",
    multiple=True,
    metavar="NAME=STAGE[:ENVIRONMENT]",
    help="What a job is, where its name does not tell: ship-it=deploy:prod. May be repeated.",
)
@config_option
@output_option
def import_circleci(slug: str, since: str, branch: str, jobs: tuple[str, ...], config: Path | None) -> None:
    """Take in the workflows that ended: what was built, tested, deployed, approved, how long it took and waited.

    CircleCI is asked with the token in CIRCLE_TOKEN. What it is late to tell, a later import takes in.
    """
    from datetime import UTC, datetime

    from trunkline.app.circleci_imports import Wishes, import_workflows
    from trunkline.bootstrap.circleci import workflows_of
    from trunkline.cli.moments import read_moment

    first = read_moment(since, "--since") if since else datetime.min.replace(tzinfo=UTC)
    with session(config) as world:
        workflows = workflows_of(world, slug, os.environ)
        chosen = "" if branch == "*" else branch or world.project.trunk
        wishes = Wishes(first, chosen, dict(_job_stage(item, world.project) for item in jobs))
        imported = import_workflows(world, workflows, wishes, lambda line: click.echo(line, err=True))
    show(imported, lambda: _told(imported))


def _job_stage(text: str, project: Project) -> tuple[str, JobStage]:
    from trunkline.domain.attempts import Stage
    from trunkline.domain.job_stages import JobStage

    name, _, wish = text.rpartition("=")
    word, _, environment = wish.partition(":")
    placed = word in (Stage.DEPLOY, Stage.APPROVAL)
    known = {item.name for item in project.environments}
    if (
        not name
        or word not in set(Stage)
        or placed != bool(environment)
        or (placed and environment not in known)
    ):
        raise UsageError(
            f"--job: {text!r} does not say what a job is.",
            f"Write it as NAME=build or NAME=deploy:{next(iter(sorted(known)))}, with a stage of"
            f" {', '.join(Stage)} and an environment of {', '.join(sorted(known))}.",
        )
    return name, JobStage(Stage(word), environment)


def _told(imported: Imported) -> str:
    lines = [
        f"{imported.workflows} workflows are new ({imported.records} records), {imported.known} were known."
    ]
    lines += [
        f"  {name} is {stage.stage}{f' to {stage.environment}' if stage.environment else ''}"
        for name, stage in imported.stages.items()
    ]
    if imported.left_out:
        lines.append(f"Left out, as their names say no stage: {', '.join(imported.left_out)}")
        lines.append("Say what they are: --job NAME=STAGE[:ENVIRONMENT]")
    return "\n".join(lines)


def _show(added: Added) -> None:
    show(added, lambda: f"{added.new} records are new, {added.known} were known.")


@command.command("verify", short_help="Check that everything is whole.")
@output_option
def verify_ledger() -> None:
    """Read every record, and have the storage check itself; exit code 2 where something is wrong."""
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        faults = ledger.faults()
        count = 0 if faults else sum(1 for _ in ledger.entries())
    show({"records": count, "faults": faults}, lambda: "\n".join(faults) or f"All {count} records are whole.")
    if faults:
        raise click.exceptions.Exit(2)
