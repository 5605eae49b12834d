"""A registry in memory and a builder that pushes to it; they pass the contract tests of the real ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.errors import DeploymentFailed, Refused, Unreachable
from trunkline.ports import OnLine


@dataclass
class FakeRegistry:
    """Implements the port `Registry`.

    Attributes:
        digests: what each `repository:tag` stands for.
        images: the labels of each digest.
        passwords: who may come in; empty lets everybody in.
        trouble: a sentence to be unreachable with.
        indexes: what an index holds, by its digest: digests by platform.
        asked: every image that was asked about, in order.
    """

    digests: dict[str, str] = field(default_factory=dict)
    images: dict[str, dict[str, str]] = field(default_factory=dict)
    passwords: dict[str, str] = field(default_factory=dict)
    trouble: str = ""
    asked: list[str] = field(default_factory=list)
    indexes: dict[str, dict[str, str]] = field(default_factory=dict)

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        self.asked.append(str(image))
        self.admit(image, settings)
        if image.tag:
            return self.digests.get(f"{image.repository}:{image.tag}")
        return image.digest if image.digest in self.images else None

    def platforms(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        self.admit(image, settings)
        return self.indexes.get(image.digest or "", {})

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        self.admit(image, settings)
        return f"{image.registry} answers."

    def labels(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        digest = image.digest or self.digest(image, settings)
        self.admit(image, settings)
        if digest not in self.images:
            raise Unreachable(f"{image.registry} has no {image}.")
        return self.images[digest]

    def put(self, image: ImageReference, labels: Mapping[str, str]) -> str:
        """Store an image, and tell its digest, which depends on its labels alone."""
        text = json.dumps(dict(labels), sort_keys=True)
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        self.images[digest] = dict(labels)
        self.digests[f"{image.repository}:{image.tag}"] = digest
        return digest

    def admit(self, image: ImageReference, settings: ImageSettings) -> None:
        if self.trouble:
            raise Unreachable(self.trouble)
        if self.passwords and self.passwords.get(settings.username) != settings.password:
            raise Refused(
                f"{image.registry} refuses {image.repository} to {settings.username or 'strangers'}."
            )


@dataclass
class FakeBuilder:
    """Implements the port `ImageBuilder`; what it pushes is in `registry`.

    Attributes:
        failure: the last line of a build that fails; empty builds.
        built: every image that was built, in order, with its settings.
    """

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    failure: str = ""
    name: str = "fake"
    built: list[tuple[ImageReference, ImageSettings]] = field(default_factory=list)
    pushed: list[ImageReference] = field(default_factory=list)
    _labels: dict[str, dict[str, str]] = field(default_factory=dict)

    def build(
        self,
        image: ImageReference,
        settings: ImageSettings,
        root: Path,
        labels: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        if settings.username:
            self.registry.admit(image, settings)
        on_line(f"building {image}")
        if self.failure:
            on_line(self.failure)
            raise DeploymentFailed(f"fake could not build {image}; its last lines:\n  {self.failure}")
        self.built.append((image, settings))
        self._labels[f"{image.repository}:{image.tag}"] = dict(labels)

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        self.registry.admit(image, settings)
        on_line(f"pushing {image}")
        self.pushed.append(image)
        return self.registry.put(image, self._labels[f"{image.repository}:{image.tag}"])
