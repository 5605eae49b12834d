"""`trunkline values`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, session
from trunkline.cli.style import Style
from trunkline.domain.texts import clean
from trunkline.domain.values.layering import spelled

if TYPE_CHECKING:
    from trunkline.app.values import Merged
    from trunkline.domain.values.layering import Traced

_LONGEST_VALUE = 80


@click.command(
    "values", short_help="Show the merged values of a release, and which layer each one comes from."
)
@click.argument("environment")
@click.argument("key", default="")
@click.option("--layer", default="", metavar="NAME", help="Only what comes from this layer.")
@click.option("--all", "everything", is_flag=True, help="Show also what each value overrode.")
@config_option
@output_option
def command(environment: str, key: str, layer: str, everything: bool, config: Path | None) -> None:
    """Show the values that `trunkline release ENVIRONMENT` would give to Helm now, as Helm merges them.

    Each value has its layer beside it: `chart` for the chart's own values.yaml, a file of `values:`, or `trunkline`
    for the image that we pin. With KEY, such as `image.tag`, only what stands there. Values of encrypted layers, and
    of what is named like a secret, are never shown.
    """
    from trunkline.app.values import merged_values

    with session(config) as world:
        found = merged_values(world, environment, layer, key)
    show(_facts(found), lambda: _text(found, everything=everything))


def _facts(found: Merged) -> dict[str, Any]:
    origins = [
        {"key": spelled(item.keys), "value": item.value, "layer": item.layer, "overrode": item.overrode}
        for item in found.values
    ]
    return {
        "environment": found.environment,
        "chart": found.chart,
        "layers": found.layers,
        "values": found.tree(),
        "origins": origins,
        "notes": found.notes,
    }


def _text(found: Merged, *, everything: bool) -> str:
    style = Style(sys.stdout)
    rows = [row for item in found.values for row in _rows(item, style, everything=everything)]
    notes = [f"{style.warning('note')} {clean(note)}" for note in found.notes]
    text = table(("KEY", "VALUE", "LAYER"), rows) if rows else "No value comes from there."
    return "\n".join([*notes, text])


def _rows(item: Traced, style: Style, *, everything: bool) -> Iterator[tuple[str, str, str]]:
    yield clean(spelled(item.keys)), _value(item.value), clean(item.layer)
    for given in reversed(item.overrode) if everything else ():
        yield style.faint("  overrode"), style.faint(_value(given.value)), style.faint(clean(given.layer))


def _value(value: Any) -> str:
    text = clean(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."
