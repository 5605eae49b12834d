"""A process that records deployments and tells of them, until it is done or killed.

python -m tests.contract.sinks.worker LEDGER PREFIX COUNT DATADOG_URL WEBHOOK_URL SOCKET
"""

from __future__ import annotations

import random
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tests.fakes.telling import an_attempt, began, ended, run_of
from tests.standins.datadog import KEY
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.adapters.sinks.datadog import DatadogDora, DatadogEvents, DatadogMetrics
from trunkline.adapters.sinks.dogstatsd import DogStatsd
from trunkline.adapters.sinks.webhook import Webhook
from trunkline.config.sinks import DatadogSettings, DogStatsdSettings, WebhookSettings
from trunkline.domain.redaction import Redactor
from trunkline.events import Finished
from trunkline.ports.outbox import Sink, messages_for
from trunkline.run.courier import Courier


def sinks(datadog_url: str, webhook_url: str, socket: str) -> tuple[Sink, ...]:
    """What is told."""
    clock, redactor = SystemClock(), Redactor()
    given = (DatadogSettings(api_key=KEY, url=datadog_url), HttpClient(), clock, redactor)
    return (
        DatadogMetrics(*given),
        DatadogEvents(*given),
        DatadogDora(*given),
        DogStatsd(DogStatsdSettings(f"unix://{socket}"), clock, "sentinelsix"),
        Webhook(WebhookSettings(webhook_url), HttpClient(), clock, redactor),
    )


def main(path: str, prefix: str, count: str, *where: str) -> None:
    """Each command records one deployment and closes its courier, as `trunkline release` does."""
    told = sinks(*where)
    ledger, outbox = SqliteLedger(Path(path), Redactor()), SqliteLedger(Path(path), Redactor())
    dice = random.Random(prefix)
    for number in range(int(count)):
        courier = Courier(outbox, told, SystemClock(), Redactor(), lambda _: None)
        attempt = replace(
            an_attempt(started_at=datetime.now(UTC)), id=f"{prefix}-{number:04}-deployment", run_id=prefix
        )
        ledger.open_run(run_of(attempt))
        for parcel in (began(attempt), ended(attempt, seconds=dice.random() / 100)):
            messages = messages_for(told, parcel)
            if parcel.ending is None:
                ledger.begin(attempt, messages)
            else:
                ledger.end(parcel.ending, parcel.deployment, messages)
            courier.on_event(Finished(parcel.at, attempt, parcel.ending or ended(attempt).ending))  # type: ignore[arg-type] # it has one
        courier.close(dice.choice([0.0, 0.02, 0.2]))


if __name__ == "__main__":
    main(*sys.argv[1:])
