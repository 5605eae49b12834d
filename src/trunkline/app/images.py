"""Which image a commit is, and whether the registry has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.app.material import chart_file
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference, parse_image
from trunkline.errors import UsageError
from trunkline.plan.releases import Material
from trunkline.ports import World


def image_of(world: World, commit: Commit, repository: ImageReference) -> ImageReference:
    """The commit's image, pinned by the digest that the registry has for it.

    Raises:
        UsageError: it was never built. Unreachable: the registry does not answer.
    """
    image = repository.with_tag(commit.tag)
    digest = world.registry.digest(image, world.project.image)
    if digest is None:
        raise UsageError(
            f"There is no image {image} in the registry: commit {commit.short} was never built.",
            "Run `trunkline build` first.",
        )
    return image.with_digest(digest)


def repository_for(world: World, material: Material) -> ImageReference:
    """The image's repository, as the configuration or else the values name it.

    Raises:
        UsageError: neither does.
    """
    configured = world.project.image.repository
    found = configured or repository_in_values(material, world.project.chart.image_keys.repository)
    if found is None:
        raise UsageError(
            "Neither IMAGE_NAME nor the values name the image's repository.",
            "Set IMAGE_NAME, or `image.repository` in a values layer.",
        )
    return found


def repository_in_values(material: Material, key: str) -> ImageReference | None:
    """The image's repository as the layers, or the chart's own values, name it; None where nobody does.

    The article's scripts knew the tag only; the repository was in the values all along.
    """
    import yaml  # noqa: PLC0415 - only the environment-variable contract comes here

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for text in _texts(material):
        try:
            found = _look_up(yaml.load(text, Loader=loader), key)  # noqa: S506 - both loaders are safe ones
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise UsageError(f"A values layer is not YAML: {error}.", "Correct the file.") from error
        if found:
            try:
                return parse_image(found)
            except ValueError as error:
                raise UsageError(
                    f"{key} in the values is no image: {error}.", "Correct the values."
                ) from error
    return None


def _texts(material: Material) -> Iterator[bytes | str]:
    """The layers, the one that wins first, and the chart's own values after them."""
    for path in reversed(material.values):
        yield path.read_bytes()
    yield chart_file(material.chart, "values.yaml")


def _look_up(values: Any, key: str) -> str:
    for part in key.split("."):
        if not isinstance(values, Mapping):
            return ""
        values = values.get(part)
    return values if isinstance(values, str) else ""
