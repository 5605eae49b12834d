"""What the tests of the SQLite ledger share: a ledger, the file seen from outside, and a row in every table."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.fakes.records import a_deployment, a_gate, a_mark, a_run, an_approval, an_attempt, an_ending, at
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.redaction import Redactor

TABLES = ("runs", "attempts", "steps", "endings", "approvals", "deployments", "gates", "marks")


@contextmanager
def opened(path: Path, redactor: Redactor | None = None, busy_timeout_s: float = 5) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, redactor or Redactor(), busy_timeout_s=busy_timeout_s)) as ledger:
        yield ledger


@contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def fill(ledger: SqliteLedger, count: int = 1) -> None:
    """One row at least in each table."""
    ledger.open_run(a_run())
    ledger.decide(an_approval())
    for number in range(count):
        name = f"attempt-{number}"
        ledger.begin(an_attempt(name, number))
        ledger.intend(name, "helm upgrade", at(number))
        ledger.judge(a_gate(name, number, attempt_id=name))
        ledger.end(an_ending(name), a_deployment(name, attempt_id=name))
        ledger.mark(a_mark(name, number))


def connection_of(ledger: SqliteLedger) -> sqlite3.Connection:
    """The ledger's own connection, open."""
    connection = ledger._file._connection
    assert connection is not None
    return connection


def assert_whole(path: Path, acknowledged: set[str]) -> None:
    """The file is sound and holds every attempt that was acknowledged, complete."""
    with raw(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    with opened(path) as ledger:
        ended = {item.attempt.id for item in ledger.attempts(limit=10_000) if item.succeeded}
        deployed = {item.attempt_id for item in ledger.deployments(limit=10_000)}
    assert acknowledged <= ended
    assert ended == deployed
