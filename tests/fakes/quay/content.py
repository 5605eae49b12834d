"""What a repository holds: blobs, manifests, and tags with their history, expiry and immutability."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
IMAGES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AFTER = re.compile(r"(\d+)([smhdw])")


class Immutable(Exception):
    """The tag may not be changed."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Bytes, and what they are."""

    body: bytes
    kind: str

    @property
    def digest(self) -> str:
        return digest_of(self.body)

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.body)
        return content


@dataclass
class Tag:
    """A tag from `start` until `end`, in seconds; alive while that is not over."""

    name: str
    digest: str
    start: int
    end: int | None = None
    immutable: bool = False
    reversion: bool = False

    def is_alive(self, now: float) -> bool:
        return self.end is None or self.end > now


@dataclass
class Repository:
    """One repository."""

    public: bool = False
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    history: list[Tag] = field(default_factory=list)

    def tag(self, name: str, now: float) -> Tag | None:
        """The tag of that name that is alive."""
        return next((tag for tag in reversed(self.history) if tag.name == name and tag.is_alive(now)), None)

    def alive(self, now: float) -> list[Tag]:
        return [tag for tag in self.history if tag.is_alive(now)]

    def find(self, reference: str, now: float) -> Manifest | None:
        """By digest or by tag."""
        tag = self.tag(reference, now)
        return self.manifests.get(tag.digest if tag is not None else reference)

    def point(self, name: str, manifest: Manifest, now: float, *, reversion: bool = False) -> None:
        """Let a tag stand for a manifest.

        Raises:
            Immutable: it stands for one, be it this very one, and may not be pushed again.
        """
        standing = self.tag(name, now)
        if standing is not None and standing.immutable:
            raise Immutable(name)
        if standing is not None:
            standing.end = int(now)
        labels = self.labels(manifest)
        self.history.append(
            Tag(
                name,
                manifest.digest,
                int(now),
                _expiry(labels, now),
                labels.get("quay.immutable") == "true",
                reversion,
            )
        )

    def missing(self, manifest: Manifest) -> list[str]:
        """The digests that a manifest names and that were never pushed."""
        content = manifest.content
        if manifest.kind in INDEXES:
            return [one["digest"] for one in content["manifests"] if one["digest"] not in self.manifests]
        named = [content["config"], *content["layers"]]
        return [one["digest"] for one in named if one["digest"] not in self.blobs]

    def labels(self, manifest: Manifest) -> Mapping[str, str]:
        """Those of an image's configuration."""
        configured = manifest.content.get("config", {})
        content = json.loads(self.blobs.get(configured.get("digest", ""), b"{}"))
        return content.get("config", {}).get("Labels") or {}

    def platforms(self, index: Manifest) -> Iterator[tuple[str, str]]:
        """The platforms of an index with their digests; attestations have none that anybody runs."""
        for entry in index.content["manifests"]:
            platform = entry.get("platform", {})
            yield f"{platform.get('os', '')}/{platform.get('architecture', '')}", entry["digest"]


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _expiry(labels: Mapping[str, str], now: float) -> int | None:
    found = _AFTER.fullmatch(labels.get("quay.expires-after", ""))
    return int(now) + int(found[1]) * _UNITS_S[found[2]] if found else None
