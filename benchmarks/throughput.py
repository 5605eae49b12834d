"""How much is written and told in a minute: attempts from 8 processes into SQLite and PostgreSQL, and DogStatsD's lines.

Every writer syncs each of its transactions: what is counted would survive a loss of power. Afterwards the rows are
counted against what the writers were promised.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.postgresql import Postgresql
from tests.fakes.records import a_run, an_attempt, an_ending
from tests.fakes.telling import an_attempt as a_told_attempt
from tests.fakes.telling import ended
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.ledgers import open_ledger
from trunkline.adapters.sinks.dogstatsd import DogStatsd
from trunkline.config.sinks import DogStatsdSettings
from trunkline.domain.parcels import message
from trunkline.domain.redaction import Redactor

_PROCESSES = 8
_SECONDS = 15.0
_INSERTS_A_MINUTE = 20_000
_LINES_A_SECOND = 100_000
_MESSAGES = 20_000
_LINES_OF_A_MESSAGE = 4


def main() -> None:
    """Print the table; as a writer, write."""
    with TemporaryDirectory(prefix="trunkline-bench-") as directory:
        _insert("SQLite", f"sqlite://{directory}/ledger.db")
    with Postgresql(durable=True) as server:
        _insert("PostgreSQL", server.url)
    _dogstatsd()


def _insert(name: str, url: str) -> None:
    command = [sys.executable, "-m", "benchmarks.throughput", url]
    writers = [
        subprocess.Popen([*command, f"w{number}"], stdout=subprocess.PIPE, text=True)
        for number in range(_PROCESSES)
    ]
    promised = sum(int(writer.communicate(timeout=_SECONDS * 4)[0]) for writer in writers)
    ledger = open_ledger({"TRUNKLINE_LEDGER": url}, Redactor())
    there = sum(1 for record in ledger.attempts(limit=10**9) if record.ending)
    ledger.close()
    # An attempt is two transactions: its beginning, and its end.
    a_minute = promised * 2 / _SECONDS * 60
    lost = promised - there
    print(
        f"  {name:12s} {a_minute:10,.0f} transactions a minute from {_PROCESSES} processes,"
        f" {lost} rows lost (budget {_INSERTS_A_MINUTE:,}, 0)"
    )


def write(url: str, name: str) -> None:
    """Begin and end attempts for a while; print how many."""
    ledger = open_ledger({"TRUNKLINE_LEDGER": url}, Redactor())
    ledger.open_run(a_run(name))
    until = time.monotonic() + _SECONDS
    count = 0
    while time.monotonic() < until:
        attempt = an_attempt(f"{name}-{count}", count, run_id=name)
        ledger.begin(attempt)
        ledger.end(an_ending(attempt.id, count + 30))
        count += 1
    ledger.close()
    print(count)


def _dogstatsd() -> None:
    one = ended(a_told_attempt())
    messages = [
        replace(message("dogstatsd", one, one_per_second=True), id=f"m{number}")
        for number in range(_MESSAGES)
    ]
    with _drain() as address:
        sink = DogStatsd(DogStatsdSettings(address), SystemClock(), "acme")
        begun = time.perf_counter()
        delivery = sink.send(messages, SystemClock().now(), 60)
        took_s = time.perf_counter() - begun
    lines = len(delivery.taken) * _LINES_OF_A_MESSAGE
    print(f"  DogStatsD    {lines / took_s:10,.0f} lines a second (budget {_LINES_A_SECOND:,})")


@contextmanager
def _drain() -> Iterator[str]:
    """A process that reads a socket and drops what it reads."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as reader:
        reader.bind(("127.0.0.1", 0))
        program = "import socket,sys; s = socket.socket(fileno=int(sys.argv[1]))\nwhile True: s.recv(65536)"
        process = subprocess.Popen(
            [sys.executable, "-c", program, str(reader.fileno())], pass_fds=[reader.fileno()]
        )
        try:
            yield f"udp://127.0.0.1:{reader.getsockname()[1]}"
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    write(*sys.argv[1:]) if Path(sys.argv[0]).name == "throughput.py" and len(sys.argv) > 2 else main()  # noqa: PLR2004 - a ledger and a name
