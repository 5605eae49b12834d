"""Composes the sinks alone, for commands that look after them; whatever a world needs besides is left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.identifiers import new_id
from trunkline.adapters.surroundings import look_around
from trunkline.bootstrap.ledger_choice import ledger_of
from trunkline.bootstrap.sinks import DELIVERY_S, Means, labels_of, sinks_of
from trunkline.config.project import Project
from trunkline.dataclass import dataclass
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.measurements import Labels, incident_notice
from trunkline.domain.parcels import Message, Origin, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock
from trunkline.ports.ledger import Ledger
from trunkline.ports.outbox import Sink, messages_for
from trunkline.run.courier import Courier


@dataclass(frozen=True, slots=True)
class Telling:
    """What there is to tell with."""

    outbox: Ledger
    sinks: tuple[Sink, ...]
    courier: Courier
    clock: Clock
    labels: Labels
    origin: Origin
    redactor: Redactor
    new_id: Callable[[], str]

    def messages(self, mark: Mark, since: datetime) -> tuple[Message, ...]:
        """What is to be told of an incident."""
        environment = self.labels.environments.get(mark.environment) or mark.environment
        notice = incident_notice(mark, self.labels, self.redactor)
        parcel = Parcel(
            mark.id,
            mark.said_at,
            replace(self.origin, environment=environment),
            mark=mark,
            since=since,
            notices=(notice,),
        )
        return messages_for(self.sinks, parcel)

    def deliver(self) -> None:
        """Take what is new to the sinks, as far as that goes at once."""
        self.courier.go()
        self.courier.close(DELIVERY_S)


@contextmanager
def telling(project: Project, environ: Mapping[str, str]) -> Iterator[Telling]:
    """The sinks of a project, with the ledger in which their messages wait.

    Raises:
        UsageError: `TRUNKLINE_LEDGER` names no ledger.
    """
    redactor, clock = Redactor.from_environment(environ), SystemClock()
    outbox, link = ledger_of(environ, redactor), look_around(environ).link
    labels = labels_of(project, link)
    sinks = sinks_of(project, Means(HttpClient(), clock, redactor, outbox), labels)
    origin = Origin(project.measure.host, link=link, team=project.measure.team)
    try:
        yield Telling(
            outbox,
            sinks,
            Courier(outbox, sinks, clock, redactor, _warn),
            clock,
            labels,
            origin,
            redactor,
            lambda: new_id(clock),
        )
    finally:
        outbox.close()


def _warn(text: str) -> None:
    sys.stderr.write(f"warning: {text}\n")
