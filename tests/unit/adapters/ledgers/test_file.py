"""The file itself: made for its owner alone, durable, and honest about what is wrong with it."""

from __future__ import annotations

import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.records import a_run, an_attempt
from tests.unit.adapters.ledgers.support import assert_whole, connection_of, fill, opened, raw
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable


def test_nothing_before_the_first_use(path: Path) -> None:
    """Composing a ledger touches no disk."""
    SqliteLedger(path / "deep" / "ledger.db", Redactor()).close()
    assert not path.exists()


def test_closed_to_others(tmp_path: Path) -> None:
    """The directories that were missing, the file and SQLite's files beside it are their owner's alone."""
    path = tmp_path / "state" / "trunkline" / "ledger.db"
    with opened(path) as ledger:
        fill(ledger)
        files = list(path.parent.iterdir())
        assert {item.name for item in files} == {"ledger.db", "ledger.db-wal", "ledger.db-shm"}
        assert {stat.S_IMODE(item.stat().st_mode) for item in files} == {0o600}
    assert {stat.S_IMODE(item.stat().st_mode) for item in (path.parent, path.parent.parent)} == {0o700}


def test_after_close(path: Path) -> None:
    """A ledger that was closed opens again at its next use, and leaves one file behind when it is closed."""
    with opened(path) as ledger:
        fill(ledger)
        ledger.close()
        assert [item.name for item in path.parent.iterdir()] == ["ledger.db"]
        assert ledger.run("run-1") == a_run()


def test_promises_of_durability(path: Path) -> None:
    """The file has a write-ahead log and every commit is synced before it is acknowledged."""
    with opened(path) as ledger:
        fill(ledger)
        connection = connection_of(ledger)
        answers = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert answers == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_network_filesystem(path: Path, tmp_path: Path) -> None:
    """On a network filesystem, where a write-ahead log breaks, a rollback journal does the same work."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"36 35 0:48 / {tmp_path} rw,relatime shared:1 - nfs4 server:/export rw\n")
    with closing(SqliteLedger(path, Redactor(), mounts=mounts)) as ledger:
        fill(ledger)
        assert ledger.run("run-1") == a_run()
    with raw(path) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)


def test_no_sqlite_file(path: Path) -> None:
    """A file that is something else is left alone and named, with a way out."""
    path.write_text("dear diary\n" * 1000)
    with opened(path) as ledger, pytest.raises(Unreachable, match="is not a ledger") as error:
        ledger.open_run(a_run())
    assert str(path) in error.value.message
    assert "TRUNKLINE_LEDGER" in error.value.hint
    assert path.read_text() == "dear diary\n" * 1000


@pytest.mark.parametrize("application", [0, 77])
def test_database_of_another_program(path: Path, application: int) -> None:
    """Another program's SQLite file is left alone, byte for byte."""
    with raw(path) as connection:
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with opened(path) as ledger, pytest.raises(Unreachable, match="another program's"):
        ledger.open_run(a_run())
    assert path.read_bytes() == before


def test_empty_file(path: Path) -> None:
    """An empty file, such as `mktemp` makes, becomes a ledger."""
    path.touch()
    with opened(path) as ledger:
        fill(ledger)


def test_newer_schema(path: Path) -> None:
    """A ledger that a newer Trunkline has changed is neither read nor written."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with opened(path) as ledger, pytest.raises(Unreachable, match="schema version 99") as error:
        ledger.runs("sample")
    assert "Upgrade Trunkline" in error.value.hint


def test_damaged(path: Path) -> None:
    """A damaged file is called so, and the hint tells how to save what is left."""
    with opened(path) as ledger:
        fill(ledger, 50)
    pages = bytearray(path.read_bytes())
    pages[4096:] = b"\xa5" * (len(pages) - 4096)
    path.write_bytes(pages)
    with opened(path) as ledger, pytest.raises(Unreachable, match="is damaged") as error:
        ledger.attempts()
    assert ".recover" in error.value.hint


def test_full_disk(path: Path) -> None:
    """A full disk refuses the row that does not fit, keeps all others, and is forgotten once there is room."""
    with opened(path) as ledger:
        fill(ledger, 3)
        connection = connection_of(ledger)
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        big = replace(an_attempt("big"), image="x" * 100_000)
        with pytest.raises(Unreachable, match="the disk is full") as error:
            ledger.begin(big)
        assert "Make room" in error.value.hint
        assert len(ledger.attempts()) == 3
        connection.execute(f"PRAGMA max_page_count = {pages + 100}")
        ledger.begin(big)
    assert_whole(path, {"attempt-0", "attempt-1", "attempt-2"})


def test_read_only(path: Path) -> None:
    """A file that may only be read is called so when a row is to be written."""
    with opened(path) as ledger:
        fill(ledger)
        connection = connection_of(ledger)
        # What SQLite says of a read-only file; root, as whom tests may run, can write to any.
        connection.execute("PRAGMA query_only = ON")
        with pytest.raises(Unreachable, match="is read-only") as error:
            ledger.begin(an_attempt("other"))
    assert "right to write" in error.value.hint


def test_directory_in_its_place(path: Path) -> None:
    """A directory where the file should be is named with the system's reason."""
    path.mkdir()
    with opened(path) as ledger, pytest.raises(Unreachable, match="cannot be created: Is a directory"):
        ledger.runs("sample")


def test_file_in_place_of_a_directory(path: Path) -> None:
    """A file where a directory should be is named with the system's reason."""
    path.touch()
    with (
        opened(path / "deep" / "ledger.db") as ledger,
        pytest.raises(Unreachable, match="cannot be created: Not a directory") as error,
    ):
        ledger.open_run(a_run())
    assert "TRUNKLINE_LEDGER" in error.value.hint


def test_two_connections_in_one_process(path: Path) -> None:
    """A second connection takes no lock from the first: another process that ends does not remove what both write to."""
    look = f"import sqlite3; c = sqlite3.connect({str(path)!r}); print(*c.execute('SELECT count(*) FROM runs').fetchone()); c.close()"

    def another() -> str:
        return subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True).stdout

    with opened(path) as first, opened(path) as second:
        first.open_run(a_run("run-1"))
        second.open_run(a_run("run-2"))
        assert another() == "2\n"
        first.open_run(a_run("run-3"))
        second.open_run(a_run("run-4"))
        assert another() == "4\n"
