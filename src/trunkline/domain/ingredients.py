"""What goes into a release besides the image: the chart and the values layers, known by the digests of their bytes.

An environment that follows another one takes the very same ingredients, and a person can read years later what a
deployment was made of. They are noted beside a good revision and in the ledger, as one line of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ChartOrigin:
    """A chart as it was fetched.

    Attributes:
        name: as `Chart.yaml` has it.
        version: the exact one.
        digest: sha256 of the archive, or of a folder's names and contents; 64 hexadecimal digits.
        address: where it came from, for people; a folder of the project is `path:<folder>`.
        commit: of the git repository that it came from, or empty.
    """

    name: str
    version: str
    digest: str
    address: str = ""
    commit: str = ""

    def __str__(self) -> str:
        return f"{self.name}-{self.version}"


@dataclass(frozen=True, slots=True)
class LayerOrigin:
    """A values layer as it was fetched, still encrypted if it was.

    Attributes:
        name: as the environment's configuration has it.
        digest: sha256 of its bytes, 64 hexadecimal digits.
        address: where it came from, for people.
        version: what brings the same bytes back from there (S3's version id, a git commit), or empty.
    """

    name: str
    digest: str
    address: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Ingredients:
    """A chart and the layers on it, later ones win."""

    chart: ChartOrigin
    layers: tuple[LayerOrigin, ...] = ()

    def layer(self, name: str) -> LayerOrigin | None:
        """The layer of that name."""
        return next((item for item in self.layers if item.name == name), None)

    def dump(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))


def parse_ingredients(text: str) -> Ingredients | None:
    """What `Ingredients.dump` wrote; None for anything else, since others may write where it is kept."""
    try:
        content = json.loads(text)
        chart = ChartOrigin(**_texts(content["chart"]))
        return Ingredients(chart, tuple(LayerOrigin(**_texts(item)) for item in content["layers"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _texts(content: Mapping[str, Any]) -> dict[str, str]:
    if not all(isinstance(value, str) for value in content.values()):
        raise ValueError("not all of it are texts")
    return dict(content)
