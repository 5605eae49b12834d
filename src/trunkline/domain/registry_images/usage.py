"""Which images the objects of a release name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trunkline.domain.images import ImageReference, parse_image

_CONTAINERS = frozenset({"containers", "initContainers", "ephemeralContainers"})


def images_in(objects: Iterable[Mapping[str, Any]]) -> tuple[ImageReference, ...]:
    """The images of all containers, wherever a kind keeps its pod; what cannot be read as an image is left out."""
    found: dict[ImageReference, None] = {}
    # Without recursion: a custom resource may be nested as deeply as its author likes.
    open_ones: list[Any] = list(objects)
    while open_ones:
        item = open_ones.pop()
        if isinstance(item, Mapping):
            for key, value in item.items():
                if key in _CONTAINERS and isinstance(value, list):
                    found.update(dict.fromkeys(_images(value)))
                open_ones.append(value)
        elif isinstance(item, list):
            open_ones.extend(item)
    return tuple(found)


def _images(containers: list[Any]) -> Iterable[ImageReference]:
    for container in containers:
        text = container.get("image") if isinstance(container, Mapping) else None
        if isinstance(text, str):
            try:
                yield parse_image(text)
            except ValueError:
                continue
