"""Composes the sinks alone, for commands that look after them; whatever a world needs besides is left out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.identifiers import new_id
from trunkline.adapters.ledgers import open_ledger
from trunkline.adapters.surroundings import look_around
from trunkline.bootstrap.sinks import Means, labels_of, sinks_of
from trunkline.config.project import Project
from trunkline.dataclass import dataclass
from trunkline.domain.measurements import Labels
from trunkline.domain.parcels import Origin
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock
from trunkline.ports.ledger import Ledger
from trunkline.ports.outbox import Sink
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
    new_id: Callable[[], str]


@contextmanager
def telling(project: Project, environ: Mapping[str, str]) -> Iterator[Telling]:
    """The sinks of a project, with the ledger in which their messages wait.

    Raises:
        UsageError: `TRUNKLINE_LEDGER` names no ledger.
    """
    redactor, clock = Redactor.from_environment(environ), SystemClock()
    outbox, link = open_ledger(environ, redactor), look_around(environ).link
    sinks = sinks_of(project, Means(HttpClient(), clock, redactor, outbox), link)
    origin = Origin(project.measure.host, link=link, team=project.measure.team)
    try:
        yield Telling(
            outbox,
            sinks,
            Courier(outbox, sinks, clock, redactor, _warn),
            clock,
            labels_of(project, link),
            origin,
            lambda: new_id(clock),
        )
    finally:
        outbox.close()


def _warn(text: str) -> None:
    sys.stderr.write(f"warning: {text}\n")
