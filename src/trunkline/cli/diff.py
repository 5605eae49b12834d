"""`trunkline diff`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style
from trunkline.domain.texts import clean
from trunkline.errors import ExitCode

if TYPE_CHECKING:
    from trunkline.app.diff import Comparison
    from trunkline.domain.differences import Change, ObjectChange

_LONGEST_VALUE = 200
_LONGEST_FILE_DIFF = 60
_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command(
    "diff", short_help="Show what a release would change, and what was changed behind Helm's back."
)
@click.argument("environment")
@click.option("--commit", default="HEAD", metavar="COMMIT", help="Another commit than the one checked out.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 when anything differs.")
@config_option
@output_option
def command(environment: str, commit: str, exit_code: bool, config: Path | None) -> None:
    """Show what `trunkline release ENVIRONMENT` would change, and what was changed behind Helm's back.

    The first is the manifest of the revision that stands against what Helm would render now; the second is that
    manifest against the live objects, with the client that changed them as Kubernetes noted it. Nothing is
    changed. Values of Secrets, and of what is named like a secret, are never shown.
    """
    from trunkline.app.diff import diff

    with session(config) as world:
        found = diff(world, environment, commit)
        redact = world.redactor
    show(redact.value(_facts(found)), lambda: redact.text(_text(found)))
    if exit_code and found.differs:
        raise click.exceptions.Exit(ExitCode.DEPLOYMENT_FAILED)


def _facts(found: Comparison) -> dict[str, Any]:
    from trunkline.cli.output import plain

    return {**plain(found), "differs": found.differs}


def _text(found: Comparison) -> str:
    style = Style(sys.stdout)
    stands = f"revision {found.revision}" if found.revision else "nothing"
    lines = [
        f"{style.strong(found.release)} in {found.environment}: {stands} stands",
        f"  commit {found.commit}",
        f"  image  {found.image}",
        *(f"  {style.warning('note')}   {clean(note)}" for note in found.notes),
        "",
        style.strong("A release would change"),
        *_section(found.planned, style),
    ]
    if found.revision:
        heading = style.strong("Changed behind Helm's back")
        lines += ["", f"{heading} since revision {found.revision}", *_section(found.drift, style)]
    return "\n".join([*lines, "", _summary(found)])


def _section(changes: tuple[ObjectChange, ...], style: Style) -> Iterator[str]:
    if not changes:
        yield f"  {style.faint('nothing')}"
    for item in changes:
        yield _coloured(item.kind, f"  {_SIGNS[item.kind]} {clean(str(item.object))}", style)
        for change in item.changes if item.kind == "changed" else ():
            yield from _lines(change, style)


def _lines(change: Change, style: Style) -> Iterator[str]:
    start = _coloured(change.kind, f"      {_SIGNS[change.kind]} {clean(change.path)}", style)
    who = f"{clean(change.by)}{f', {change.at}' if change.at else ''}" if change.by else ""
    end = f"  {style.faint(f'({who})')}" if who else ""
    before, after = change.before, change.after
    if change.hidden:
        yield f"{start}: {change.kind}, not shown{end}"
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield f"{start}:{end}"
        yield from _file_diff(before, after, style)
    elif change.kind == "changed":
        one, other = _value(before), _value(after)
        if one == other:
            # A text and a number, or a very long value.
            one, other = _value(before, exact=True), _value(after, exact=True)
        yield f"{start}: {one} -> {other}{end}"
    else:
        yield f"{start}: {_value(after if change.kind == 'added' else before)}{end}"


def _file_diff(before: str, after: str, style: Style) -> Iterator[str]:
    from difflib import unified_diff

    paint: dict[str, Callable[[str], str]] = {"+": style.good, "-": style.bad, "@": style.faint}
    lines = list(unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    for line in lines[:_LONGEST_FILE_DIFF]:
        text = clean(line)
        yield "          " + paint.get(text[:1], str)(text)
    if len(lines) > _LONGEST_FILE_DIFF:
        rest = len(lines) - _LONGEST_FILE_DIFF
        yield f"          {style.faint(f'and {rest} more lines (--output json has all)')}"
    if not lines:
        yield f"          {style.faint('only line breaks differ')}"


def _value(value: Any, *, exact: bool = False) -> str:
    if exact:
        return clean(json.dumps(value, ensure_ascii=False))
    text = clean(_flow(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _flow(value: Any) -> str:
    """The value on one line as YAML would have it; only texts that need quotes have them."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    plain = isinstance(value, str) and value and value == " ".join(value.split())
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def _coloured(kind: str, text: str, style: Style) -> str:
    return {"added": style.good, "removed": style.bad}.get(kind, style.warning)(text)


def _summary(found: Comparison) -> str:
    planned = _count(found.planned, {"added": "added", "changed": "changed", "removed": "removed"})
    drifted = _count(found.drift, {"changed": "changed", "removed": "deleted"})
    return f"A release: {planned}. Behind Helm's back: {drifted}."


def _count(changes: tuple[ObjectChange, ...], words: dict[str, str]) -> str:
    counts = {word: sum(item.kind == kind for item in changes) for kind, word in words.items()}
    said = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    return f"{len(changes)} {'object' if len(changes) == 1 else 'objects'} ({said})" if said else "nothing"
