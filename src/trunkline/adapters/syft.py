"""Lists what an image is made of with the `syft` on PATH, as SPDX in JSON (spdx.dev); it reads the image in the registry."""

from __future__ import annotations

import json
from collections.abc import Callable

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.logins import Login
from trunkline.errors import Unreachable
from trunkline.ports import Command, Document, Processes

SPDX = "application/spdx+json"
_TIMEOUT_S = 600.0

Logins = Callable[[ImageReference, ImageSettings], Login | None]


class Syft:
    """Implements the port `BillOfMaterials`; credentials go by its environment."""

    def __init__(self, processes: Processes, login: Logins) -> None:
        self._processes = processes
        self._login = login

    def trouble(self) -> str:
        """See the port."""
        return "" if self._processes.find("syft") else "syft is not installed"

    def list(self, image: ImageReference, settings: ImageSettings) -> Document:
        """See the port."""
        environment: dict[str, str | None] = {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
        if image.on_loopback:
            environment["SYFT_REGISTRY_INSECURE_USE_HTTP"] = "true"
        if login := self._login(image, settings):
            environment |= {
                "SYFT_REGISTRY_AUTH_AUTHORITY": image.registry,
                "SYFT_REGISTRY_AUTH_USERNAME": login.username,
                "SYFT_REGISTRY_AUTH_PASSWORD": login.password,
            }
        target = f"registry:{image.repository}@{image.digest}"
        argv = ("syft", "scan", target, "--output", "spdx-json", "--quiet")
        try:
            done = self._processes.run(Command(argv, environment, timeout_s=_TIMEOUT_S))
        except TimeoutError:
            raise _failed(image, f"syft did not end within {_TIMEOUT_S:g} s") from None
        if done.code:
            lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            raise _failed(image, lines[-1][:300].rstrip(".") if lines else f"exit code {done.code}")
        try:
            packages = json.loads(done.stdout)["packages"]
            count = len(packages)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise _failed(image, "syft wrote no SPDX document") from None
        return Document(SPDX, done.stdout.encode(), count)


def _failed(image: ImageReference, why: str) -> Unreachable:
    return Unreachable(
        f"What {image} is made of cannot be listed: {why}.",
        "Run the command again: the image is in the registry, and only the list is still to be made.",
    )
