"""Images that are only described: a digest for each tag, and nobody who builds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.ports import OnLine


class DescribedImages:
    """The ports `Registry` and `ImageBuilder`: what is pushed is only remembered, under a digest of its name."""

    name = "nothing: it is only described"

    def __init__(self) -> None:
        self._pushed: dict[str, str] = {}

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """See the port."""
        return self._pushed.get(str(image))

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """See the port."""
        return f"{image} is only described here."

    def build(
        self,
        image: ImageReference,
        settings: ImageSettings,
        root: Path,
        labels: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        """See the port."""

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """See the port."""
        found = f"sha256:{hashlib.sha256(str(image).encode()).hexdigest()}"
        self._pushed[str(image)] = found
        return found
