"""Owns a real PostgreSQL on loopback: the machine's own or Debian's, with its data in a folder that goes with it."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from dev import debian
from dev.process import run, succeeds
from dev.ready import free_port
from dev.server import Server

_VERSION = "15"
PACKAGE = f"postgresql-{_VERSION}"
_NOBODY = "nobody"


class Postgresql:
    """A server for as long as the ``with`` block; `durable=False` trades safety for the speed that most tests want."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._server: Server | None = None

    def __enter__(self) -> Self:
        debian.install(PACKAGE)
        self._programs = Path(f"/usr/lib/postgresql/{_VERSION}/bin")
        self.folder = Path(tempfile.mkdtemp(prefix="trunkline-postgresql-"))
        self.port, self.password = free_port(), secrets.token_hex(12)
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
    def url(self) -> str:
        """What `TRUNKLINE_LEDGER` takes: the superuser's database."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """The same for another database."""
        return f"postgresql://trunkline:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str) -> str:
        """Make an empty database; its URL."""
        import psycopg  # noqa: PLC0415 - an extra, which the command line does not need

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        return self.url_of(database)

    def stop(self) -> None:
        """End the server, as a power cut of its machine would."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def start(self) -> None:
        """Start it again over the same data."""
        durable = "on" if self._durable else "off"
        settings = {
            "listen_addresses": "127.0.0.1", "port": str(self.port), "unix_socket_directories": "",
            "fsync": durable, "synchronous_commit": durable, "full_page_writes": durable, "max_connections": "60",
        }  # fmt: skip
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        self._server = Server(
            "postgresql",
            [*_as_nobody(), self._programs / "postgres", "-D", self.folder / "data", *words],
            self.folder / "postgresql.log",
        )
        self._server.await_ready(self._is_ready, seconds=30)

    def _is_ready(self) -> bool:
        return succeeds(
            [str(self._programs / "pg_isready"), "--quiet", "--host=127.0.0.1", f"--port={self.port}"]
        )

    def _start(self) -> None:
        self.folder.chmod(0o755)
        (self.folder / "data").mkdir(mode=0o700)
        secret = self.folder / "password"
        secret.write_text(self.password, encoding="utf-8")
        if os.geteuid() == 0:
            shutil.chown(self.folder / "data", _NOBODY)
            shutil.chown(secret, _NOBODY)
        options = [
            "--username",
            "trunkline",
            "--auth",
            "scram-sha-256",
            "--pwfile",
            str(secret),
            "--encoding",
            "UTF8",
        ]
        run(
            [
                *_as_nobody(),
                str(self._programs / "initdb"),
                "-D",
                str(self.folder / "data"),
                "--no-sync",
                *options,
            ]
        )
        self.start()

    def _end(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _as_nobody() -> list[str]:
    """PostgreSQL does not run as root."""
    return ["setpriv", f"--reuid={_NOBODY}", "--clear-groups", "--"] if os.geteuid() == 0 else []
