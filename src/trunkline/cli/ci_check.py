"""`trunkline ci check`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import outputs, wanted, write_json
from trunkline.cli.session import config_option, has_file, project_file
from trunkline.cli.style import Style
from trunkline.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from trunkline.config.circleci.findings import Finding

_PLACE = Path(".circleci/config.yml")
_LARGEST = 8 * 1024 * 1024


@click.command("check", short_help="Check a configuration of CircleCI: its schema, and what it means.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@config_option
@outputs("text", "json", "sarif")
def command(file: Path | None, strict: bool, config: Path | None) -> None:
    """Check FILE (.circleci/config.yml beside trunkline.yaml, or here): any configuration of CircleCI.

    Says what CircleCI would refuse, and what it takes and should not: approvals that gate nothing, deployments that any
    branch reaches, secrets in sight. A file that `trunkline ci generate` made is compared with trunkline.yaml, too.
    Exit code 2 where something is an error.
    """
    from trunkline.config.circleci.check import check_config
    from trunkline.config.circleci.findings import Severity

    place = file or _found(config)
    content = _read(place)
    found = [*check_config(content), *_drift(content, config)]
    match wanted():
        case "json":
            write_json({"file": str(place), "findings": [_facts(item) for item in found]})
        case "sarif":
            from trunkline.cli.ci_sarif import sarif_log

            write_json(sarif_log(str(place), found))
        case _:
            click.echo(_text(place, found))
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(item.severity in bad for item in found):
        raise click.exceptions.Exit(ExitCode.USAGE)


def _found(config: Path | None) -> Path:
    if has_file(config):
        return project_file(config).parent / _PLACE
    return _PLACE


def _read(place: Path) -> str:
    try:
        with place.open("rb") as opened:
            raw = opened.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"{place} cannot be read: {error.strerror}.",
            "Name a file, or make one: trunkline ci generate circleci",
        ) from None
    if len(raw) > _LARGEST:
        raise UsageError(
            f"{place} has more than 8 MB.", "CircleCI takes no larger configuration: make it smaller."
        )
    return raw.decode("utf-8", "replace")


def _drift(content: str, config: Path | None) -> list[Finding]:
    from trunkline.app.ci_generate import drift, is_generated

    if not is_generated(content) or not has_file(config):
        return []
    from trunkline.config.circleci.findings import Finding
    from trunkline.config.load import load_project
    from trunkline.config.mistakes import Spot

    found = drift(load_project(project_file(config), os.environ, without_secrets=True), content)
    return [] if found is None else [Finding("drift", Spot(found.line, 1), found.why, found.mend)]


def _facts(item: Finding) -> dict[str, object]:
    return {
        "rule": item.rule,
        "severity": item.severity,
        "line": item.spot.line,
        "column": item.spot.column,
        "what": item.what,
        "why": item.why,
        "mend": item.mend,
    }


def _text(place: Path, found: list[Finding]) -> str:
    from trunkline.config.circleci.findings import Severity

    style = Style(sys.stdout)
    shades: dict[Severity, Callable[[str], str]] = {
        Severity.ERROR: style.bad,
        Severity.WARNING: style.warning,
        Severity.NOTE: str,
    }
    lines = []
    for item in found:
        severity = shades[item.severity](item.severity.value)
        lines += [
            f"{place}:{item.spot.line}:{item.spot.column}: {severity} {item.rule}: {item.what}",
            f"    why: {item.why}",
            f"    mend: {item.mend}",
        ]
    counts = {severity: sum(item.severity is severity for item in found) for severity in Severity}
    told = ", ".join(
        f"{count} {severity}{'s' if count != 1 else ''}" for severity, count in counts.items() if count
    )
    return "\n".join([*lines, f"{place}: {told or 'nothing is wrong'}"])
