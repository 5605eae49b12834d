"""Asking what is wrong with an image."""

from __future__ import annotations

from typing import Protocol

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.vulnerabilities import Look

# Under this key the facts of an `Unreachable` may tell how many seconds its server wants to be left alone.
RETRY_AFTER = "retry_after_s"


class Scanner(Protocol):
    """Tells what a scanner knows of an image; `name` is what people call it."""

    name: str

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:
        """Ask once about `image`, which bears a digest; whoever waits asks again.

        Of an index of several platforms every image is looked at: the findings are joined, and the least advanced
        state stands for all.

        Raises:
            Unreachable: no answer, or one that makes no sense. Refused: the login does not allow it.
        """
        ...
