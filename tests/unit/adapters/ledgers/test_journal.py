"""Which journal a ledger gets, from the mounts of the machine."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from trunkline.adapters.ledgers.journal import journal_for, set_journal

MOUNTS = """\
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:48 / /mnt/share rw,relatime shared:9 - nfs4 server:/export rw
31 30 254:1 / /mnt/share/local rw - xfs /dev/vdb rw
32 22 0:50 / /mnt/with\\040space rw master:1 - cifs //server/share rw
33 22 0:51 / /mnt/twice rw - ext4 /dev/vdc rw
34 33 0:52 / /mnt/twice rw - fuse.sshfs server: rw
a line that is none
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/var/lib/ledger.db", "WAL"),
        ("/mnt/share/ledger.db", "DELETE"),
        ("/mnt/share/local/ledger.db", "WAL"),
        ("/mnt/shared/ledger.db", "WAL"),
        ("/mnt/with space/deep/ledger.db", "DELETE"),
        ("/mnt/twice/ledger.db", "DELETE"),
    ],
)
def test_journal_for(tmp_path: Path, path: str, expected: str) -> None:
    """The filesystem that is mounted nearest above the file, the last one if two are, decides."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert journal_for(Path(path), mounts) == expected


def test_a_link_to_the_network(tmp_path: Path) -> None:
    """A link that leads to a network filesystem counts as what it leads to."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    link = tmp_path / "state"
    link.symlink_to("/mnt/share")
    assert journal_for(link / "ledger.db", mounts) == "DELETE"


def test_a_system_without_mountinfo(tmp_path: Path) -> None:
    """Where nobody lists the mounts, the disk is taken for a local one."""
    assert journal_for(tmp_path / "ledger.db", tmp_path / "missing") == "WAL"


def test_no_shared_memory(tmp_path: Path) -> None:
    """Where SQLite finds no shared memory for a write-ahead log, the journal stays and the file works."""
    # The dot-file VFS, made for filesystems without locks, has none.
    uri = f"file:{tmp_path / 'ledger.db'}?vfs=unix-dotfile"
    with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
        set_journal(connection, "WAL")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        connection.execute("CREATE TABLE t (n INTEGER)")


def test_moved_to_the_network(tmp_path: Path) -> None:
    """A ledger with a write-ahead log that was moved to a network filesystem gets the other journal."""
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)) as connection:
        set_journal(connection, "WAL")
        connection.execute("CREATE TABLE t (n INTEGER)")
        set_journal(connection, "DELETE")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_busy_with_another_switch(tmp_path: Path) -> None:
    """A file that somebody else reads for the while keeps its journal; the next process will switch it."""
    path = tmp_path / "ledger.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as reader,
        closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as connection,
    ):
        reader.execute("CREATE TABLE t (n INTEGER)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        set_journal(connection, "WAL")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        reader.execute("COMMIT")
        set_journal(connection, "WAL")
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
