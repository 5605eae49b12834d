"""The ledger's tables in PostgreSQL: the same as SQLite's, with the same promises.

Moments are microseconds since 1970 in UTC (`to_timestamp(started_at / 1e6)` reads one by hand). Every table but the
outbox refuses UPDATE, DELETE and TRUNCATE by a trigger.
"""

from __future__ import annotations

SCHEMA = "trunkline"

_TEXT = 'TEXT COLLATE "C" NOT NULL'
_SEQ = "seq BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
_ID = 'id TEXT COLLATE "C" NOT NULL UNIQUE'
_RUN = 'run_id TEXT COLLATE "C" NOT NULL REFERENCES runs (id)'
_ATTEMPT = 'attempt_id TEXT COLLATE "C" NOT NULL REFERENCES attempts (id)'


def _table(name: str, *columns: str) -> str:
    return f"CREATE TABLE {name} ({', '.join(columns)})"


def _texts(*names: str) -> tuple[str, ...]:
    return tuple(f"{name} {_TEXT}" for name in names)


def _numbers(*names: str) -> tuple[str, ...]:
    return tuple(f"{name} BIGINT NOT NULL" for name in names)


_TABLES = {
    "runs": (
        _SEQ, _ID, *_texts("service", "commit_sha", "branch", "actor", "until", "ci"), *_numbers("started_at"),
    ),
    "attempts": (
        _SEQ, _ID, _RUN,
        *_texts("service", "stage", "commit_sha", "actor", "environment", "branch", "image", "release", "kind", "ci"),
        *_numbers("started_at"),
    ),
    "steps": (_SEQ, _ATTEMPT, *_texts("step"), *_numbers("at")),
    "endings": (
        _SEQ, f"{_ATTEMPT} UNIQUE", *_texts("outcome", "reason", "cause", "undone", "digest"),
        *_numbers("finished_at", "revision"),
    ),
    "approvals": (
        _SEQ, _ID, _RUN, *_texts("environment", "decision", "actor", "reason"), *_numbers("decided_at"),
    ),
    "deployments": (
        _SEQ, _ID, _ATTEMPT, _RUN,
        *_texts(
            "service", "environment", "commit_sha", "image", "digest", "release", "kind", "actor", "ingredients",
            "changes",
        ),
        *_numbers("revision", "deployed_at"),
    ),
    "gates": (
        _SEQ, _ID, _ATTEMPT, _RUN,
        *_texts("service", "environment", "image", "digest", "outcome", "source", "summary", "details"),
        *_numbers("judged_at"),
    ),
    "marks": (
        _SEQ, _ID, *_texts("says", "service", "environment", "deployment", "subject", "title", "actor"),
        *_numbers("at", "said_at"),
    ),
}  # fmt: skip
_OUTBOX = _table(
    "outbox",
    _SEQ,
    _ID,
    *_texts("sink", "series", "fate", "reason", "parcel"),
    *_numbers("second", "written_at", "tries", "not_before", "settled_at"),
)

# One index for each way in which the port asks, as in SQLite.
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
    "CREATE INDEX gates_by_time ON gates (judged_at, id)",
    "CREATE INDEX gates_by_digest ON gates (digest, judged_at, id)",
    "CREATE INDEX gates_by_service ON gates (service, judged_at, id)",
    "CREATE INDEX marks_by_time ON marks (said_at, id)",
    "CREATE INDEX marks_by_service ON marks (service, said_at, id)",
    "CREATE INDEX marks_by_place ON marks (service, environment, said_at, id)",
    "CREATE UNIQUE INDEX outbox_by_second ON outbox (series, second) WHERE series <> ''",
    "CREATE INDEX outbox_waiting ON outbox (sink, seq) WHERE fate = 'waiting'",
    "CREATE INDEX outbox_settled ON outbox (fate, settled_at)",
)

_APPEND_ONLY = """CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only: %', TG_TABLE_NAME; END $$"""

# Migration n leads from version n to version n + 1. They are never edited, only added to.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        "CREATE TABLE version (number BIGINT NOT NULL)",
        "INSERT INTO version VALUES (0)",
        *(_table(name, *columns) for name, columns in _TABLES.items()),
        _OUTBOX,
        *_INDEXES,
        _APPEND_ONLY,
        *(
            f"CREATE TRIGGER {name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {name}"
            " FOR EACH STATEMENT EXECUTE FUNCTION append_only()"
            for name in _TABLES
        ),
    ),
)
