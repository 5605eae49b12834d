"""Building images, and asking registries for them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from trunkline.config.project import ImageSettings
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


class Registry(Protocol):
    """Asks an OCI registry."""

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """The digest that `image`'s tag stands for, or None where the registry has no such tag.

        Raises:
            Unreachable: the registry does not answer, or refuses the login.
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
