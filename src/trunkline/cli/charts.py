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
@click.option(
    "--version", default="", help="The version, exact or a range (default: the newest that is no prerelease)."
)
@click.option(
    "--into", type=click.Path(path_type=Path, file_okay=False), default=".", help="The folder to put it into."
)
@click.option(
    "--username", default="", help="For https://, oci:// and git; the password is TRUNKLINE_CHARTS_PASSWORD."
)
@click.option(
    "--keyring",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Public keys (gpg --export): the chart has to be signed by one of them.",
)
@_repository_options
def pull(
    name: str,
    version: str,
    into: Path,
    username: str,
    keyring: Path | None,
    location: str,
    config: Path | None,
) -> None:
    """Fetch the archive of the chart NAME, after looking through it and checking its digest where there is one.

    Besides s3:// and directories, LOCATION may be an https:// or oci:// address, or git+https://host/repo.git//folder.
    What has not changed since the last time comes from the cache; TRUNKLINE_CACHE=off keeps none.
    """
    from dataclasses import replace

    from trunkline.bootstrap.charts import chart_source

    chart = replace(_settings(location, config), name=name, version=version)
    if username:
        chart = replace(chart, username=username, password=os.environ.get("TRUNKLINE_CHARTS_PASSWORD", ""))
    if keyring is not None:
        chart = replace(chart, keyring=str(keyring))
    found = chart_source(os.environ, _redactor()).chart(chart, into)
    show({"name": name, "path": str(found.path), "address": found.address}, lambda: str(found.path))


@command.group("cache", short_help="What was fetched before, and is kept.")
def cache() -> None:
    """Charts and indexes that were fetched before, kept by the digest of their bytes."""


@cache.command("show", short_help="Where the cache is, and how large.")
@output_option
def show_cache() -> None:
    """Show where the cache is, and how large."""
    from trunkline.bootstrap.charts import chart_cache

    kept = chart_cache(os.environ)
    count, size = kept.size()
    facts = {"directory": str(kept.root or ""), "files": count, "bytes": size}
    show(
        facts,
        lambda: f"{kept.root}: {count} files, {size / 2**20:.1f} MB" if kept.root else "The cache is off.",
    )


@cache.command("clear", short_help="Forget all that is kept.")
@output_option
def clear_cache() -> None:
    """Forget all that is kept; it is fetched anew when it is wanted."""
    from trunkline.bootstrap.charts import chart_cache

    freed = chart_cache(os.environ).clear()
    show({"bytes": freed}, lambda: f"{freed / 2**20:.1f} MB are free again.")


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
    return str(_settings(location, config).repository)


def _settings(location: str, config: Path | None) -> Any:
    """The repository that is named, or the project's, with its login and keyring."""
    from dataclasses import replace

    from trunkline.config.charts import ChartSettings

    if location:
        return ChartSettings(repository=location)
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
    keyring = str(project.root / project.chart.keyring) if project.chart.keyring else ""
    return replace(
        project.chart, repository=found if "://" in found else str(project.root / found), keyring=keyring
    )


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
