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
from trunkline.ports import Document, Manifest, OnLine
from trunkline.ports.images import RegistryState


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
class FakeArtifacts:
    """Implements the port `Artifacts`; what a `FakeRegistry` has is in it as well, as images without layers.

    Attributes:
        registry: whose tags and labels it shows.
        manifests: manifests by digest, besides those of the registry's images.
        blobs: contents by digest.
        attached: what is attached to a digest: kinds by digest.
        created: when the images of the registry were built, by digest.
        refuses_to_delete: as a registry does by default.
    """

    registry: FakeRegistry
    manifests: dict[str, Manifest] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    attached: dict[str, dict[str, str]] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    refuses_to_delete: bool = False

    def tags(self, repository: ImageReference, settings: ImageSettings) -> tuple[str, ...]:
        self.registry.admit(repository, settings)
        begin = f"{repository.repository}:"
        return tuple(
            sorted(key.removeprefix(begin) for key in self.registry.digests if key.startswith(begin))
        )

    def manifest(self, image: ImageReference, settings: ImageSettings) -> Manifest | None:
        self.registry.admit(image, settings)
        digest = image.digest or self.registry.digests.get(f"{image.repository}:{image.tag}", "")
        if digest in self.registry.images:
            return self._of(digest)
        return self.manifests.get(digest)

    def blob(self, image: ImageReference, digest: str, largest: int, settings: ImageSettings) -> bytes:
        self.registry.admit(image, settings)
        content = self.blobs.get(digest)
        if content is None or len(content) > largest:
            raise Unreachable(f"{image.registry} has no blob {digest}.")
        return content

    def referrers(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        self.registry.admit(image, settings)
        return self.attached.get(image.digest or "", {})

    def attach(self, image: ImageReference, document: Document, settings: ImageSettings) -> str:
        self.registry.admit(image, settings)
        digest = f"sha256:{hashlib.sha256(document.content).hexdigest()}"
        self.attached.setdefault(image.digest or "", {})[digest] = document.media_type
        return digest

    def tag(self, image: ImageReference, manifest: Manifest, settings: ImageSettings) -> None:
        self.registry.admit(image, settings)
        self.registry.digests[f"{image.repository}:{image.tag}"] = manifest.digest

    def delete(self, image: ImageReference, settings: ImageSettings) -> bool:
        self.registry.admit(image, settings)
        if self.refuses_to_delete:
            raise Refused(f"{image.registry} removes nothing by its API.")
        digests = self.registry.digests
        for name in [name for name, digest in digests.items() if digest == image.digest]:
            del digests[name]
        return (
            self.registry.images.pop(image.digest or "", None) is not None
            or self.manifests.pop(image.digest or "", None) is not None
        )

    def _of(self, digest: str) -> Manifest:
        """The registry keeps labels alone: its manifests' digests are those of the labels."""
        labels = self.registry.images[digest]
        created = self.created.get(digest) or labels.get("org.opencontainers.image.created")
        config = json.dumps(
            {"os": "linux", "architecture": "amd64", "created": created, "config": {"Labels": labels}}
        ).encode()
        named = f"sha256:{hashlib.sha256(config).hexdigest()}"
        self.blobs[named] = config
        content = {"config": {"digest": named, "size": len(config), "mediaType": "config"}, "layers": []}
        return Manifest(digest, "application/vnd.oci.image.manifest.v1+json", json.dumps(content).encode())


@dataclass
class FakeKeeper:
    """Implements the port `LocalRegistryKeeper`: a registry is started for every image on loopback."""

    started: list[int] = field(default_factory=list)

    def ensure(self, image: ImageReference) -> str:
        if not image.on_loopback:
            return ""
        self.started.append(int(image.registry.rpartition(":")[2]))
        return f"started a registry at {image.registry}"

    def state(self, port: int) -> RegistryState:
        return RegistryState(f"127.0.0.1:{port}", port in self.started, 0, "fake", Path("/nowhere"))

    def start(self, port: int) -> RegistryState:
        self.started.append(port)
        return self.state(port)

    def stop(self, port: int) -> bool:
        there = port in self.started
        self.started = [item for item in self.started if item != port]
        return there


@dataclass
class FakeBillOfMaterials:
    """Implements the port `BillOfMaterials`: every image is made of one package, unless there is a `failure`."""

    missing: str = ""
    failure: str = ""

    def trouble(self) -> str:
        return self.missing

    def list(self, image: ImageReference, settings: ImageSettings) -> Document:
        del settings
        if self.failure:
            raise Unreachable(self.failure)
        return Document("application/spdx+json", f"{image}".encode(), 1)


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
