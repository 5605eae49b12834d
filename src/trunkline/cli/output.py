"""What a command prints on standard output: JSON for programs, aligned tables for people."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import click

_wanted = "text"


def output_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--output text|json`; JSON goes to standard output, progress always to standard error."""
    return outputs("text", "json")(command)


def outputs(*forms: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`--output` with forms of a command's own; the first is the one for people."""
    return click.option(
        "--output",
        type=click.Choice(forms),
        default=forms[0],
        expose_value=False,
        callback=_remember,
        is_eager=True,
        help="How to print the result.",
    )


def wanted() -> str:
    """The form that the caller asked for."""
    return _wanted


def wants_json() -> bool:
    """Whether the caller asked for JSON."""
    return _wanted == "json"


def show(facts: Any, as_text: Callable[[], str]) -> None:
    """Print facts: as JSON, or as `as_text` spells them."""
    if wants_json():
        write_json(facts)
    else:
        click.echo(as_text())


def write_json(facts: Any) -> None:
    """Print facts as JSON; dataclasses become objects, times RFC 3339."""
    click.echo(json.dumps(plain(facts), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """The same value in what JSON knows."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value) if isinstance(value, Path) else value


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell, two spaces between them."""
    lines = [tuple(headings), *map(tuple, rows)]
    widths = [max(len(_visible(line[column])) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(
            cell + " " * (width - len(_visible(cell))) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _visible(text: str) -> str:
    return click.unstyle(text)


def _remember(_context: click.Context, _option: click.Parameter, value: str) -> str:
    global _wanted  # noqa: PLW0603 - errors need it after click's context is gone
    _wanted = value
    return value
