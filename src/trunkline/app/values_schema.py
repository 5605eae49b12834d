"""Values that do not fit the chart's `values.schema.json`: told with the layer, the line and the column where they stand.

Helm checks them as well before it does anything, but it names no file. A release leaves it to Helm, and looks for the
places only when it was refused; everything else asks beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trunkline.app.images import repository_for
from trunkline.app.material import holds_file
from trunkline.config.mistakes import Spot
from trunkline.config.project import Environment
from trunkline.config.yaml_positions import Mapping as MappingNode
from trunkline.config.yaml_positions import Node, parse
from trunkline.config.yaml_positions import Sequence as SequenceNode
from trunkline.domain.disclosure import named_secret
from trunkline.domain.images import ImageReference
from trunkline.domain.values.layering import spelled
from trunkline.domain.values.violations import Keys, Violation, read_violations
from trunkline.errors import ConfigurationError
from trunkline.expressions import expression
from trunkline.plan.releases import Material, image_pins
from trunkline.ports import World

_SCHEMA = "values.schema.json"
# A value that Helm repeats at the beginning of its complaint.
_QUOTED = expression(r"^'[^']*'")
# A digest of the right form for what is not built yet.
_ANY = f"sha256:{'0' * 64}"


def check_values(
    world: World, environment: Environment, material: Material, image: ImageReference | None = None
) -> None:
    """Refuse values that the chart's schema, or one of its subcharts', does not allow; Helm judges.

    Args:
        world: one of each port.
        environment: whose layers they are.
        material: the chart and the layers.
        image: what is to be deployed; something of the same form when that is not known yet.

    Raises:
        ConfigurationError: they do not fit; every violation is listed, with its place.
    """
    if not holds_file(material.chart, _SCHEMA):
        return
    image = image or repository_for(world, material).with_tag("0000000").with_digest(_ANY)
    pins = image_pins(image, world.project.chart.image_keys)
    said = world.values.complaints(material.chart, material.values, pins)
    found = read_violations(said, material.ingredients.chart.name)
    if found:
        files = tuple(zip(environment.values, material.values, strict=True))
        if material.encrypted:
            # Whose value a complaint repeats cannot be told for certain.
            found = tuple(replace(item, said=_QUOTED.sub("the value", item.said)) for item in found)
        raise ConfigurationError(
            f"The values of {environment.name} do not fit the schema of the chart {material.label}.",
            tuple(world.redactor.text(_told(violation, files, pins)) for violation in found),
            f"Correct the values layers; trunkline values {environment.name} shows what they come to.",
        )


def _told(violation: Violation, files: Sequence[tuple[str, Path]], pins: Mapping[str, Any]) -> str:
    keys, said = violation.keys, violation.said
    if any(named_secret(key) for key in keys):
        said = _QUOTED.sub("the value", said)
    name, spot = _place(keys, files)
    key = spelled(keys) or "the values"
    if _stands(pins, keys):
        return f"trunkline's own pins: {key}: {said}; chart.image_keys says where they go"
    if spot is None:
        return f"{', '.join(name for name, _ in files) or 'no layer'}: {key}: {said}"
    return f"{name}:{spot.line}:{spot.column}: {key}: {said}"


def _place(keys: Keys, files: Sequence[tuple[str, Path]]) -> tuple[str, Spot | None]:
    """Where the value stands: in the topmost layer that has it, or the nearest thing around it."""
    trees = [(name, _tree(path)) for name, path in reversed(files)]
    for length in range(len(keys), 0, -1):
        for name, tree in trees:
            spot = _find(tree, keys[:length])
            if spot is not None:
                return name, spot
    return "", None


def _tree(path: Path) -> Node | None:
    # What cannot be read with places is told without them: Helm has read it.
    return parse(path.read_text(encoding="utf-8", errors="replace")).root


def _find(node: Node | None, keys: Keys) -> Spot | None:
    spot = None
    for key in keys:
        if isinstance(node, MappingNode) and key in node.entries:
            node = node.entries[key].value
        elif isinstance(node, SequenceNode) and key.isdigit() and int(key) < len(node.items):
            node = node.items[int(key)]
        else:
            return None
        spot = node.spot
    return spot


def _stands(values: Any, keys: Keys) -> bool:
    for key in keys:
        if not isinstance(values, Mapping) or key not in values:
            return False
        values = values[key]
    return bool(keys) and not isinstance(values, Mapping)
