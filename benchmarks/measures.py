"""`trunkline measure` over a ledger of 1,000,000 attempts: 120 services, 4 environments, three years.

The ledger is made with the tables of the program itself, row by row as a migration would find them, but in bulk.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from dev.postgresql import Postgresql
from trunkline.adapters.ledgers import SqliteLedger, open_ledger
from trunkline.adapters.ledgers.postgresql_schema import SCHEMA
from trunkline.app.delivery import measure
from trunkline.app.incidents import told
from trunkline.domain.delivery.windows import Window
from trunkline.domain.redaction import Redactor
from trunkline.ports.ledger import Ledger

_SERVICES = 120
_ENVIRONMENTS = ("dev", "qa", "stage", "prod")
_ATTEMPTS = 1_000_000
_DAYS = 3 * 365
_RUNS = 15
_PATIENCE_S = 10.0
_MS = 1000
_BUDGET_MS = 50
_END = datetime(2026, 11, 1, tzinfo=UTC)
_GOOD = 0.9

_Row = tuple[object, ...]
_COLUMNS = {
    "runs": ("id", "service", "commit_sha", "branch", "actor", "started_at", "until", "ci"),
    "attempts": (
        "id", "run_id", "service", "stage", "commit_sha", "actor", "started_at", "environment", "branch", "image",
        "release", "kind", "ci",
    ),
    "endings": ("attempt_id", "finished_at", "outcome", "reason", "cause", "undone", "digest", "revision"),
    "deployments": (
        "id", "attempt_id", "run_id", "service", "environment", "commit_sha", "image", "digest", "release", "revision",
        "kind", "actor", "deployed_at", "ingredients", "changes",
    ),
}  # fmt: skip


def main() -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="trunkline-bench-") as directory:
        path = Path(directory) / "ledger.db"
        _fill_file(path)
        print(f"{_ATTEMPTS:,} attempts in SQLite, {path.stat().st_size / 2**20:.0f} MB")
        _ask(SqliteLedger(path, Redactor()))
    with Postgresql() as server:
        _fill_server(server.url)
        print(f"{_ATTEMPTS:,} attempts in PostgreSQL")
        _ask(open_ledger({"TRUNKLINE_LEDGER": server.url}, Redactor()))


def _ask(ledger: Ledger) -> None:
    month = Window(_END - timedelta(days=30), _END)
    for name, ask in {
        "measure SERVICE, 30 days": lambda: measure(ledger, "service-7", "", month, UTC, "UTC"),
        "measure SERVICE --environment prod": lambda: measure(ledger, "service-7", "prod", month, UTC, "UTC"),
        "measure, all 120 services": lambda: measure(ledger, "", "", month, UTC, "UTC"),
        "deployment list": lambda: told(ledger, "service-7", "prod", 20),
        "history": lambda: ledger.attempts(service="service-7", limit=20),
    }.items():
        print(f"  {name:40s} {_median_ms(ask):8.1f} ms (budget {_BUDGET_MS})")
    ledger.close()


def _median_ms(ask: Callable[[], object]) -> float:
    times: list[float] = []
    while len(times) < _RUNS and sum(times) < _PATIENCE_S * _MS:
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * _MS)
    return statistics.median(times)


def _fill_file(path: Path) -> None:
    SqliteLedger(path, Redactor()).faults()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    for table, rows in _tables():
        columns = _COLUMNS[table]
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
            rows,
        )
    connection.execute("COMMIT")
    connection.close()


def _fill_server(url: str) -> None:
    import psycopg  # noqa: PLC0415 - an extra

    open_ledger({"TRUNKLINE_LEDGER": url}, Redactor()).runs("", 1)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET search_path = {SCHEMA}")
        for table, rows in _tables():
            with connection.cursor().copy(f"COPY {table} ({', '.join(_COLUMNS[table])}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        connection.execute("VACUUM ANALYZE")


def _tables() -> Iterator[tuple[str, Iterator[_Row]]]:
    """The rows of each table, each behind those that it refers to."""
    for index, table in enumerate(_COLUMNS):
        yield table, (row for rows in _history() for row in rows[index])


def _history() -> Iterator[tuple[list[_Row], list[_Row], list[_Row], list[_Row]]]:
    """Runs of five attempts: a build, and a deployment to each environment; one in ten fails and stops its run."""
    dice = Random(1)
    runs = _ATTEMPTS // 5
    span = timedelta(days=_DAYS)
    standing: dict[tuple[str, str], str] = {}
    for number in range(runs):
        service = f"service-{dice.randrange(_SERVICES)}"
        commit = f"{number:040x}"
        begun = _END - span + span * number / runs
        at = int(begun.timestamp() * 1_000_000)
        run: _Row = (f"r{number}", service, commit, "main", "ada", at, "", "{}")
        attempts: list[_Row] = []
        endings: list[_Row] = []
        deployments: list[_Row] = []
        for index, place in enumerate(("", *_ENVIRONMENTS)):
            name, start = f"a{number}-{index}", at + index * 600_000_000
            stage = "deploy" if place else "build"
            attempts.append(
                (
                    name,
                    run[0],
                    service,
                    stage,
                    commit,
                    "ada",
                    start,
                    place,
                    "main",
                    "image",
                    service,
                    "release",
                    '{"CIRCLE_BUILD_NUM":"1"}',
                )
            )
            good = dice.random() < _GOOD
            end = start + dice.randrange(30, 300) * 1_000_000
            cause = "" if good else dice.choice(["crash-loop", "image-not-found"])
            endings.append((name, end, "succeeded" if good else "failed", "", cause, "", "", 1))
            if place and good:
                base = standing.get((service, place), "")
                commits = [[f"{number:040x}", (at - 3_600_000_000) // 1_000_000]]
                changes = json.dumps({"base": base, "commits": commits}, separators=(",", ":"))
                standing[service, place] = commit
                deployments.append(
                    (
                        name,
                        name,
                        run[0],
                        service,
                        place,
                        commit,
                        "image",
                        "",
                        service,
                        1,
                        "release",
                        "ada",
                        end,
                        "",
                        changes,
                    )
                )
        yield [run], attempts, endings, deployments


if __name__ == "__main__":
    main()
