"""Owns a real Docker engine of Debian's, on a socket of its own, without networks: it builds, pushes, and is gone.

``with Dockerd() as docker`` for tests, as root. The machine's own engine, if any, is not touched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from dev import debian
from dev.errors import DevError
from dev.process import succeeds
from dev.server import Server

# Debian's client, not whatever else is first on PATH: it knows both of the engine's builders.
CLIENT = Path("/usr/bin/docker")


class Dockerd:
    """An engine for as long as the ``with`` block; its images go with it."""

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise DevError("a Docker engine needs root: run as root, or leave these tests to the CI.")
        debian.install("docker.io")
        self.root = Path(tempfile.mkdtemp(prefix="trunkline-dockerd-"))
        self.host = f"unix://{self.root}/docker.sock"
        try:
            self._server = Server("dockerd", self._argv(), self.root / "dockerd.log")
        except BaseException:
            shutil.rmtree(self.root, ignore_errors=True)
            raise
        try:
            self._server.await_ready(lambda: succeeds([CLIENT, "version"], env=self._env()))
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _env(self) -> dict[str, str]:
        return {**os.environ, "DOCKER_HOST": self.host}

    def _argv(self) -> list[str | Path]:
        return [
            debian.program("dockerd", "docker.io"),
            f"--host={self.host}",
            f"--data-root={self.root}/data",
            f"--exec-root={self.root}/exec",
            f"--pidfile={self.root}/dockerd.pid",
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--ip-masq=false",
            "--bridge=none",
        ]

    def _end(self) -> None:
        # It ends its own containerd and unmounts its layers when it is asked; killed, it would leave both.
        self._server.stop(patience=30)
        shutil.rmtree(self.root, ignore_errors=True)
