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

from trunkline.adapters.ledgers import SqliteLedger
from trunkline.app.delivery import measure
from trunkline.app.incidents import told
from trunkline.domain.delivery.windows import Window
from trunkline.domain.redaction import Redactor

_SERVICES = 120
_ENVIRONMENTS = ("dev", "qa", "stage", "prod")
_ATTEMPTS = 1_000_000
_DAYS = 3 * 365
_RUNS = 15
_MS = 1000
_BUDGET_MS = 50
_END = datetime(2026, 11, 1, tzinfo=UTC)
_GOOD = 0.9

_Row = tuple[object, ...]


def main() -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="trunkline-bench-") as directory:
        path = Path(directory) / "ledger.db"
        rows = _fill(path)
        ledger = SqliteLedger(path, Redactor())
        print(f"{rows:,} attempts, {path.stat().st_size / 2**20:.0f} MB")
        month = Window(_END - timedelta(days=30), _END)
        for name, ask in {
            "measure SERVICE, 30 days": lambda: measure(ledger, "service-7", "", month, UTC, "UTC"),
            "measure SERVICE --environment prod": lambda: measure(
                ledger, "service-7", "prod", month, UTC, "UTC"
            ),
            "deployment list": lambda: told(ledger, "service-7", "prod", 20),
            "history": lambda: ledger.attempts(service="service-7", limit=20),
        }.items():
            print(f"  {name:40s} {_median_ms(ask):8.1f} ms (budget {_BUDGET_MS})")
        ledger.close()


def _median_ms(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(_RUNS):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * _MS)
    return statistics.median(times)


def _fill(path: Path) -> int:
    SqliteLedger(path, Redactor()).faults()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    made = 0
    for run, attempts, endings, deployments in _history():
        connection.execute("INSERT INTO runs VALUES (NULL,?,?,?,?,?,?,?,?)", run)
        connection.executemany("INSERT INTO attempts VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?)", attempts)
        connection.executemany("INSERT INTO endings VALUES (NULL,?,?,?,?,?,?,?,?)", endings)
        connection.executemany(
            "INSERT INTO deployments VALUES (NULL,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", deployments
        )
        made += len(attempts)
    connection.execute("COMMIT")
    connection.close()
    return made


def _history() -> Iterator[tuple[_Row, list[_Row], list[_Row], list[_Row]]]:
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
        yield run, attempts, endings, deployments


if __name__ == "__main__":
    main()
