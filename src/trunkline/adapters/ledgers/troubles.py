"""SQLite's errors as sentences that name the file, the cause and the next step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.errors import Unreachable

_ELSEWHERE = "set TRUNKLINE_LEDGER=sqlite:///path/to/ledger.db to keep it elsewhere"
# By primary result code (https://www.sqlite.org/rescode.html): what happened, and what to do about it.
_SENTENCES = {
    sqlite3.SQLITE_BUSY: (
        "is locked: another process has been writing to it for more than {busy:g} s",
        "See who holds it with `fuser {path}`, and try again when it is done.",
    ),
    sqlite3.SQLITE_FULL: (
        "cannot be written: the disk is full",
        f"Make room on its filesystem, or {_ELSEWHERE}.",
    ),
    sqlite3.SQLITE_READONLY: (
        "cannot be written: it is read-only for this user",
        f"Give this user the right to write the file and its directory, or {_ELSEWHERE}.",
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened",
        f"See that it is a file and that this user may write its directory, or {_ELSEWHERE}.",
    ),
    sqlite3.SQLITE_PERM: (
        "may not be opened by this user",
        f"Give this user the right to read and write it, or {_ELSEWHERE}.",
    ),
    sqlite3.SQLITE_NOTADB: ("is not a ledger: it is no SQLite file", f"Move it away, or {_ELSEWHERE}."),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged",
        "Move it away and restore a copy, or save what is left with `sqlite3 {path} .recover`.",
    ),
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written: the filesystem reports an error",
        f"Look at the disk, its room, its quota and the system's log, or {_ELSEWHERE}.",
    ),
    sqlite3.SQLITE_PROTOCOL: (
        "cannot be locked on this filesystem",
        f"Keep it on a local disk: {_ELSEWHERE}.",
    ),
}
_SENTENCES[sqlite3.SQLITE_LOCKED] = _SENTENCES[sqlite3.SQLITE_BUSY]


@contextmanager
def in_words(path: Path, busy_timeout_s: float) -> Iterator[None]:
    """Raise what the world did to the file as `Unreachable`; whatever else SQLite says is a fault of ours.

    Raises:
        Unreachable: the file cannot be read or written.
        ValueError: a row contradicts what is written already (a key twice, a run that is not there).
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise ValueError(f"The ledger refuses a row: {error}.") from error
    except sqlite3.Error as error:
        sentence = _SENTENCES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
        if sentence is None:
            raise
        message, hint = (part.format(path=path, busy=busy_timeout_s) for part in sentence)
        raise Unreachable(f"The ledger {path} {message} ({error}).", hint) from error


def cannot_create(path: Path, error: OSError) -> Unreachable:
    """The ledger or a directory above it cannot be made or entered."""
    return Unreachable(
        f"The ledger {path} cannot be created: {error.strerror} ({error.filename}).",
        f"Give this user the right to write there, or {_ELSEWHERE}.",
    )


def foreign(path: Path) -> Unreachable:
    """It is an SQLite file, but another program's."""
    return Unreachable(
        f"{path} is not a ledger: it is another program's SQLite file.", f"Move it away, or {_ELSEWHERE}."
    )


def newer(path: Path, version: int, known: int) -> Unreachable:
    """A newer Trunkline has changed the tables."""
    return Unreachable(
        f"The ledger {path} has schema version {version}, and this Trunkline knows versions up to {known}.",
        f"Upgrade Trunkline, or {_ELSEWHERE}.",
    )
