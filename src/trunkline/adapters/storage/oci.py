"""Charts in an OCI registry, as `helm push` leaves them there: a manifest whose one content layer is the archive.

Media types and the spelling of versions as tags (`+` becomes `_`) are Helm's: helm.sh/docs/topics/registries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from trunkline.adapters.storage.cache import ChartCache
from trunkline.adapters.storage.choice import choose, some, wanted_range
from trunkline.adapters.storage.places import LARGEST
from trunkline.adapters.storage.verification import Found, verify
from trunkline.config.project import ChartSettings, ImageSettings
from trunkline.dataclass import dataclass
from trunkline.domain.charts.ranges import is_exact
from trunkline.domain.images import ImageReference, is_digest, parse_image
from trunkline.errors import UsageError
from trunkline.ports import Artifacts
from trunkline.ports.sources import File

SCHEME = "oci://"
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
# The second one is what Helm wrote before 3.8.
_CONTENT = (
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
    "application/tar+gzip",
)
_PROVENANCE = "application/vnd.cncf.helm.chart.provenance.v1.prov"
_LARGEST_PROVENANCE = 1024 * 1024

Write = Callable[[str, bytes], Path]


@dataclass(frozen=True, slots=True)
class _Layers:
    """Digests of what a chart's manifest names; `provenance` may be empty."""

    content: str
    provenance: str = ""


class OciCharts:
    """The charts below one address `oci://registry/path`."""

    def __init__(self, artifacts: Artifacts, cache: ChartCache, chart: ChartSettings) -> None:
        self._artifacts = artifacts
        self._cache = cache
        self._chart = chart
        self._repository = _repository(chart)
        self._login = ImageSettings(self._repository, username=chart.username, password=chart.password)

    def find(self, write: Write) -> Found:
        """The chart's archive, written by `write(name, content)`.

        Raises:
            UsageError: no such chart or version, or the address is none.
            Unreachable: the registry does not answer, refuses us, or gives something else.
        """
        version, image = self._wanted()
        layers = self._layers(image)
        address = f"{SCHEME}{image.repository}:{image.tag}"
        digest = layers.content.removeprefix("sha256:")
        content = self._cache.content(digest)
        if content is None:
            content = self._artifacts.blob(image, layers.content, LARGEST, self._login)
            self._cache.keep(content)
        verify(File(content), self._chart.name, version, digest, address)

        def provenance() -> bytes | None:
            signed = layers.provenance
            return self._artifacts.blob(image, signed, _LARGEST_PROVENANCE, self._login) if signed else None

        return Found(write(f"{self._chart.name}-{version}.tgz", content), address, provenance)

    def _wanted(self) -> tuple[str, ImageReference]:
        """The version that is wanted, and its image."""
        version = self._chart.version
        wanted = wanted_range(version)
        if not is_exact(version):
            address = f"{SCHEME}{self._repository.repository}"
            version = choose(self._versions(), wanted, self._chart.name, address)
        return version, self._repository.with_tag(_tag(version))

    def _versions(self) -> list[str]:
        return [tag.replace("_", "+") for tag in self._artifacts.tags(self._repository, self._login)]

    def _layers(self, image: ImageReference) -> _Layers:
        address = f"{SCHEME}{image.repository}:{image.tag}"
        manifest = self._artifacts.manifest(image, self._login)
        if manifest is None:
            known = some(self._versions())
            raise UsageError(
                f"There is no {address}.",
                f"There are {known}."
                if known
                else "Correct chart.name or chart.repository, or push the chart.",
            )
        content = json.loads(manifest.content)
        if _media_type(content.get("config")) != _CONFIG:
            raise UsageError(
                f"{address} is no Helm chart but another thing in the registry ({manifest.media_type}).",
                "Correct chart.repository and chart.name: an image of the same name?",
            )
        listed = content.get("layers")
        layers = {
            _media_type(item): item["digest"]
            for item in (listed if isinstance(listed, list) else ())
            if isinstance(item, dict) and isinstance(item.get("digest"), str) and is_digest(item["digest"])
        }
        archive = next((layers[kind] for kind in _CONTENT if kind in layers), "")
        if not archive:
            raise UsageError(f"{address} holds no chart's archive.", "Push the chart again: helm push.")
        return _Layers(archive, layers.get(_PROVENANCE, ""))


def _media_type(descriptor: Any) -> str:
    said = descriptor.get("mediaType") if isinstance(descriptor, Mapping) else None
    return said if isinstance(said, str) else ""


def _tag(version: str) -> str:
    return version.replace("+", "_")


def _repository(chart: ChartSettings) -> ImageReference:
    address = f"{chart.repository.removeprefix(SCHEME).rstrip('/')}/{chart.name}"
    try:
        image = parse_image(address)
    except ValueError as error:
        raise _no_address(address, str(error)) from None
    if image.tag or image.digest:
        raise _no_address(address, "it has a tag or a digest")
    if not address.startswith(f"{image.registry}/"):
        raise _no_address(address, "it names no registry")
    return image


def _no_address(address: str, why: str) -> UsageError:
    return UsageError(
        f"{SCHEME}{address} is no address of a chart: {why}.",
        "Write chart.repository as oci://registry.example.com/charts, without the chart's name.",
    )
