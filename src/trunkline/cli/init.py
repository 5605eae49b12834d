"""`trunkline init`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.config.circleci.findings import Finding
    from trunkline.plan.first_project import Draft

_NAME = "trunkline.yaml"


@click.command("init", short_help="Write a first trunkline.yaml.")
@click.option(
    "--from-circleci",
    "old",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Carry over what this configuration says (default: .circleci/config.yml, where there is one).",
)
@click.option("--stdout", "printed", is_flag=True, help="Print the file, and write nothing.")
@output_option
def command(old: Path | None, printed: bool) -> None:
    """Look at the repository here, and write a trunkline.yaml that passes `trunkline check`.

    Images, releases, namespaces, buckets and contexts of a configuration of CircleCI are carried over, and what is wrong
    with it is told. Every guess is explained; what nobody could know is listed.
    """
    from trunkline.app.first_project import look
    from trunkline.bootstrap.here import branch_here
    from trunkline.config.load import read_project
    from trunkline.plan.first_project import first_project

    root = Path.cwd()
    place = root / _NAME
    if place.exists() and not printed:
        raise UsageError(f"{place} is there already.", "Look at what would be written with --stdout.")
    draft = first_project(look(root, branch_here(root, os.environ), old))
    # A draft that does not pass is a fault of ours, and is not written.
    read_project(draft.text.encode(), _NAME, root, os.environ)
    if printed:
        click.echo(draft.text, nl=False)
        return
    try:
        place.write_text(draft.text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{place} cannot be written: {error.strerror}.", "Print it with --stdout.") from None
    file, findings = _findings(root, old)
    facts = {
        "file": str(place),
        "guesses": draft.guesses,
        "todo": draft.todo,
        "circleci": [
            {"rule": item.rule, "line": item.spot.line, "what": item.what, "mend": item.mend}
            for item in findings
        ],
    }
    show(facts, lambda: _text(place, draft, file, findings))


def _findings(root: Path, old: Path | None) -> tuple[Path, tuple[Finding, ...]]:
    from trunkline.config.circleci.check import check_config

    file = old or Path(".circleci") / "config.yml"
    try:
        content = (root / file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return file, ()
    return file, check_config(content)


def _text(place: Path, draft: Draft, file: Path, findings: tuple[Finding, ...]) -> str:
    lines = [f"{place} is written, and passes `trunkline check`.", "", "What it rests on:"]
    lines += [f"  - {guess}" for guess in draft.guesses]
    if draft.todo:
        lines += ["", "What you have to correct:", *(f"  [ ] {item}" for item in draft.todo)]
    if findings:
        lines += ["", f"What is wrong with {file}:"]
        lines += [f"  {item.spot.line}: {item.what}" for item in findings]
        lines.append(
            "  With reasons and mends: trunkline ci check; and a new one: trunkline ci generate circleci"
        )
    return "\n".join(
        [*lines, "", "Next: trunkline check --online, and trunkline rehearse, which needs no cluster."]
    )
