"""How SQLite keeps a commit through a crash: a write-ahead log where that works, a rollback journal elsewhere.

A write-ahead log lets others read while one writes, but its index is shared memory, which a network
filesystem does not share between machines (https://www.sqlite.org/wal.html, "Disadvantages"): SQLite accepts
the mode there and the file breaks later. So network mounts are known by their type and get the journal.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from pathlib import Path

from trunkline.expressions import expression

MOUNTS = Path("/proc/self/mountinfo")
# FUSE has local filesystems, too; those lose a little speed and nothing else.
_NETWORK = expression(r"nfs\d?|cifs|smb3|smbfs|9p|afs|ceph|lustre|glusterfs|virtiofs|fuse\..*|fuse")
_TURNS = 5


def journal_for(path: Path, mounts: Path = MOUNTS) -> str:
    """`WAL`, or `DELETE` where `path` lies on a network filesystem.

    Args:
        path: the ledger's file, absolute.
        mounts: the mounts as proc(5) describes `/proc/self/mountinfo`; a system without it is taken as local.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return "WAL"
    return "DELETE" if _NETWORK.fullmatch(_filesystem(path.resolve(), lines)) else "WAL"


def _filesystem(path: Path, lines: list[str]) -> str:
    """The type of the filesystem that `path` is on: that of the longest mount point above it, the last one if two."""
    best, found = -1, ""
    for line in lines:
        before, _, after = line.partition(" - ")
        fields = before.split(" ")
        if len(fields) > 4 and after:  # noqa: PLR2004 - proc(5): the fifth field is the mount point
            point = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
            if path.is_relative_to(point) and len(point.parts) >= best:
                best, found = len(point.parts), after.split(" ", 1)[0]
    return found


def set_journal(connection: sqlite3.Connection, mode: str) -> None:
    """Bring the file to journal `mode`, or leave it as it is where that cannot be: slower, never less safe.

    Raises:
        sqlite3.OperationalError: another process kept the file locked for longer than the busy timeout.
    """
    for _ in range(_TURNS):
        if connection.execute("PRAGMA journal_mode").fetchone()[0].upper() == mode:
            return
        try:
            connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                return
            # SQLite does not wait here when somebody else is at it, but it does for a transaction.
            connection.execute("BEGIN IMMEDIATE")
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        else:
            # It answers with the mode that stays when the filesystem has no shared memory: ask no second time.
            return
