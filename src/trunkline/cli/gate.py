"""`trunkline gate`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from trunkline.cli.output import output_option, show, table, wants_json
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from trunkline.app.gate import Gated
    from trunkline.domain.images import ImageReference

_WRITTEN = click.Path(dir_okay=False, path_type=Path)


@click.command("gate", short_help="Have an image judged by its vulnerabilities.")
@click.argument("image", required=False)
@config_option
@output_option
@click.option("--environment", default="", help="Look again at what runs there, with what is known today.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    help="Read a report of Grype, Trivy or OSV-Scanner instead of asking the configured scanner (repeatable).",
)
@click.option("--sarif", type=_WRITTEN, help="Write the findings to this file as SARIF 2.1.0.")
@click.option("--markdown", type=_WRITTEN, help="Write the findings to this file as Markdown.")
@click.option("--all", "everything", is_flag=True, help="Show findings that do not count, too.")
def command(
    image: str | None,
    config: Path | None,
    environment: str,
    reports: tuple[str, ...],
    sarif: Path | None,
    markdown: Path | None,
    everything: bool,
) -> None:
    """Wait for the scan of an image and judge it by the project's policy (`gate` in trunkline.yaml).

    IMAGE is that of the commit which is checked out, when it is left out. The word is kept in the ledger: an
    environment with `gate_max_age` takes no image without it.
    """
    from trunkline.app.gate import gate, shown

    if image and environment:
        raise UsageError("What to look at: IMAGE, or what --environment runs?", "Name one of the two.")
    told: list[Gated] = []

    def on_judged(gated: Gated) -> None:
        told.append(gated)
        _write(gated, sarif, markdown)
        # A refusal ends as an error, whose JSON has the same facts.
        if not wants_json():
            click.echo(_text(gated, everything=everything))

    with session(config) as world:
        gated = gate(world, _parsed(image), environment, reports=reports, on_judged=on_judged)
    if wants_json():
        show(shown(gated), str)


def _parsed(image: str | None) -> ImageReference | None:
    from trunkline.domain.images import parse_image

    if not image:
        return None
    try:
        return parse_image(image)
    except ValueError as error:
        raise UsageError(f"{error}.", "Write it as registry/path:tag or registry/path@sha256:…") from error


def _write(gated: Gated, sarif: Path | None, markdown: Path | None) -> None:
    from trunkline.domain.vulnerabilities.markdown import markdown_of
    from trunkline.domain.vulnerabilities.sarif import sarif_of

    for path, text in ((sarif, sarif_of), (markdown, markdown_of)):
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text(gated.judgement, str(gated.image)), encoding="utf-8")
            except OSError as error:
                raise UsageError(
                    f"{path} cannot be written: {error.strerror}.", "Name another file."
                ) from error


def _text(gated: Gated, *, everything: bool) -> str:
    from trunkline.domain.vulnerabilities.outcomes import Outcome, Standing
    from trunkline.domain.vulnerabilities.table import HEADINGS, cells

    style, judgement = Style(sys.stdout), gated.judgement
    shown = (
        judgement.rows if everything else judgement.standing(Standing.GATES, Standing.WARNS, Standing.EXEMPT)
    )
    colours = {Standing.GATES: style.bad, Standing.WARNS: style.warning}
    lines = []
    if shown:
        rows = [[colours.get(row.standing, str)(cell) for cell in cells(row)] for row in shown]
        lines += [table(HEADINGS, rows), ""]
    hidden = len(judgement.rows) - len(shown)
    lines += [style.faint(f"{hidden} more do not count (--all shows them)")] if hidden else []
    lines += [f"{style.warning('note:')} {note.sentence}" for note in judgement.notes]
    word = {Outcome.PASSED: style.good, Outcome.WARNED: style.warning, Outcome.REFUSED: style.bad}
    lines.append(f"{word[judgement.outcome](judgement.outcome.value)}: {judgement.summary}")
    return "\n".join(lines)
