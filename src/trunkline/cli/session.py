"""From a command's options to a World that is closed again, whatever happens."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.config.project import Project
    from trunkline.ports import World

Contract = Literal["build", "release"]


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--config PATH`: the project's file, where it is not found by itself."""
    return click.option(
        "--config",
        "config",
        type=click.Path(path_type=Path),
        default=None,
        envvar="TRUNKLINE_CONFIG",
        help="The project's trunkline.yaml (default: here, or in a directory above).",
    )(command)


@contextmanager
def session(
    config: Path | None, contract: Contract | None = None, builder: str = "", *, without_secrets: bool = False
) -> Iterator[World]:
    """The World of this command; measurements are delivered and the ledger closed at its end.

    Args:
        config: the project's file, None to look for it.
        contract: which part of the environment-variable contract to read where there is no file.
        builder: overrides the project's image builder.
        without_secrets: whether the file's variables may be unset; see `load_project`.
    """
    from trunkline.bootstrap.world import closing, compose
    from trunkline.cli.failures import redact_with
    from trunkline.cli.reporter import LineReporter

    project = _project(config, contract, without_secrets=without_secrets)
    world = compose(project, os.environ, (LineReporter(sys.stderr, os.environ),), builder=builder)
    redact_with(world.redactor)
    with closing(world):
        yield world


def has_file(config: Path | None) -> bool:
    """Whether there is a trunkline.yaml to work with."""
    from trunkline.config.load import find_project_file

    return config is not None or find_project_file(Path.cwd()) is not None


def project_file(config: Path | None) -> Path:
    """The file that `--config` names, or the one that is found from here.

    Raises:
        UsageError: there is none.
    """
    from trunkline.config.load import find_project_file

    found = config or find_project_file(Path.cwd())
    if found is None:
        raise UsageError(
            "There is no trunkline.yaml here or in a directory above.",
            "Write one (docs/how-to/first-project.md), or name it with --config.",
        )
    return found


def service_here(config: Path | None) -> str:
    """The service of the project here; empty where there is none."""
    from trunkline.config.load import load_project

    return load_project(project_file(config), os.environ).service if has_file(config) else ""


def project_or_surroundings(config: Path | None) -> Project:
    """The project here; where there is none, what the environment says of where measurements go."""
    if has_file(config):
        read: Project = _project(config, None)
        return read
    from trunkline.config.contract import measured_project

    return measured_project(os.environ, Path.cwd())


def _project(config: Path | None, contract: Contract | None, *, without_secrets: bool = False) -> Any:
    if contract is not None and not has_file(config):
        from trunkline.config.contract import build_project, release_project

        read = build_project if contract == "build" else release_project
        return read(os.environ, Path.cwd())
    from trunkline.config.load import load_project

    return load_project(project_file(config), os.environ, without_secrets=without_secrets)
