"""A team's bench for sinks: what happens is written to a ledger in memory, and a real courier takes it from there."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.fakes.ledger import FakeLedger
from trunkline.adapters.clock import SystemClock
from trunkline.domain.attempts import Attempt, Deployment, Ending, Kind, Outcome, Run, Stage
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.parcels import Origin, Parcel, of_attempt
from trunkline.domain.redaction import Redactor
from trunkline.events import Finished
from trunkline.ports import Clock
from trunkline.ports.outbox import Sink, messages_for
from trunkline.run.courier import Courier, Report

COMMIT = "3f2a1bc" + "0" * 33
DIGEST = "sha256:" + "a" * 64
IMAGE = "quay.io/acme/shop:3f2a1bc"
LABELS = Labels("sentinelsix", "backend", "1", "2", {"prod": "production"}, "https://ci.example/job/7")
ORIGIN = Origin(
    "release.circleci",
    "production",
    last=True,
    link="https://ci.example/job/7",
    repository_url="https://git.example/acme/shop",
    team="payments",
)


def an_attempt(stage: Stage = Stage.DEPLOY, **changes: object) -> Attempt:
    made = Attempt(
        id="a1",
        run_id="run-1",
        service="shop",
        stage=stage,
        commit=COMMIT,
        actor="ana",
        started_at=datetime.now(UTC) - timedelta(seconds=42),
        environment="prod" if stage is Stage.DEPLOY else "",
        branch="main",
        image=IMAGE,
        release="shop-prod" if stage is Stage.DEPLOY else "",
    )
    return replace(made, **changes)  # type: ignore[arg-type] # the test names fields of Attempt


def ending_of(
    of: Attempt, outcome: Outcome = Outcome.SUCCEEDED, reason: str = "", seconds: float = 42
) -> Ending:
    at = of.started_at + timedelta(seconds=seconds)
    cause = "crash-loop" if outcome is Outcome.FAILED else ""
    return Ending(of.id, at, outcome, reason=reason, cause=cause, digest=DIGEST, revision=8)


def began(of: Attempt) -> Parcel:
    return of_attempt(run_of(of), of, ORIGIN, measured=measurements(of, None, LABELS))


def ended(of: Attempt, outcome: Outcome = Outcome.SUCCEEDED, reason: str = "", seconds: float = 42) -> Parcel:
    """The parcel about an attempt's end; a deployment that succeeded stands since."""
    ending = ending_of(of, outcome, reason, seconds)
    stands = outcome is Outcome.SUCCEEDED and of.stage is Stage.DEPLOY
    deployment = _deployment(of, ending) if stands else None
    return of_attempt(run_of(of), of, ORIGIN, ending, deployment, measurements(of, ending, LABELS))


def run_of(attempt: Attempt) -> Run:
    return Run(attempt.run_id, attempt.service, attempt.commit, "main", "ana", attempt.started_at)


def _deployment(of: Attempt, ending: Ending) -> Deployment:
    return Deployment(
        id=f"d-{of.id}",
        attempt_id=of.id,
        run_id=of.run_id,
        service=of.service,
        environment=of.environment,
        commit=of.commit,
        image=of.image,
        digest=DIGEST,
        release=of.release,
        revision=8,
        kind=Kind.RELEASE,
        actor=of.actor,
        deployed_at=ending.finished_at,
    )


class Bench:
    """Sinks with a ledger and a courier; `warnings` is what a person was told."""

    def __init__(self, *sinks: Sink, clock: Clock | None = None, ledger: FakeLedger | None = None) -> None:
        self.warnings: list[str] = []
        self.ledger = ledger or FakeLedger()
        self.sinks = sinks
        self.clock = clock or SystemClock()
        self.courier = self.another_command()

    def another_command(self) -> Courier:
        """A courier that knows nothing of what went before."""
        self.courier = Courier(self.ledger, self.sinks, self.clock, Redactor(), self.warnings.append)
        return self.courier

    def write(self, *parcels: Parcel) -> None:
        """What happened is written down, and nobody is sent for it."""
        for parcel in parcels:
            messages = messages_for(self.sinks, parcel)
            attempt = parcel.attempt
            assert attempt is not None
            self.ledger.open_run(run_of(attempt))
            if parcel.ending is None:
                self.ledger.begin(attempt, messages)
            else:
                if not any(item.attempt.id == attempt.id for item in self.ledger.attempts(limit=2**31)):
                    self.ledger.begin(attempt)
                self.ledger.end(parcel.ending, parcel.deployment, messages)

    def tell(self, *parcels: Parcel) -> None:
        """It happens, while a courier listens."""
        for parcel in parcels:
            self.write(parcel)
            assert parcel.attempt is not None
            self.courier.on_event(
                Finished(parcel.at, parcel.attempt, parcel.ending or ending_of(parcel.attempt))
            )

    def close(self, deadline_s: float = 2.0) -> float:
        """The command's end; how long it took in seconds."""
        began_at = time.monotonic()
        self.courier.close(deadline_s)
        return time.monotonic() - began_at

    def flush(self, deadline_s: float = 5.0) -> list[Report]:
        """What `trunkline sinks flush` does."""
        return self.another_command().flush(deadline_s)

    def left(self) -> tuple[int, int]:
        """How many messages wait, and how many cannot be delivered."""
        queues = self.ledger.queues()
        return sum(item.waiting for item in queues), sum(item.undeliverable for item in queues)


def send(sink: Sink, parcels: Sequence[Parcel]) -> None:
    """All of it, which has to be taken."""
    bench = Bench(sink)
    bench.tell(*parcels)
    bench.close(5.0)
    assert (bench.warnings, bench.left()) == ([], (0, 0))
