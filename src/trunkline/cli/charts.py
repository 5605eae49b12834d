"""`trunkline charts`: push, list, pull, reindex, delete."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, has_file, project_file
from trunkline.errors import UsageError

_LONGEST_DESCRIPTION = 60


@click.group(short_help="Keep a chart repository in S3 or in a directory.")
def command() -> None:
    """Keep a private Helm repository at s3://bucket/prefix, or in a directory.

    Its layout is that of Helm and of its S3 plug-in, and both can read it. Many may push at once: no chart is
    ever missing in the index because two were pushed at the same time.
    """


def _repository_options(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option(
        "--repository",
        "-r",
        "location",
        default="",
        metavar="LOCATION",
        envvar="TRUNKLINE_CHARTS",
        help="s3://bucket/prefix or a directory (default: chart.repository of trunkline.yaml).",
    )(command)
    return output_option(config_option(command))


_relative = click.option(
    "--relative", is_flag=True, help="Name archives in the index by their file names, not by s3:// addresses."
)


@command.command("push", short_help="Push charts, and put them into the index.")
@click.argument("charts", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a version that is there with other bytes.")
@_relative
@_repository_options
def push(charts: tuple[Path, ...], force: bool, relative: bool, location: str, config: Path | None) -> None:
    """Push CHARTS: archives (with their .prov beside them), or folders, which are packed first.

    A version that is there with the same bytes is done already; one with other bytes is refused.
    """
    from trunkline.app.chart_parcels import parcel
    from trunkline.app.charts import push as push_all

    parcels = [parcel(chart) for chart in charts]
    pushed = push_all(_repository(location, config, relative=relative), parcels, force=force)
    show(pushed, lambda: "\n".join(f"{item.outcome}: {item.address}" for item in pushed))


@command.command("list", short_help="List the charts in the index.")
@click.argument("name", required=False, default="")
@_repository_options
def list_charts(name: str, location: str, config: Path | None) -> None:
    """List all versions in the index, or those of the chart NAME."""
    from trunkline.app.charts import entries

    found = entries(_repository(location, config), name)
    show(
        found,
        lambda: table(("NAME", "VERSION", "APP VERSION", "CREATED", "DESCRIPTION"), [*map(_row, found)]),
    )


@command.command("pull", short_help="Fetch a chart's archive.")
@click.argument("name")
@click.option("--version", default="", help="The version, exact (default: the newest that is no prerelease).")
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to put it into."
)
@_repository_options
def pull(name: str, version: str, into: Path, location: str, config: Path | None) -> None:
    """Fetch the archive of the chart NAME, and check its digest where there is one to check it with."""
    from trunkline.bootstrap.charts import chart_source
    from trunkline.config.project import ChartSettings

    chart = ChartSettings(name=name, repository=_location(location, config), version=version)
    path = chart_source(os.environ, _redactor()).chart(chart, into).path
    show({"name": name, "path": str(path)}, lambda: str(path))


@command.command("reindex", short_help="Rebuild the index from the archives that are there.")
@_relative
@_repository_options
def rebuild(relative: bool, location: str, config: Path | None) -> None:
    """Rebuild the index from the archives that are there; what others push meanwhile is kept."""
    from trunkline.app.chart_reindex import Reindexed, reindex

    def text(done: Reindexed) -> str:
        lines = [f"{done.address} holds {done.charts} versions ({done.opened} archives were opened)."]
        for what, names in (("added", done.added), ("dropped", done.dropped), ("skipped", done.skipped)):
            lines += [f"{what}: {name}" for name in names]
        return "\n".join(lines)

    done = reindex(_repository(location, config, relative=relative))
    show(done, lambda: text(done))


@command.command("delete", short_help="Delete one version of a chart.")
@click.argument("name")
@click.argument("version")
@_repository_options
def remove(name: str, version: str, location: str, config: Path | None) -> None:
    """Take VERSION of the chart NAME out of the index, and then its files away."""
    from trunkline.app.charts import delete

    gone = delete(_repository(location, config), name, version)
    show(gone, lambda: f"deleted: {gone.address}")


def _repository(location: str, config: Path | None, *, relative: bool = False) -> Any:
    from trunkline.bootstrap.charts import chart_repository

    return chart_repository(_location(location, config), os.environ, _redactor(), relative=relative)


def _redactor() -> Any:
    from trunkline.bootstrap.charts import redactor_of
    from trunkline.cli.failures import redact_with

    redactor = redactor_of()
    redact_with(redactor)
    return redactor


def _location(location: str, config: Path | None) -> str:
    """The repository that is named, or the project's."""
    if location:
        return location
    if not has_file(config):
        raise UsageError(
            "No chart repository is named, and there is no trunkline.yaml here.",
            "Name it: --repository s3://bucket/prefix, or the variable TRUNKLINE_CHARTS.",
        )
    from trunkline.config.load import load_project

    project = load_project(project_file(config), os.environ)
    found = project.chart.repository
    if not found:
        raise UsageError(
            f"{project.source} names no chart repository.", "Name it: --repository s3://bucket/prefix."
        )
    return found if "://" in found else str(project.root / found)


def _row(entry: Any) -> tuple[str, ...]:
    description = str(entry.get("description", ""))
    if len(description) > _LONGEST_DESCRIPTION:
        description = description[: _LONGEST_DESCRIPTION - 1] + "…"
    return (
        str(entry.get("name", "")),
        str(entry.get("version", "")),
        str(entry.get("appVersion", "")),
        str(entry.get("created", ""))[:19],
        description,
    )
