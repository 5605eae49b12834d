"""`trunkline sinks`, as a person runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook as Verifier

from tests.e2e.test_docs import console, page, run
from tests.e2e.workbench import Workbench
from tests.fakes.telling import an_attempt, began, ended, run_of
from tests.standins.datadog import DatadogStandin
from tests.standins.faults import BREAK, Fault
from tests.standins.receiver import Receiver
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.parcels import message
from trunkline.domain.redaction import Redactor

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1ob29r"


@pytest.fixture
def datadog() -> Iterator[DatadogStandin]:
    with DatadogStandin() as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path, datadog: DatadogStandin, hook: Receiver) -> Workbench:
    """A ledger with two messages that a command had to leave, in a directory without a project."""
    ledger = SqliteLedger(tmp_path / "a.db", Redactor())
    attempt = an_attempt()
    ledger.open_run(run_of(attempt))
    ledger.begin(attempt, [message(f"datadog-events {datadog.url[7:]}", began(attempt))])
    told = ended(attempt)
    assert told.ending is not None
    name = f"datadog-metrics {datadog.url[7:]}"
    ledger.end(told.ending, told.deployment, [message(name, told, one_per_second=True)])
    ledger.close()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/a.db",
        "DD_API_KEY": datadog.key,
        "DD_URL": datadog.url,
        "TRUNKLINE_WEBHOOK_URL": f"{hook.url}/hook",
        "TRUNKLINE_WEBHOOK_SECRET": SECRET,
    }
    return Workbench(tmp_path, environ)


def test_the_documented_commands(bench: Workbench) -> None:
    """Every command of docs/how-to/sinks.md works."""
    for command in console(page("sinks.md")):
        run(bench, command, {}, 0)


def test_what_waits_is_listed_and_flushed(bench: Workbench, datadog: DatadogStandin) -> None:
    """What was left is listed, delivered by `flush` under its own time, and then no longer waits."""
    before = {
        item["sink"]: item["waiting"] for item in bench.succeed("sinks", "list", "--output", "json").json
    }
    assert before == {"datadog-metrics": 1, "datadog-events": 1, "webhook": 0}
    flushed = bench.succeed("sinks", "flush", "--output", "json").json
    assert {item["sink"]: (item["delivered"], item["left"]) for item in flushed} == {
        "datadog-metrics": (1, False),
        "datadog-events": (1, False),
        "webhook": (0, False),
    }
    assert (len(datadog.metrics), len(datadog.events)) == (2, 1)
    after = bench.succeed("sinks", "list", "--output", "json").json
    assert [item["waiting"] for item in after] == [0, 0, 0]


def test_a_sink_that_does_not_answer(bench: Workbench, datadog: DatadogStandin) -> None:
    """`flush` says what is left and why, with its own exit code, and nothing is lost."""
    datadog.misbehave(lasting=BREAK)
    outcome = bench.trunkline("sinks", "flush", "--timeout", "3", "--output", "json")
    assert outcome.code == 7, str(outcome)
    assert {item["reason"] for item in outcome.json if item["left"]} == {"it answered 500"}
    datadog.misbehave()
    assert bench.succeed("sinks", "flush").code == 0
    assert len(datadog.events) == 1


def test_each_sink_is_tried(bench: Workbench, datadog: DatadogStandin, hook: Receiver) -> None:
    """`test` sends a marked measurement to each sink and says what came back; the secret is nowhere."""
    outcome = bench.succeed("sinks", "test", "--output", "json")
    assert [(item["sink"], item["good"]) for item in outcome.json] == [
        ("datadog-metrics", True),
        ("datadog-events", True),
        ("webhook", True),
    ]
    assert [metric["name"] for metric in datadog.metrics] == ["trunkline.sinks.test"]
    assert len(hook.posts) == 1
    datadog.misbehave(lasting=BREAK)
    refused = bench.trunkline("sinks", "test")
    assert refused.code == 7
    assert "it answered 500" in refused.stdout
    for said in (outcome.stdout, outcome.stderr, refused.stdout, refused.stderr, str(hook.posts)):
        assert SECRET not in said
        assert datadog.key not in said


def test_incidents_are_told(bench: Workbench, datadog: DatadogStandin, hook: Receiver) -> None:
    """An incident that is opened and closed is an event each time, and goes to the webhook."""
    bench.succeed("sinks", "flush")
    opened = bench.succeed(
        "incident", "open", "prod", "--service", "shop", "--title", "Checkout fails", "--output", "json"
    ).json
    bench.succeed("incident", "close", opened["id"])
    titles = [event["title"] for event in datadog.events[1:]]
    assert titles == [
        f"Trunkline Incident: shop in prod: Checkout fails ({word})" for word in ("Opened", "Closed")
    ]
    told = [Verifier(SECRET).verify(body, headers) for headers, body in hook.posts]
    assert [item["type"] for item in told] == ["incident-opened", "incident-closed"]
    assert told[1]["data"]["mark"]["subject"] == opened["id"]


def test_what_is_lost_is_listed(bench: Workbench, datadog: DatadogStandin) -> None:
    """What a sink will never take is listed with what it was and why."""
    datadog.misbehave(lasting=Fault(400))
    bench.trunkline("sinks", "flush")
    lost = bench.succeed("sinks", "lost", "--output", "json").json
    assert [item["reason"] for item in lost] == ["it answered 400 (Bad Request)"] * 2
    assert any("Release: shop-prod" in item["what"] for item in lost)
