"""Building images, and asking registries for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from trunkline.config.project import ImageSettings
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.ports.processes import OnLine


class ImageBuilder(Protocol):
    """Builds an image and pushes it."""

    name: str

    def build(
        self,
        image: ImageReference,
        settings: ImageSettings,
        root: Path,
        labels: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        """Build `settings.context` (below `root`) as `image`.

        Raises:
            DeploymentFailed: the build failed; the message holds the last lines.
            Unreachable: the builder's daemon does not answer.
        """
        ...

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """Push `image` (logging in by stdin when `settings` bears a login); the digest that was pushed.

        Raises:
            Unreachable: the registry does not answer or refuses the login, after retries.
        """
        ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest or an index as the registry keeps it; `digest` is that of its bytes, which was verified."""

    digest: str
    media_type: str
    content: bytes = field(repr=False)


class Artifacts(Protocol):
    """What an OCI registry keeps, images or not, as it lies there.

    Every method raises Unreachable where the registry does not answer, refuses the login, or gives something else
    than its digest says.
    """

    def tags(self, repository: ImageReference, settings: ImageSettings) -> tuple[str, ...]:
        """All tags of a repository; none where there is no such repository."""
        ...

    def manifest(self, image: ImageReference, settings: ImageSettings) -> Manifest | None:
        """What the digest, or else the tag, of `image` stands for; None where the registry has no such thing."""
        ...

    def blob(self, image: ImageReference, digest: str, largest: int, settings: ImageSettings) -> bytes:
        """A blob of the image's repository, of at most so many bytes."""
        ...

    def referrers(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """What is attached to the image's digest: kinds by digest."""
        ...

    def attach(self, image: ImageReference, document: Document, settings: ImageSettings) -> str:
        """Attach a document to the image's digest; the digest under which it is kept. Done again, nothing changes."""
        ...

    def tag(self, image: ImageReference, manifest: Manifest, settings: ImageSettings) -> None:
        """Let the image's tag stand for a manifest of its repository; its digest stays what it is."""
        ...

    def delete(self, image: ImageReference, settings: ImageSettings) -> bool:
        """Remove the image's digest with all its tags; False where it was not there.

        Raises:
            Refused: also where the registry removes nothing for anybody.
        """
        ...


@dataclass(frozen=True, slots=True)
class Document:
    """Something to attach to an image: its media type, its bytes, and how many things it lists."""

    media_type: str
    content: bytes = field(repr=False)
    count: int = 0


class BillOfMaterials(Protocol):
    """Lists what an image is made of."""

    def trouble(self) -> str:
        """Why it cannot be done here, or empty."""
        ...

    def list(self, image: ImageReference, settings: ImageSettings) -> Document:
        """What an image in a registry, pinned by its digest, is made of.

        Raises:
            Unreachable: it cannot be read there, or takes too long.
        """
        ...


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The registry of this machine at one port.

    Attributes:
        address: host and port.
        running: whether one that we started is there.
        pid: its process, 0 where it is a container or is not there.
        program: what serves it: `docker-registry`, `docker`, `podman`, or empty.
        data: where its images are.
    """

    address: str
    running: bool
    pid: int
    program: str
    data: Path


class LocalRegistryKeeper(Protocol):
    """Starts and ends a registry on loopback."""

    def ensure(self, image: ImageReference) -> str:
        """Start one where the image is to go to loopback and nothing listens there; what was done, or empty.

        Raises:
            Unreachable: it does not come up.
        """
        ...

    def state(self, port: int) -> RegistryState:
        """What is there."""
        ...

    def start(self, port: int) -> RegistryState:
        """Start one, unless one is there.

        Raises:
            UsageError: something else listens there, or nothing here could serve. Unreachable: it does not come up.
        """
        ...

    def stop(self, port: int) -> bool:
        """End the one that we started; False where there is none. Its images are kept."""
        ...


class Registry(Protocol):
    """Asks an OCI registry."""

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """The digest that `image`'s tag stands for, or None where the registry has no such tag.

        Raises:
            Unreachable: the registry does not answer, or refuses the login.
        """
        ...

    def labels(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """The labels of an image (by its digest, or else its tag); of an index, those of its first image.

        Raises:
            Unreachable: as above; also when there is no such image.
        """
        ...

    def platforms(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """The digests of an index's images by platform (`linux/arm64`), attestations left out; empty for one image.

        Raises:
            Unreachable: as above; also when there is no such image.
        """
        ...

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """One sentence on how the registry answered, for `check --online`.

        Raises:
            Unreachable: as above.
        """
        ...
