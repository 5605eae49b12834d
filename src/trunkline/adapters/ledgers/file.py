"""The ledger's file: made at first use, for its owner alone, and reached through transactions only."""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.adapters.ledgers.database import Connection
from trunkline.adapters.ledgers.journal import journal_for, set_journal
from trunkline.adapters.ledgers.schema import MIGRATIONS, is_foreign, migrate, version_of
from trunkline.adapters.ledgers.troubles import cannot_create, foreign, in_words, newer

_CREATING = threading.Lock()


class LedgerFile:
    """Implements `Database`: one connection, which threads share in turn; opened at first use, and again after `close`.

    Args:
        path: the file; it and the directories above it are created when they are first needed.
        busy_timeout_s: how long to wait for other processes that write.
        mounts: see `journal.journal_for`.
    """

    contradiction = sqlite3.IntegrityError
    # Whoever writes is alone.
    skipping = ""

    def __init__(self, path: Path, busy_timeout_s: float, mounts: Path) -> None:
        self.path = path.absolute()
        self._busy_timeout_s = busy_timeout_s
        self._mounts = mounts
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the ledger.

        Raises:
            Unreachable: the file cannot be opened or read.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is durable once this context is left, or never was.

        It takes the write lock at once: one that reads first and then finds somebody else writing could
        not wait, only fail.

        Raises:
            Unreachable: the file cannot be opened or written.
            ValueError: a row contradicts what is written already.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    def lock(self, connection: Connection, name: str) -> None:
        """See `Database`: whoever writes has the whole file."""

    def faults(self, connection: Connection) -> Iterator[str]:
        """What SQLite finds wrong with the file."""
        for row in connection.execute("PRAGMA integrity_check"):
            if row[0] != "ok":
                yield f"the file is damaged: {row[0]}"
        for row in connection.execute("PRAGMA foreign_key_check"):
            yield f"row {row[1]} of {row[0]} refers to what is not there"

    def close(self) -> None:
        """Let go of the file; the next access opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, in_words(self.path, self._busy_timeout_s):
            connection = self._opened()
            try:
                connection.execute(begin)
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back after some errors; the first error is the one to tell.
                with contextlib.suppress(sqlite3.Error):
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                raise

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            _create(self.path)
            connection = sqlite3.connect(
                self.path, timeout=self._busy_timeout_s, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Nothing may be changed in a file that is not ours, or that is ahead of us.
        if is_foreign(connection):
            raise foreign(self.path)
        if (version := version_of(connection)) > len(MIGRATIONS):
            raise newer(self.path, version, len(MIGRATIONS))
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        set_journal(connection, journal_for(self.path, self._mounts))
        # An intent must survive the loss of power, not only of the process: every commit is synced.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")
        migrate(connection)


def _create(path: Path) -> None:
    """Make the file and what is missing above it, closed to others; SQLite's own files copy the mode.

    A file that is there is never opened here: closing it again would drop the locks of this process's other
    connections (POSIX locks belong to the process, see https://www.sqlite.org/howtocorrupt.html, section 2.2). Another
    process would then take itself for the last one, and remove the write-ahead log that these still write to.
    """
    try:
        missing = [parent for parent in path.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(mode=0o700, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        with _CREATING, contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise cannot_create(path, error) from error
