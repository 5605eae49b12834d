"""The append-only record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import (
    Approval,
    Arrival,
    Attempt,
    AttemptRecord,
    Deployment,
    Ending,
    Run,
)
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.parcels import Message
from trunkline.domain.totals import Tally
from trunkline.ports.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Added:
    """How many records were new, and how many were known."""

    new: int
    known: int


class Ledger(Outbox, Protocol):
    """The append-only record, and beside it the outbox. Every call is one transaction, durable when it returns.

    Raises (each method):
        Unreachable: the ledger cannot be read or written (disk full, locked, not a ledger).
    """

    def open_run(self, run: Run) -> None:
        """Write down a run."""
        ...

    def run(self, run_id: str) -> Run | None:
        """The run of that id, or of the only id that begins so."""
        ...

    def runs(self, service: str, limit: int = 20) -> tuple[Run, ...]:
        """The newest runs of a service, newest first."""
        ...

    def begin(self, attempt: Attempt, messages: Iterable[Message] = ()) -> None:
        """Write down the intent to do something, and in the same transaction what is to be told of it."""
        ...

    def intend(self, attempt_id: str, step: str, at: datetime) -> None:
        """Write down that a step of an attempt begins now."""
        ...

    def end(
        self, ending: Ending, deployment: Deployment | None = None, messages: Iterable[Message] = ()
    ) -> None:
        """Write down how an attempt ended, and in the same transaction what stands since and is to be told."""
        ...

    def decide(self, approval: Approval) -> None:
        """Write down a person's decision."""
        ...

    def judge(self, gate: GateRecord) -> None:
        """Write down what the gate said of an image."""
        ...

    def gates(self, *, digest: str = "", service: str = "", limit: int = 50) -> tuple[GateRecord, ...]:
        """What the gate said, newest first."""
        ...

    def approvals(self, run_id: str, environment: str = "") -> tuple[Approval, ...]:
        """Decisions of a run, oldest first; the last one on an environment counts."""
        ...

    def attempts(
        self,
        *,
        run_id: str = "",
        service: str = "",
        environment: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> tuple[AttemptRecord, ...]:
        """The newest attempts, newest first; with `since` none that began before."""
        ...

    def tallies(self, service: str, environment: str) -> tuple[Tally, ...]:
        """How many attempts a service has had there (or at stages that have no environment), however long ago."""
        ...

    def steps(self, attempt_id: str) -> tuple[tuple[str, datetime], ...]:
        """The steps that an attempt began, in order."""
        ...

    def deployments(
        self, *, service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[Deployment, ...]:
        """The newest deployments, newest first."""
        ...

    def arrivals(self, *, service: str = "", environment: str = "") -> tuple[Arrival, ...]:
        """What came where and when, of every deployment, in no order."""
        ...

    def mark(self, mark: Mark, messages: Iterable[Message] = ()) -> None:
        """Write down what was said of a deployment, or of an incident, and what is to be told of it."""
        ...

    def marks(self, *, service: str = "", environment: str = "", limit: int = 50) -> tuple[Mark, ...]:
        """What was said, newest first."""
        ...

    def entries(self) -> Iterator[LedgerRecord]:
        """Everything, as it stood at one moment, each record behind those that it refers to."""
        ...

    def add(self, records: Iterable[LedgerRecord]) -> Added:
        """Write down records of another ledger, all of them or none; what is known already stays.

        Raises:
            ValueError: one contradicts what is written here, or refers to what is in neither; the message names it.
        """
        ...

    def faults(self) -> tuple[str, ...]:
        """What is wrong with what is kept, a sentence each; none where all of it is whole."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
