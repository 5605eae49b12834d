"""Images that are only described: a digest for each tag, and nobody who builds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.ports import OnLine, Registry
from trunkline.ports.images import LocalRegistryKeeper, RegistryState


class DescribedImages:
    """The ports `Registry` and `ImageBuilder`: what is pushed is only remembered, under a digest of its name.

    Args:
        path: a file that remembers for later commands, too; None for this one only.
    """

    name = "nobody: for a simulated cluster it is only described"

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._pushed: dict[str, str] = _remembered(path)

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """See the port."""
        return self._pushed.get(str(image))

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """See the port."""
        return f"{image} is only described here."

    def labels(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port."""
        return {}

    def platforms(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port."""
        return {}

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
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
            fresh.write_text(json.dumps({**_remembered(self._path), **self._pushed}), encoding="utf-8")
            fresh.replace(self._path)
        return found


class ChosenRegistry:
    """The port `Registry`: which one it is, is found out when it is asked first."""

    def __init__(self, choose: Callable[[], Registry]) -> None:
        self._choose = choose

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """See the port."""
        return self._choose().digest(image, settings)

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """See the port."""
        return self._choose().check(image, settings)

    def labels(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port."""
        return self._choose().labels(image, settings)

    def platforms(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port."""
        return self._choose().platforms(image, settings)


class ChosenKeeper:
    """The port `LocalRegistryKeeper`: where images are only described, none is started by itself."""

    def __init__(self, wanted: Callable[[], bool], keeper: LocalRegistryKeeper) -> None:
        self._wanted = wanted
        self._keeper = keeper

    def ensure(self, image: ImageReference) -> str:
        """See the port."""
        return self._keeper.ensure(image) if self._wanted() else ""

    def state(self, port: int) -> RegistryState:
        """See the port."""
        return self._keeper.state(port)

    def start(self, port: int) -> RegistryState:
        """See the port."""
        return self._keeper.start(port)

    def stop(self, port: int) -> bool:
        """See the port."""
        return self._keeper.stop(port)


def _remembered(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
