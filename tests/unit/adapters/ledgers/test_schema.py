"""Tables that nobody can change rows of, indexes for every question, and migrations that are all or nothing."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import pytest

from tests.fakes.records import COMMIT, DIGEST, a_run, an_attempt, an_ending, at
from tests.unit.adapters.ledgers.support import TABLES, connection_of, fill, opened, raw
from trunkline.adapters.ledgers.schema import MIGRATIONS, migrate, version_of
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.parcels import Origin, message, of_attempt

MEASURED = measurements(an_attempt(), an_ending(), Labels())


@pytest.mark.parametrize("table", TABLES)
def test_no_update_no_delete(path: Path, table: str) -> None:
    """No row of any table can be changed or removed, whoever opens the file."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        before = connection.execute(f"SELECT * FROM {table}").fetchall()
        assert before
        for statement in (f"UPDATE {table} SET seq = seq + 100", f"DELETE FROM {table}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}")
        assert connection.execute(f"SELECT * FROM {table}").fetchall() == before


def test_every_table_is_strict(path: Path) -> None:
    """No table takes a value of another type than its column's, and none is missing here."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        tables = connection.execute("PRAGMA table_list").fetchall()
    ours = {name: strict for _, name, _, _, _, strict in tables if not name.startswith("sqlite_")}
    assert ours == dict.fromkeys((*TABLES, "outbox"), 1)


def test_no_query_scans(path: Path) -> None:
    """Every question of the port is answered from an index, in its order, without sorting; no index is for nothing."""
    plans: list[str] = []
    with opened(path) as ledger:
        fill(ledger)
        connection = connection_of(ledger)
        queries: list[str] = []
        connection.set_trace_callback(queries.append)
        ledger.run("run")
        ledger.runs("sample")
        ledger.approvals("run-1", "qa")
        ledger.steps("attempt-0")
        for service, environment in product(("", "sample"), ("", "dev")):
            ledger.attempts(service=service, environment=environment)
            ledger.deployments(service=service, environment=environment)
            ledger.marks(service=service, environment=environment)
        ledger.attempts(run_id="run-1")
        for digest, service in (("", ""), (DIGEST, ""), ("", "sample")):
            ledger.gates(digest=digest, service=service)
        ledger.claim("sink", at(0), at(60), 10)
        ledger.lost()
        told = of_attempt(
            a_run(), an_attempt("attempt-9"), Origin(), an_ending("attempt-9"), measured=MEASURED
        )
        ledger.begin(an_attempt("attempt-9"), [message("sink", told, one_per_second=True)])
        connection.set_trace_callback(None)
        selects = [query for query in queries if query.startswith("SELECT")]
        for query in selects:
            plans += [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}")]
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
        indexes = {row["name"] for row in names}
    assert len(selects) == 23
    assert indexes - set(" ".join(plans).split()) == set()
    assert not [plan for plan in plans if "TEMP B-TREE" in plan]
    assert not [plan for plan in plans if plan.startswith("SCAN") and "_by_time" not in plan]


def test_sha_is_named_for_sql(path: Path) -> None:
    """A person can ask by hand without quoting: the commit's column is no word of SQL's, moments are plain numbers."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        row = connection.execute(
            "SELECT commit_sha, datetime(started_at / 1000000, 'unixepoch') FROM attempts"
        ).fetchone()
    assert row == (COMMIT, "2026-03-01 12:00:00")


NEXT = (*MIGRATIONS, ("ALTER TABLE runs ADD COLUMN repository TEXT NOT NULL DEFAULT ''",))


def test_older_schema(path: Path) -> None:
    """A ledger of an earlier version is brought forward with all its rows; done again, nothing changes."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        migrate(connection, NEXT)
        migrate(connection, NEXT)
        assert version_of(connection) == len(NEXT)
        assert connection.execute("SELECT id, repository FROM runs").fetchall() == [("run-1", "")]


def test_deployments_of_before_ingredients(path: Path) -> None:
    """A deployment of a ledger that did not ask what it is made of is still read, made of nobody knows what."""
    with raw(path) as connection:
        migrate(connection, MIGRATIONS[:2])
        columns = "id, attempt_id, run_id, service, environment, commit_sha, image, digest, release, revision, kind, actor, deployed_at"
        connection.execute(
            f"INSERT INTO deployments ({columns}) VALUES"
            " ('d', 'a', 'r', 'sample', 'dev', ?, 'i', ?, 'sample', 1, 'release', 'ada', 1)",
            (COMMIT, DIGEST),
        )
    with opened(path) as ledger:
        [found] = ledger.deployments()
    assert (found.id, found.ingredients) == ("d", "")


def test_migration_that_fails(path: Path) -> None:
    """A migration that fails half-way leaves the file in the version that it had, and no lock."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            migrate(connection, (*NEXT, ("CREATE TABLE more (id TEXT)", "DROP TABLE missing")))
        assert version_of(connection) == len(MIGRATIONS)
        assert "repository" not in [row[1] for row in connection.execute("PRAGMA table_info(runs)")]
    with opened(path) as ledger:
        assert ledger.run("run-1") == a_run()


def test_two_migrate_at_once(path: Path) -> None:
    """Of two processes that start with the same old ledger one migrates, and the other finds it done."""
    with opened(path) as ledger:
        fill(ledger)
    with raw(path) as first, ThreadPoolExecutor(1) as pool:

        def migrate_second() -> int:
            with raw(path) as second:
                second.set_trace_callback(lambda query: asked.set() if query == "BEGIN IMMEDIATE" else None)
                migrate(second, NEXT)
                return version_of(second)

        asked = threading.Event()
        # The second one has seen the old version, and waits for the lock, when the first one commits.
        first.execute("BEGIN IMMEDIATE")
        future = pool.submit(migrate_second)
        assert asked.wait(10)
        for statement in (*NEXT[-1], f"PRAGMA user_version = {len(NEXT)}"):
            first.execute(statement)
        first.execute("COMMIT")
        assert future.result(30) == len(NEXT)
