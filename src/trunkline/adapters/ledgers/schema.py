"""The ledger's tables and how one version of them becomes the next.

Moments are integers: microseconds since 1970 in UTC. They sort, they subtract (durations, windows and days of
the measures are plain arithmetic on an index), they round-trip Python's datetimes exactly, and they take 8
bytes where ISO text takes 32. To read one by hand: `datetime(started_at / 1000000, 'unixepoch')`.

Every table but the outbox refuses UPDATE and DELETE, and an insert that would replace a row: what happened,
happened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

# `PRAGMA application_id`, by which `file` and we know a ledger: the letters "Trkl".
APPLICATION_ID = 0x54726B6C

_TABLES = (
    """CREATE TABLE runs (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, service TEXT NOT NULL, commit_sha TEXT NOT NULL,
        branch TEXT NOT NULL, actor TEXT NOT NULL, started_at INTEGER NOT NULL, until TEXT NOT NULL,
        ci TEXT NOT NULL CHECK (json_valid(ci))
    ) STRICT""",
    """CREATE TABLE attempts (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run_id TEXT NOT NULL REFERENCES runs (id),
        service TEXT NOT NULL, stage TEXT NOT NULL, commit_sha TEXT NOT NULL, actor TEXT NOT NULL,
        started_at INTEGER NOT NULL, environment TEXT NOT NULL, branch TEXT NOT NULL, image TEXT NOT NULL,
        release TEXT NOT NULL, kind TEXT NOT NULL, ci TEXT NOT NULL CHECK (json_valid(ci))
    ) STRICT""",
    """CREATE TABLE steps (
        seq INTEGER PRIMARY KEY, attempt_id TEXT NOT NULL REFERENCES attempts (id), step TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE endings (
        seq INTEGER PRIMARY KEY, attempt_id TEXT NOT NULL UNIQUE REFERENCES attempts (id),
        finished_at INTEGER NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL, cause TEXT NOT NULL,
        undone TEXT NOT NULL, digest TEXT NOT NULL, revision INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE approvals (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, run_id TEXT NOT NULL REFERENCES runs (id),
        environment TEXT NOT NULL, decision TEXT NOT NULL, actor TEXT NOT NULL, decided_at INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) STRICT""",
    """CREATE TABLE deployments (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, attempt_id TEXT NOT NULL REFERENCES attempts (id),
        run_id TEXT NOT NULL REFERENCES runs (id), service TEXT NOT NULL, environment TEXT NOT NULL,
        commit_sha TEXT NOT NULL, image TEXT NOT NULL, digest TEXT NOT NULL, release TEXT NOT NULL,
        revision INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, deployed_at INTEGER NOT NULL
    ) STRICT""",
)

# One index for each way in which the port asks; each ends in the order that the answer has.
_INDEXES = (
    "CREATE INDEX runs_by_service ON runs (service, started_at, id)",
    "CREATE INDEX attempts_by_time ON attempts (started_at, id)",
    "CREATE INDEX attempts_by_run ON attempts (run_id, started_at, id)",
    "CREATE INDEX attempts_by_service ON attempts (service, started_at, id)",
    "CREATE INDEX attempts_by_environment ON attempts (environment, started_at, id)",
    "CREATE INDEX attempts_by_place ON attempts (service, environment, started_at, id)",
    "CREATE INDEX steps_by_attempt ON steps (attempt_id, seq)",
    "CREATE INDEX approvals_by_run ON approvals (run_id, decided_at, id)",
    "CREATE INDEX deployments_by_time ON deployments (deployed_at, id)",
    "CREATE INDEX deployments_by_service ON deployments (service, deployed_at, id)",
    "CREATE INDEX deployments_by_environment ON deployments (environment, deployed_at, id)",
    "CREATE INDEX deployments_by_place ON deployments (service, environment, deployed_at, id)",
)


def _append_only(table: str, key: str) -> tuple[str, ...]:
    abort = f"BEGIN SELECT RAISE(ABORT, 'the ledger is append-only: {table}'); END"
    # INSERT OR REPLACE deletes without asking the delete trigger, so a known key is refused on its own.
    known = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})"  # noqa: S608 - names of ours
    return (
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {abort}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {abort}",
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {known} {abort}",
    )


_KEYS = {
    "runs": "id",
    "attempts": "id",
    "steps": "seq",
    "endings": "attempt_id",
    "approvals": "id",
    "deployments": "id",
}

_GATES = (
    """CREATE TABLE gates (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, attempt_id TEXT NOT NULL REFERENCES attempts (id),
        run_id TEXT NOT NULL REFERENCES runs (id), service TEXT NOT NULL, environment TEXT NOT NULL,
        image TEXT NOT NULL, digest TEXT NOT NULL, outcome TEXT NOT NULL, source TEXT NOT NULL,
        summary TEXT NOT NULL, judged_at INTEGER NOT NULL, details TEXT NOT NULL CHECK (json_valid(details))
    ) STRICT""",
    "CREATE INDEX gates_by_time ON gates (judged_at, id)",
    "CREATE INDEX gates_by_digest ON gates (digest, judged_at, id)",
    "CREATE INDEX gates_by_service ON gates (service, judged_at, id)",
    *_append_only("gates", "id"),
)

_MARKS = (
    """CREATE TABLE marks (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, says TEXT NOT NULL, service TEXT NOT NULL,
        environment TEXT NOT NULL, deployment TEXT NOT NULL, subject TEXT NOT NULL, title TEXT NOT NULL,
        actor TEXT NOT NULL, at INTEGER NOT NULL, said_at INTEGER NOT NULL
    ) STRICT""",
    "CREATE INDEX marks_by_time ON marks (said_at, id)",
    "CREATE INDEX marks_by_service ON marks (service, said_at, id)",
    "CREATE INDEX marks_by_place ON marks (service, environment, said_at, id)",
    *_append_only("marks", "id"),
)

# Messages come and go, so this table alone may change; nothing of what happened is in it that is not elsewhere.
_OUTBOX = (
    """CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, sink TEXT NOT NULL, series TEXT NOT NULL,
        second INTEGER NOT NULL, written_at INTEGER NOT NULL, fate TEXT NOT NULL, tries INTEGER NOT NULL,
        reason TEXT NOT NULL, not_before INTEGER NOT NULL, settled_at INTEGER NOT NULL, parcel TEXT NOT NULL
    ) STRICT""",
    "CREATE UNIQUE INDEX outbox_by_second ON outbox (series, second) WHERE series <> ''",
    "CREATE INDEX outbox_waiting ON outbox (sink, seq) WHERE fate = 'waiting'",
    "CREATE INDEX outbox_settled ON outbox (fate, settled_at)",
)

# Migration n leads from version n to version n + 1; version 0 is an empty file. They are never edited, only
# added to, and each of them leaves the rows that are there as they are.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        *_TABLES,
        *_INDEXES,
        *(trigger for table, key in _KEYS.items() for trigger in _append_only(table, key)),
    ),
    _GATES,
    ("ALTER TABLE deployments ADD COLUMN ingredients TEXT NOT NULL DEFAULT ''",),
    ("ALTER TABLE deployments ADD COLUMN changes TEXT NOT NULL DEFAULT ''", *_MARKS),
    _OUTBOX,
)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the file's tables, 0 for an empty file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_foreign(connection: sqlite3.Connection) -> bool:
    """Whether the file is some other program's database; an empty one is not."""
    connection.execute("BEGIN")
    try:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (objects,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    finally:
        connection.execute("ROLLBACK")
    return bool(application != APPLICATION_ID and (application or objects))


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the tables to the newest version in one transaction; another process may be doing the same.

    Raises:
        sqlite3.Error: a statement failed; the file is as it was.
    """
    if version_of(connection) >= len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again, now that nobody else can write: the other process may have been first.
        for number in range(version_of(connection), len(migrations)):
            for statement in migrations[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
