"""200 deployments are recorded by processes that are killed at any moment, while every sink misbehaves: nothing is lost.

Afterwards each measurement has arrived, exactly once where the sink lets that be (a backend that keeps the last value of
a second, or knows ids), or is listed with the reason.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.sinks.worker import sinks
from tests.standins.datadog import DatadogStandin
from tests.standins.dogstatsd import DogStatsdStandin
from tests.standins.faults import DROP, HANG, LOSE_ANSWER, Fault, limit_rate
from tests.standins.receiver import Receiver
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.redaction import Redactor
from trunkline.run.courier import Courier

DEPLOYMENTS = 200
AT_ONCE = 4
FAULTS = (
    DROP,
    LOSE_ANSWER,
    LOSE_ANSWER,
    Fault(500),
    Fault(503),
    Fault(408),
    limit_rate(0),
    limit_rate(1),
    HANG,
)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


def test_nothing_is_lost(tmp_path: Path, hook: Receiver) -> None:
    """See above."""
    dice = random.Random(1)
    path, socket = tmp_path / "ledger.db", tmp_path / "dsd.socket"
    with DatadogStandin() as datadog, DogStatsdStandin(socket) as agent:
        where = (datadog.url, f"{hook.url}/hook", str(socket))
        datadog.misbehave(*(dice.choice(FAULTS) for _ in range(150)))
        hook.answers = [dice.choice([200, 500, 429]) for _ in range(150)]
        _record_while_killing(path, where, dice)
        datadog.misbehave()
        with datadog._changed:
            datadog._faults.clear()
        hook.answers = []
        _deliver_the_rest(path, where)
        _check(path, datadog, agent, hook)


def _record_while_killing(path: Path, where: tuple[str, ...], dice: random.Random) -> None:
    """Start processes, kill half of them at a random moment, until so many deployments have ended."""
    deadline = time.monotonic() + 120
    number = 0
    while _ended(path) < DEPLOYMENTS:
        assert time.monotonic() < deadline, _ended(path)
        running = []
        for _ in range(AT_ONCE):
            number += 1
            command = [
                sys.executable,
                "-m",
                "tests.contract.sinks.worker",
                str(path),
                f"p{number:03}",
                "12",
                *where,
            ]
            running.append(subprocess.Popen(command))
        for process in running:
            if dice.random() < 0.5:
                time.sleep(dice.random() * 0.4)
                process.kill()
        for process in running:
            process.wait(60)


def _ended(path: Path) -> int:
    ledger = SqliteLedger(path, Redactor())
    try:
        return sum(record.ending is not None for record in ledger.attempts(limit=2**31))
    finally:
        ledger.close()


def _deliver_the_rest(path: Path, where: tuple[str, ...]) -> None:
    """`trunkline sinks flush`, until nothing waits: who was killed with a message in its hands lets go after 15 s."""
    ledger = SqliteLedger(path, Redactor())
    deadline = time.monotonic() + 60
    while any(queue.waiting for queue in ledger.queues()):
        assert time.monotonic() < deadline, ledger.queues()
        Courier(ledger, sinks(*where), SystemClock(), Redactor(), lambda _: None).flush(20)
        time.sleep(0.5)
    ledger.close()


def _check(path: Path, datadog: DatadogStandin, agent: DogStatsdStandin, hook: Receiver) -> None:
    ledger = SqliteLedger(path, Redactor())
    records = ledger.attempts(limit=2**31)
    ended = {record.attempt.id for record in records if record.ending is not None}
    undeliverable = Counter(
        queue.sink.split()[0] for queue in ledger.queues() for _ in range(queue.undeliverable)
    )
    lost = ledger.lost(limit=2**31)
    ledger.close()
    assert all(item.reason for item in lost)
    told = {key.removeprefix("d-") for key in datadog.kept("deployment")}
    assert told - ended == set(), [(r.attempt.id, r.ending) for r in records if r.attempt.id in told - ended]
    counts = [value for (name, _, _), value in datadog.stored.items() if name.endswith(".count")]
    assert sum(counts) + undeliverable["datadog-metrics"] == len(ended)
    assert len(datadog.kept("deployment")) + undeliverable["datadog-dora"] == len(ended)
    assert sum(value for (name, _, _), value in agent.stored.items() if name.endswith(".count")) == len(ended)
    assert agent.mistakes == []
    ids = {headers["webhook-id"] for headers, _ in hook.posts}
    assert len(ids) == len(ended) + len(records)
    titles = Counter(event["title"].rpartition(" ")[2] for event in datadog.events)
    # Datadog has no id for events: what lost its answer is there twice, and nothing is missing.
    assert titles["(Success)"] >= len(ended)
    assert titles["(Info)"] >= len(records)
    assert undeliverable["datadog-events"] == 0
