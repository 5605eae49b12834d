"""Owns a real image registry on loopback: Debian's docker-registry, plain http, deletes allowed.

``with Registry() as registry`` for tests, ``python -m dev.registry`` for a person. A password needs
the development dependency ``bcrypt``, the only hash that this registry takes.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from dev import debian
from dev.errors import DevError, exit_code
from dev.ready import free_port, http_status
from dev.server import Server, claim_port

_UNAUTHORIZED = 401
_OK = 200


class Registry:
    """A registry for as long as the ``with`` block; its data go with it unless `root` is given."""

    def __init__(
        self,
        port: int = 0,
        root: Path | None = None,
        *,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        self.port = port or free_port()
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.host}"
        self.username = username
        self.password = password
        self._kept = root
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.root = self._kept or Path(tempfile.mkdtemp(prefix="trunkline-registry-"))
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def log(self) -> Path:
        """What the server said, each request among it."""
        return self.root / "registry.log"

    def join(self) -> None:
        """Wait until the server ends by itself."""
        if self._server:
            self._server.join()

    def _start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        logins = None
        if self.username is not None:
            logins = self.root / "htpasswd"
            logins.write_text(_login(self.username, self.password or ""), encoding="utf-8")
        argv = command(self.root, self.port, logins=logins)
        claim_port(self.port, "docker-registry")
        self._server = Server("docker-registry", argv, self.log)
        expected = _UNAUTHORIZED if logins else _OK
        self._server.await_ready(lambda: http_status(f"{self.url}/v2/") == expected)

    def _end(self) -> None:
        if self._server:
            self._server.stop()
        if self._kept is None:
            shutil.rmtree(self.root, ignore_errors=True)


def command(root: Path, port: int, *, logins: Path | None = None) -> list[str | Path]:
    """Write the configuration below `root`, and return the argv that serves it."""
    config = {
        "version": "0.1",
        "log": {"level": "info"},
        "storage": {"filesystem": {"rootdirectory": str(root / "data")}, "delete": {"enabled": True}},
        "http": {"addr": f"127.0.0.1:{port}", "secret": "only-loopback"},
    }
    if logins:
        config["auth"] = {"htpasswd": {"realm": "trunkline", "path": str(logins)}}
    path = root / "registry.json"
    # JSON is YAML, which spares this package a YAML writer.
    path.write_text(json.dumps(config, indent=2), encoding="utf-8")
    return [debian.program("docker-registry", "docker-registry"), "serve", path]


def _login(username: str, password: str) -> str:
    try:
        import bcrypt  # noqa: PLC0415 - only a registry with logins needs it
    except ImportError as error:
        raise DevError("a registry with a password needs bcrypt: run `pip install bcrypt`.") from error
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4))
    return f"{username}:{hashed.decode()}\n"


def main(argv: list[str]) -> int:
    """The command line: serve until interrupted, and print the address once it answers."""
    parser = argparse.ArgumentParser(prog="python -m dev.registry", description="Run an image registry.")
    parser.add_argument("--port", type=int, default=0, help="the loopback port (default: a free one)")
    parser.add_argument("--root", type=Path, help="keep the images in this folder")
    parser.add_argument("--username", help="ask for this login")
    parser.add_argument("--password", default="", help="the login's password")
    asked = parser.parse_args(argv)
    with Registry(asked.port, asked.root, username=asked.username, password=asked.password) as registry:
        print(registry.host, flush=True)
        registry.join()
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
