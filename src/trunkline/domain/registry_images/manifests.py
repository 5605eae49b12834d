"""Reads manifests, indexes and configurations of images, as registries keep them.

The formats are those of the OCI image specification 1.1 (manifest, image index, configuration) and of Docker's schema 2.
Whatever is missing or of another type is left out: a registry may hold anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.images import is_digest
from trunkline.domain.texts import one_line

_LONGEST = 300
# BuildKit files provenance and SBOMs as manifests beside the image's own.
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")


@dataclass(frozen=True, slots=True)
class Blob:
    """Something that a manifest names: its digest, its size in bytes, its media type."""

    digest: str
    size: int = 0
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class ManifestFacts:
    """What a manifest says.

    Attributes:
        config: the image's configuration; None of an index.
        layers: lowest first; of an artifact, its content.
        children: of an index, digests by platform (`linux/arm64`), attestations left out.
        attestations: of an index, digests of what BuildKit filed beside the images.
        subject: the digest of what this is attached to, or empty.
        kind: the artifact's type, or empty for an image.
    """

    config: Blob | None = None
    layers: tuple[Blob, ...] = ()
    children: Mapping[str, str] = field(default_factory=dict)
    attestations: tuple[str, ...] = ()
    subject: str = ""
    kind: str = ""

    @property
    def size(self) -> int:
        """Bytes of all that it names itself."""
        return sum(blob.size for blob in (*self.layers, *([self.config] if self.config else [])))


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What an image's configuration says; `history` has the steps that made it, lowest first."""

    created: datetime | None = None
    platform: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    history: tuple[str, ...] = ()


def read_manifest(content: bytes) -> ManifestFacts:
    """Read a manifest or an index.

    Raises:
        ValueError: it is no JSON object.
    """
    data = _object(content)
    children: dict[str, str] = {}
    attestations = []
    for entry in _objects(data.get("manifests")):
        blob = _blob(entry)
        if blob is None:
            continue
        annotations = entry.get("annotations")
        if isinstance(annotations, dict) and annotations.get(_ATTESTATION[0]) == _ATTESTATION[1]:
            attestations.append(blob.digest)
        else:
            platform = _platform(entry.get("platform")) or blob.digest
            # Two images for one platform are two images: none may go unseen.
            children[platform if platform not in children else f"{platform} {blob.digest}"] = blob.digest
    config, subject, kind = _blob(data.get("config")), _blob(data.get("subject")), data.get("artifactType")
    if not isinstance(kind, str) or not kind:
        kind = config.media_type if config and subject else ""
    return ManifestFacts(
        config=config,
        layers=tuple(blob for item in _objects(data.get("layers")) if (blob := _blob(item))),
        children=children,
        attestations=tuple(attestations),
        subject=subject.digest if subject else "",
        kind=one_line(kind, _LONGEST),
    )


def read_config(content: bytes) -> ConfigFacts:
    """Read an image's configuration.

    Raises:
        ValueError: it is no JSON object.
    """
    data = _object(content)
    inner = data.get("config")
    labels = inner.get("Labels") if isinstance(inner, dict) else None
    steps = (item.get("created_by") for item in _objects(data.get("history")))
    return ConfigFacts(
        created=_moment(data.get("created")),
        platform=_platform(data),
        labels={str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {},
        history=tuple(one_line(step, _LONGEST) for step in steps if isinstance(step, str)),
    )


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(data, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - a mistake in what was read, not in the call
    return data


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())


def _blob(value: Any) -> Blob | None:
    if (
        not isinstance(value, dict)
        or not isinstance(value.get("digest"), str)
        or not is_digest(value["digest"])
    ):
        return None
    size, kind = value.get("size"), value.get("mediaType")
    counted = size if isinstance(size, int) and not isinstance(size, bool) and size > 0 else 0
    return Blob(value["digest"], counted, kind if isinstance(kind, str) else "")


def _platform(value: Any) -> str:
    """Such as `linux/arm64/v8`."""
    parts = [value.get(key) for key in ("os", "architecture", "variant")] if isinstance(value, dict) else []
    return one_line("/".join(part for part in parts if isinstance(part, str) and part), 80)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        # Go writes nanoseconds, which Python does not read before 3.11 and cuts since.
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
