"""How long the ledger keeps a command waiting: `python -m benchmarks.bench_ledger [ATTEMPTS]`.

Prints the median and the 95th percentile of what a deployment writes, of what is asked of a
ledger with many attempts (100,000 unless told), and of opening it. Each commit is timed with the sync that
makes it survive a loss of power, and once without, to show what that costs on this disk.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from trunkline.adapters.ledgers import SqliteLedger
from trunkline.adapters.ledgers.rows import insert
from trunkline.domain.attempts import Attempt, Deployment, Ending, Outcome, Run, Stage
from trunkline.domain.redaction import Redactor

ROUNDS = 200
START = datetime(2026, 1, 1, tzinfo=UTC)
ENVIRONMENTS = ("dev", "qa", "prod")
SERVICES = tuple(f"service-{number}" for number in range(20))
REDACTOR = Redactor(["a-password-of-some-length", "another-one/with+signs=="])
CI = {
    f"CIRCLE_{name}": "https://ci.example/gh/org/repo/12345" for name in ("BUILD_URL", "JOB", "WORKFLOW_ID")
}


def records(count: int, run: Run, first: int = 0) -> Iterator[tuple[Attempt, Ending, Deployment | None]]:
    """Attempts a minute apart, one in ten of which fails, over all services and environments."""
    for number in range(first, first + count):
        at = START + timedelta(minutes=number)
        service, environment = SERVICES[number % len(SERVICES)], ENVIRONMENTS[number // 20 % 3]
        name, failed = f"{number:026d}", number % 10 == 0
        sha = f"{number:040x}"
        attempt = Attempt(
            name, run.id, service, Stage.DEPLOY, sha, "ada", at, environment, image=f"r.example/{sha}", ci=CI
        )
        outcome = Outcome.FAILED if failed else Outcome.SUCCEEDED
        ending = Ending(name, at + timedelta(seconds=40), outcome, reason="It crashes on start." * failed)
        deployment = Deployment(
            id=name,
            attempt_id=name,
            run_id=run.id,
            service=service,
            environment=environment,
            commit=sha,
            image=attempt.image,
            digest="sha256:" + "0" * 64,
            release=service,
            revision=number,
            kind=attempt.kind,
            actor="ada",
            deployed_at=ending.finished_at,
        )
        yield attempt, ending, None if failed else deployment


def fill(ledger: SqliteLedger, count: int, run: Run) -> None:
    """Many attempts in one transaction: filling is not what is measured."""
    ledger.open_run(run)
    with ledger._file.writing() as connection:  # noqa: SLF001 - see above
        for attempt, ending, deployment in records(count, run):
            insert(connection, "attempts", attempt, REDACTOR)
            insert(connection, "endings", ending, REDACTOR)
            if deployment is not None:
                insert(connection, "deployments", deployment, REDACTOR)


def report(what: str, deed: Callable[[], object], rounds: int = ROUNDS) -> None:
    """Time a deed and print its line."""
    taken: list[float] = []
    for _ in range(rounds):
        began = perf_counter()
        deed()
        taken.append((perf_counter() - began) * 1000)
    print(f"  {what:<52}{median(taken):>10.3f}{quantiles(taken, n=20)[-1]:>10.3f}")


def latest(ledger: SqliteLedger) -> object:
    """The newest deployment and attempt of each environment, as a need or a dashboard asks for them."""
    deployments = tuple(
        item
        for environment in ENVIRONMENTS
        for item in ledger.deployments(service=SERVICES[7], environment=environment, limit=1)
    )
    tries = tuple(
        item
        for environment in ENVIRONMENTS
        for item in ledger.attempts(service=SERVICES[7], environment=environment, limit=1)
    )
    return deployments, tries


def main(count: int = 100_000) -> None:
    """Make a ledger, measure, print, and leave nothing behind."""
    run = Run("run", SERVICES[0], "0" * 40, "main", "ada", START, ci=CI)
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as directory:
        path = Path(directory) / "ledger.db"
        with closing(SqliteLedger(path, REDACTOR)) as ledger:
            fill(ledger, count, run)
            size = f"{count:,} attempts, {path.stat().st_size / 2**20:.0f} MiB"
            print(f"\nLedger\n  {size:<52}{'median ms':>10}{'p95 ms':>10}")
            new = records(10 * ROUNDS, run, first=count)

            def begin_and_end() -> None:
                attempt, ending, deployment = next(new)
                ledger.begin(attempt)
                ledger.end(ending, deployment)

            connection = ledger._file._connection  # noqa: SLF001 - to compare with less durable commits
            assert connection is not None
            report("write: begin + end, synced (two commits)", begin_and_end)
            connection.execute("PRAGMA synchronous = NORMAL")
            report("write: begin + end, not synced, for comparison", begin_and_end)
            connection.execute("PRAGMA synchronous = FULL")
            report("the newest of 3 environments of one service", lambda: latest(ledger))
            report(
                "history: 50 attempts of one service",
                lambda: ledger.attempts(service=SERVICES[7]),
            )
            report("run by prefix", lambda: ledger.run("ru"))

        def open_and_ask() -> None:
            with closing(SqliteLedger(path, REDACTOR)) as again:
                again.run("run")

        report("open, ask for a run, close", open_and_ask)
    report_new_file()


def report_new_file() -> None:
    """The first command ever: making the file, its tables and its first row."""
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as directory:
        names = iter(range(1000))

        def first_use() -> None:
            with closing(SqliteLedger(Path(directory) / f"{next(names)}.db", REDACTOR)) as ledger:
                ledger.open_run(Run("run", "service", "0" * 40, "main", "ada", START))

        report("first use: make the file, its tables, one run", first_use, 20)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
