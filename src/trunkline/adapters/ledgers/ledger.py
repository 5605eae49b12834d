"""The port `Ledger` over a database that speaks SQL: SQLite's one file, or PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from trunkline.adapters.ledgers import outbox
from trunkline.adapters.ledgers.database import Database, Row
from trunkline.adapters.ledgers.file import LedgerFile
from trunkline.adapters.ledgers.journal import MOUNTS
from trunkline.adapters.ledgers.rows import (
    ARRIVAL,
    clean,
    columns_of,
    insert,
    micros,
    moment,
    read,
    read_arrivals,
    read_many,
    read_record,
)
from trunkline.adapters.ledgers.transfer import add, entries, faults
from trunkline.domain.attempts import (
    Approval,
    Arrival,
    Attempt,
    AttemptRecord,
    Deployment,
    Ending,
    Outcome,
    Run,
    Stage,
)
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.parcels import Lost, Message, Queue, Settlement
from trunkline.domain.redaction import Redactor
from trunkline.domain.totals import Tally
from trunkline.ports.ledger import Added

BUSY_TIMEOUT_S = 10.0


class SqlLedger:
    """Implements the port `Ledger`; threads and processes may use one database at once.

    Lists are ordered by time, and by id (which is time-ordered, too) where two moments are equal. What is
    written and what is asked for pass the same redactor, so that a key is found again however it was masked.

    Args:
        database: where it is kept.
        redactor: every text passes it before it is written.

    Raises (each method):
        Unreachable: the database cannot be read or written, or holds no ledger of ours.
        ValueError: a row contradicts what is written already: an id twice, a second ending, an unknown run.
    """

    def __init__(self, database: Database, redactor: Redactor) -> None:
        self._database = database
        self._redactor = redactor

    @property
    def database(self) -> Database:
        """Where it is kept, for who builds on it."""
        return self._database

    def open_run(self, run: Run) -> None:
        """See the port. A run that is already there stays as it is: the jobs of a CI workflow share theirs."""
        with self._database.writing() as connection:
            name = self._clean(run.id)
            self._database.lock(connection, name)
            if not connection.execute("SELECT 1 FROM runs WHERE id = :id", {"id": name}).fetchone():
                insert(connection, "runs", run, self._redactor)

    def run(self, run_id: str) -> Run | None:
        """See the port. None as well where several ids begin so, unless one of them is exactly that."""
        prefix = self._clean(run_id)
        if not prefix:
            return None
        with self._database.reading() as connection:
            # A range, which the index answers; GLOB and LIKE would give the person's text a meaning.
            rows = connection.execute(
                "SELECT * FROM runs WHERE id >= :first AND id < :last ORDER BY id LIMIT 2",
                {"first": prefix, "last": f"{prefix}\U0010ffff"},
            ).fetchall()
        if rows and (len(rows) == 1 or rows[0]["id"] == prefix):
            return read(Run, rows[0])
        return None

    def runs(self, service: str, limit: int = 20) -> tuple[Run, ...]:
        """See the port."""
        rows = self._newest("SELECT * FROM runs", "started_at", {"service": service}, limit)
        return tuple(read(Run, row) for row in rows)

    def begin(self, attempt: Attempt, messages: Iterable[Message] = ()) -> None:
        """See the port."""
        with self._database.writing() as connection:
            insert(connection, "attempts", attempt, self._redactor)
            outbox.post(self._database, connection, messages, self._redactor)

    def intend(self, attempt_id: str, step: str, at: datetime) -> None:
        """See the port."""
        with self._database.writing() as connection:
            connection.execute(
                "INSERT INTO steps (attempt_id, step, at) VALUES (:attempt_id, :step, :at)",
                {"attempt_id": self._clean(attempt_id), "step": self._clean(step), "at": micros(at)},
            )

    def end(
        self, ending: Ending, deployment: Deployment | None = None, messages: Iterable[Message] = ()
    ) -> None:
        """See the port."""
        with self._database.writing() as connection:
            insert(connection, "endings", ending, self._redactor)
            if deployment is not None:
                insert(connection, "deployments", deployment, self._redactor)
            outbox.post(self._database, connection, messages, self._redactor)

    def claim(self, sink: str, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """See the port."""
        with self._database.writing() as connection:
            return outbox.claim(self._database, connection, self._clean(sink), now, until, limit)

    def settle(self, settlements: Iterable[Settlement], now: datetime) -> None:
        """See the port."""
        with self._database.writing() as connection:
            outbox.settle(connection, settlements, now, self._redactor)

    def queues(self) -> tuple[Queue, ...]:
        """See the port."""
        with self._database.reading() as connection:
            return outbox.queues(connection)

    def lost(self, sink: str = "", limit: int = 50) -> tuple[Lost, ...]:
        """See the port."""
        with self._database.reading() as connection:
            return outbox.lost(connection, self._clean(sink), limit)

    def decide(self, approval: Approval) -> None:
        """See the port."""
        with self._database.writing() as connection:
            insert(connection, "approvals", approval, self._redactor)

    def judge(self, gate: GateRecord) -> None:
        """See the port."""
        with self._database.writing() as connection:
            insert(connection, "gates", gate, self._redactor)

    def gates(self, *, digest: str = "", service: str = "", limit: int = 50) -> tuple[GateRecord, ...]:
        """See the port."""
        rows = self._newest("SELECT * FROM gates", "judged_at", {"digest": digest, "service": service}, limit)
        return tuple(read(GateRecord, row) for row in rows)

    def approvals(self, run_id: str, environment: str = "") -> tuple[Approval, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT * FROM approvals WHERE run_id = :run_id AND (:environment = '' OR environment = :environment)"
                " ORDER BY decided_at, id",
                {"run_id": self._clean(run_id), "environment": self._clean(environment)},
            ).fetchall()
        return tuple(read(Approval, row) for row in rows)

    def attempts(
        self,
        *,
        run_id: str = "",
        service: str = "",
        environment: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> tuple[AttemptRecord, ...]:
        """See the port."""
        rows = self._newest(
            "SELECT * FROM attempts LEFT JOIN endings ON endings.attempt_id = attempts.id",
            "started_at",
            {"run_id": run_id, "service": service, "environment": environment},
            limit,
            since,
        )
        return tuple(read_record(row) for row in rows)

    def tallies(self, service: str, environment: str) -> tuple[Tally, ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "WITH ended AS (SELECT stage, outcome, finished_at, finished_at - started_at AS took,"
                " row_number() OVER (PARTITION BY stage, outcome ORDER BY finished_at DESC) AS place"
                " FROM attempts JOIN endings ON endings.attempt_id = attempts.id"
                " WHERE service = :service AND environment = :environment)"
                " SELECT stage, outcome, count(*) AS count, CAST(sum(took) AS BIGINT) AS total,"
                " max(finished_at) AS last, max(CASE place WHEN 1 THEN took END) AS newest"
                " FROM ended GROUP BY stage, outcome",
                {"service": self._clean(service), "environment": self._clean(environment)},
            ).fetchall()
        return tuple(
            Tally(
                Stage(row["stage"]),
                Outcome(row["outcome"]),
                row["count"],
                row["total"] / 1e6,
                moment(row["last"]),
                row["newest"] / 1e6,
            )
            for row in rows
        )

    def steps(self, attempt_id: str) -> tuple[tuple[str, datetime], ...]:
        """See the port."""
        with self._database.reading() as connection:
            rows = connection.execute(
                "SELECT step, at FROM steps WHERE attempt_id = :attempt_id ORDER BY seq",
                {"attempt_id": self._clean(attempt_id)},
            ).fetchall()
        return tuple((row["step"], moment(row["at"])) for row in rows)

    def deployments(
        self, *, service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[Deployment, ...]:
        """See the port."""
        rows = self._newest(
            f"SELECT {columns_of(Deployment)} FROM deployments",  # noqa: S608 - names of ours
            "deployed_at",
            {"service": service, "environment": environment},
            limit,
        )
        return tuple(read_many(Deployment, rows))

    def arrivals(self, *, service: str = "", environment: str = "") -> tuple[Arrival, ...]:
        """See the port."""
        wishes = {"service": self._clean(service), "environment": self._clean(environment)}
        where = " AND ".join(f"{column} = :{column}" for column, value in wishes.items() if value) or "TRUE"
        with self._database.reading() as connection:
            # In the order of the index, which is nearly that of the rows: they are thousands.
            select = f"SELECT {ARRIVAL} FROM deployments WHERE {where} ORDER BY deployed_at"  # noqa: S608 - names of ours
            return read_arrivals(connection.execute(select, wishes))

    def mark(self, mark: Mark, messages: Iterable[Message] = ()) -> None:
        """See the port."""
        with self._database.writing() as connection:
            insert(connection, "marks", mark, self._redactor)
            outbox.post(self._database, connection, messages, self._redactor)

    def marks(self, *, service: str = "", environment: str = "", limit: int = 50) -> tuple[Mark, ...]:
        """See the port."""
        rows = self._newest(
            "SELECT * FROM marks", "said_at", {"service": service, "environment": environment}, limit
        )
        return tuple(read(Mark, row) for row in rows)

    def entries(self) -> Iterator[LedgerRecord]:
        """See the port."""
        with self._database.reading() as connection:
            yield from entries(connection)

    def add(self, records: Iterable[LedgerRecord]) -> Added:
        """See the port."""
        with self._database.writing() as connection:
            return add(connection, records, self._redactor, self._database.contradiction)

    def faults(self) -> tuple[str, ...]:
        """See the port."""
        with self._database.reading() as connection:
            return (*self._database.faults(connection), *faults(connection))

    def close(self) -> None:
        """See the port."""
        self._database.close()

    def _newest(
        self, select: str, time: str, wanted: dict[str, str], limit: int, since: datetime | None = None
    ) -> list[Row]:
        """The newest `limit` rows whose columns are as wanted; an empty wish is none."""
        wishes: dict[str, str | int] = {
            column: self._clean(value) for column, value in wanted.items() if value
        }
        where = " AND ".join(f"{column} = :{column}" for column in wishes) or "TRUE"
        if since is not None:
            wishes["since"] = micros(since)
            where += f" AND {time} >= :since"
        query = f"{select} WHERE {where} ORDER BY {time} DESC, id DESC LIMIT :limit"
        with self._database.reading() as connection:
            # Below zero SQLite would take a limit for none, and PostgreSQL for a mistake.
            return connection.execute(query, {**wishes, "limit": max(limit, 0)}).fetchall()

    def _clean(self, text: str) -> str:
        return clean(text, self._redactor)


class SqliteLedger(SqlLedger):
    """The ledger in one file.

    Args:
        path: the file; it is made, with the directories above it, at the first use.
        redactor: see `SqlLedger`.
        busy_timeout_s: how long to wait for other processes that write.
        mounts: where the system lists its mounts; see `journal.journal_for`.
    """

    def __init__(
        self,
        path: Path,
        redactor: Redactor,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        mounts: Path = MOUNTS,
    ) -> None:
        self._file = LedgerFile(path, busy_timeout_s, mounts)
        super().__init__(self._file, redactor)
