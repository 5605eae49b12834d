"""What values a release would get, and from which layer each one comes; secrets are masked before anybody sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trunkline.app.images import repository_for
from trunkline.app.material import chart_file, gathered
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.domain.ingredients import LayerOrigin
from trunkline.domain.redaction import Redactor
from trunkline.domain.values.layering import Given, Keys, Layer, Traced, parse_keys, traced
from trunkline.domain.values.masking import shown
from trunkline.errors import Unreachable, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.plan.releases import Material, image_pins
from trunkline.ports import World

CHART = "chart"
PINS = "trunkline"


@dataclass(frozen=True, slots=True)
class Merged:
    """The values of an environment's next release.

    Attributes:
        chart: its name and version.
        layers: where the files came from, later ones win; the chart's own values lie below them, our pins above.
        values: each value with its layer, masked.
        notes: what a reader has to know besides.
    """

    environment: str
    chart: str
    layers: tuple[LayerOrigin, ...]
    values: tuple[Traced, ...]
    notes: tuple[str, ...]

    def tree(self) -> dict[str, Any]:
        """The values nested as the chart gets them."""
        root: dict[str, Any] = {}
        for item in self.values:
            place = root
            for key in item.keys[:-1]:
                place = place.setdefault(key, {})
            place[item.keys[-1]] = item.value
        return root


def merged_values(world: World, name: str, layer: str = "", key: str = "") -> Merged:
    """The values that `trunkline release` would give to Helm now, masked.

    Args:
        world: one of each port.
        name: the environment.
        layer: only what comes from this one; empty for all.
        key: only what stands there and below, with dots; empty for all.

    Raises:
        UsageError: no such environment, layer or key; a layer that Helm cannot read. Unreachable: the storage does
            not answer.
    """
    environment = find_environment(world.project, name)
    _check_layer(environment, layer)
    with gathered(world, environment) as material:
        pins, notes = _pins(world, material)
        found = _traced(world, environment, material, pins)
        notes += _subcharts(material)
        chart, layers = material.label, material.ingredients.layers
    wanted = tuple(item for item in found if layer in {"", item.layer})
    if key:
        wanted = _below(wanted, parse_keys(key), key, name)
    return Merged(name, chart, layers, tuple(_redacted(item, world.redactor) for item in wanted), notes)


def _traced(
    world: World, environment: Environment, material: Material, pins: Mapping[str, Any]
) -> tuple[Traced, ...]:
    try:
        own = chart_file(material.chart, "values.yaml")
    except UsageError:
        # A chart may have none.
        own = ""
    read = world.values.read(own, list(zip(environment.values, material.values, strict=True)), pins)
    layers = [
        Layer(CHART, read.chart),
        *(Layer(name, values) for name, values in zip(environment.values, read.layers, strict=True)),
        Layer(PINS, pins),
    ]
    try:
        found = traced(read.merged, layers)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"The values of {environment.name} cannot be shown: {error}.",
            "Flatten them, or correct the layer.",
        ) from error
    return tuple(shown(item, material.encrypted) for item in found)


def _pins(world: World, material: Material) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    commit = world.source.commit(world.project.trunk)
    image, notes = _with_digest(world, repository_for(world, material).with_tag(commit.tag))
    return image_pins(image, world.project.chart.image_keys), notes


def _with_digest(world: World, image: ImageReference) -> tuple[ImageReference, tuple[str, ...]]:
    """The image with its digest, or why that is not known: values can be looked at before anything is built."""
    try:
        digest = world.registry.digest(image, world.project.image)
    except Unreachable as error:
        return image, (f"the image's digest is not known: {error.message}",)
    if digest is None:
        return image, (f"the image {image} is not built yet; its digest is not known",)
    return image.with_digest(digest), ()


def _subcharts(material: Material) -> tuple[str, ...]:
    if "\ndependencies:" in f"\n{chart_file(material.chart, 'Chart.yaml')}":
        return ("the chart has subcharts: the defaults in their own values.yaml are not shown here",)
    return ()


def _check_layer(environment: Environment, layer: str) -> None:
    names = (CHART, *environment.values, PINS)
    if layer and layer not in names:
        raise UsageError(
            f"{environment.name} has no values layer {layer!r}.", f"Its layers are: {', '.join(names)}."
        )


def _below(found: tuple[Traced, ...], keys: Keys, key: str, name: str) -> tuple[Traced, ...]:
    wanted = tuple(item for item in found if item.keys[: len(keys)] == keys)
    if not wanted:
        raise UsageError(f"{name} has no value {key!r}.", f"Look at all of them: trunkline values {name}")
    return wanted


def _redacted(item: Traced, redactor: Redactor) -> Traced:
    below = tuple(Given(given.layer, redactor.value(given.value)) for given in item.overrode)
    return replace(item, value=redactor.value(item.value), overrode=below)
