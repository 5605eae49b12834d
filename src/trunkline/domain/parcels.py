"""What is to be told of an attempt's beginning or end, and how it waits for the sink that it goes to.

A parcel holds all that any sink needs, under the names and tags of its own project: whoever sends it later may be
another command, of another project, on another machine.

A message is a parcel for one sink, as the outbox keeps it. It is written in the transaction that writes the attempt
down, and it is done with when the sink has it, or never will. A backend that keeps the last value for a series and a
second gets each message under a second of its own: two deployments that end at once then both count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt, Deployment, Ending, Outcome, Run
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.measurements import Measurements, Metric, Notice
from trunkline.domain.records import masked

# How far a message may be put from the second that it belongs to, to have one of its own.
FURTHEST_AHEAD_S = 300
FURTHEST_BACK_S = 1800


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a parcel comes from.

    Attributes:
        host: what backends file it under.
        environment: the `environment` tag; empty for stages that have none.
        last: whether the environment is the last one on the way: a run that came there is over.
        link: the CI job's page, or empty.
        repository_url: where the commits are, without a login, or empty.
        team: who looks after the service, or empty.
    """

    host: str = "trunkline"
    environment: str = ""
    last: bool = False
    link: str = ""
    repository_url: str = ""
    team: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One thing that happened, and what is measured of it.

    Attributes:
        id: the same each time that the same thing is told.
        at: when it happened.
        run, attempt: of an attempt that began (no `ending`) or has ended.
        deployment: what stands since.
        mark: what a person said of a deployment, or of an incident.
        since: when that incident began.
    """

    id: str
    at: datetime
    origin: Origin
    run: Run | None = None
    attempt: Attempt | None = None
    ending: Ending | None = None
    deployment: Deployment | None = None
    mark: Mark | None = None
    since: datetime | None = None
    metrics: tuple[Metric, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def ends_run(self) -> bool:
        """Whether the run is over with it: a stage did not end well, or the last environment was reached."""
        attempt, ending = self.attempt, self.ending
        if attempt is None or ending is None:
            return False
        if ending.outcome is not Outcome.SUCCEEDED:
            return True
        wanted = self.run.until if self.run else ""
        return bool(attempt.environment) and (self.origin.last or attempt.environment == wanted)

    def masked(self, hide: Callable[[str], str]) -> Parcel:
        """The same with its records hidden; measurements were when they were made."""
        return replace(
            self,
            run=masked(self.run, hide),
            attempt=masked(self.attempt, hide),
            ending=masked(self.ending, hide),
            deployment=masked(self.deployment, hide),
            mark=masked(self.mark, hide),
        )

    def moved(self, second: int) -> Parcel:
        """The same with its metrics in that second of POSIX time."""
        moment = datetime.fromtimestamp(second, UTC)
        return replace(self, metrics=tuple(replace(metric, at=moment) for metric in self.metrics))


def of_attempt(
    run: Run,
    attempt: Attempt,
    origin: Origin,
    ending: Ending | None = None,
    deployment: Deployment | None = None,
    measured: Measurements | None = None,
) -> Parcel:
    """The parcel about the beginning of an attempt (no `ending`), or its end."""
    measured = measured or Measurements()
    return Parcel(
        id=f"{attempt.id} {'ended' if ending else 'began'}",
        at=ending.finished_at if ending else attempt.started_at,
        origin=origin,
        run=run,
        attempt=attempt,
        ending=ending,
        deployment=deployment,
        metrics=measured.metrics,
        notices=measured.notices,
    )


class Fate(StrEnum):
    """Where a message is on its way."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class Message:
    """A parcel for a sink.

    Attributes:
        series: what must not be written twice within a second; empty where that does no harm.
        tries: how often the sink did not take it.
    """

    id: str
    sink: str
    parcel: Parcel
    series: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of a message.

    Attributes:
        reason: why it waits, or will not be delivered.
        not_before: when to try again.
    """

    message_id: str
    fate: Fate
    reason: str = ""
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Queue:
    """How things stand for one sink.

    Attributes:
        reason: why the newest message that failed did.
        oldest: when the oldest message that waits was written.
    """

    sink: str
    waiting: int = 0
    delivered: int = 0
    undeliverable: int = 0
    reason: str = ""
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A message that cannot be delivered, and why."""

    id: str
    sink: str
    parcel: Parcel
    reason: str
    settled_at: datetime


def message(sink: str, parcel: Parcel, *, one_per_second: bool = False) -> Message:
    """The message with that parcel; the same one each time, so that it is known again."""
    series = _series(sink, parcel.metrics) if one_per_second and parcel.metrics else ""
    return Message(f"{parcel.id} {sink}", sink, parcel, series)


def seconds_to_try(second: int) -> Iterator[int]:
    """Where a message may be put: in its own second, else as near as possible, rather late than early."""
    yield from range(second, second + FURTHEST_AHEAD_S + 1)
    yield from range(second - 1, second - FURTHEST_BACK_S - 1, -1)


def _series(sink: str, metrics: tuple[Metric, ...]) -> str:
    told = "\n".join([sink, *(f"{metric.name} {' '.join(sorted(metric.tags))}" for metric in metrics)])
    return hashlib.sha256(told.encode("utf-8", "backslashreplace")).hexdigest()[:32]
