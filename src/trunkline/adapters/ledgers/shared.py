"""A ledger in objects below a prefix (S3), which needs no server: one immutable object for each thing written down.

Whoever uses it has a mirror, a SQLite ledger that can be thrown away: it is brought up to date from the objects that are
new, and answers every question. Names begin with the moment, so that what is new is found by listing the last days; two
days back are looked through again, as clocks differ and writers are slow.

An entry counts when its object is there; only then it is applied to the mirror. Where two entries contradict each other
(a second ending), the first by name counts, for everybody alike. Beside entries there are two kinds of small objects:
`second-...`, which gives a second of a series to one message, and `claim-...`, which gives a message to one courier.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from trunkline.adapters.ledgers import outbox
from trunkline.adapters.ledgers.claims import Claims
from trunkline.adapters.ledgers.database import Connection
from trunkline.adapters.ledgers.entries import Entry, is_done
from trunkline.adapters.ledgers.journal_store import JournalStore, in_words
from trunkline.adapters.ledgers.ledger import SqlLedger
from trunkline.adapters.ledgers.mirror import ENTRY, Mirror
from trunkline.adapters.ledgers.rows import micros
from trunkline.adapters.ledgers.transfer import add
from trunkline.domain.attempts import (
    Approval,
    Arrival,
    Attempt,
    AttemptRecord,
    Deployment,
    Ending,
    Run,
    StepBegun,
)
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.parcels import Lost, Message, Queue, Settlement, seconds_to_try
from trunkline.domain.redaction import Redactor
from trunkline.domain.totals import Tally
from trunkline.ports import Clock
from trunkline.ports.ledger import Added
from trunkline.ports.sources import Changed

_RECORDS_IN_AN_ENTRY = 500


class SharedLedger:
    """Implements the port `Ledger` over a journal of objects and its mirror.

    Args:
        store: where the objects are.
        mirror: a SQLite ledger of this machine's own, for this journal alone.
        clock: gives entries their names.
        new_id: an id that nobody else has.
        redactor: every text passes it before it is written.
    """

    def __init__(
        self,
        store: JournalStore,
        mirror: SqlLedger,
        clock: Clock,
        new_id: Callable[[], str],
        redactor: Redactor,
    ) -> None:
        self._store, self._clock = store, clock
        self._new_id, self._redactor = new_id, redactor
        self._mirror, self._claims = Mirror(store, mirror, clock, redactor), Claims(store)
        self._lock = threading.RLock()

    # What is written.

    def open_run(self, run: Run) -> None:
        """See the port. A run that is already there stays as it is."""
        with self._lock:
            self._mirror.catch_up()
            if not self._knows_run(run.id):
                self._write(Entry((run,)))

    def begin(self, attempt: Attempt, messages: Iterable[Message] = ()) -> None:
        """See the port."""
        self._write_down((attempt,), messages)

    def intend(self, attempt_id: str, step: str, at: datetime) -> None:
        """See the port."""
        self._write_down((StepBegun(attempt_id, step, at),))

    def end(
        self, ending: Ending, deployment: Deployment | None = None, messages: Iterable[Message] = ()
    ) -> None:
        """See the port."""
        self._write_down((ending,) if deployment is None else (ending, deployment), messages)

    def decide(self, approval: Approval) -> None:
        """See the port."""
        self._write_down((approval,))

    def judge(self, gate: GateRecord) -> None:
        """See the port."""
        self._write_down((gate,))

    def mark(self, mark: Mark, messages: Iterable[Message] = ()) -> None:
        """See the port."""
        self._write_down((mark,), messages)

    def add(self, records: Iterable[LedgerRecord]) -> Added:
        """See the port. Many records make several objects; a repetition after a failure brings the rest."""
        with self._lock:
            self._mirror.catch_up(now=True)
            given = list(records)
            new: list[LedgerRecord] = []

            def sort_out(connection: Connection) -> None:
                contradiction = self._mirror.ledger.database.contradiction
                new.extend(
                    record for record in given if add(connection, [record], self._redactor, contradiction).new
                )

            self._mirror.try_out(sort_out)
            for start in range(0, len(new), _RECORDS_IN_AN_ENTRY):
                self._put(Entry(tuple(new[start : start + _RECORDS_IN_AN_ENTRY])))
            return Added(len(new), len(given) - len(new))

    # What is asked.

    def run(self, run_id: str) -> Run | None:
        """See the port."""
        return self._asked().run(run_id)

    def runs(self, service: str, limit: int = 20) -> tuple[Run, ...]:
        """See the port."""
        return self._asked().runs(service, limit)

    def gates(self, *, digest: str = "", service: str = "", limit: int = 50) -> tuple[GateRecord, ...]:
        """See the port."""
        return self._asked().gates(digest=digest, service=service, limit=limit)

    def approvals(self, run_id: str, environment: str = "") -> tuple[Approval, ...]:
        """See the port."""
        return self._asked().approvals(run_id, environment)

    def attempts(
        self,
        *,
        run_id: str = "",
        service: str = "",
        environment: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> tuple[AttemptRecord, ...]:
        """See the port."""
        return self._asked().attempts(
            run_id=run_id, service=service, environment=environment, since=since, limit=limit
        )

    def steps(self, attempt_id: str) -> tuple[tuple[str, datetime], ...]:
        """See the port."""
        return self._asked().steps(attempt_id)

    def tallies(self, service: str, environment: str) -> tuple[Tally, ...]:
        """See the port."""
        return self._asked().tallies(service, environment)

    def deployments(
        self, *, service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[Deployment, ...]:
        """See the port."""
        return self._asked().deployments(service=service, environment=environment, limit=limit)

    def arrivals(self, *, service: str = "", environment: str = "") -> tuple[Arrival, ...]:
        """See the port."""
        return self._asked().arrivals(service=service, environment=environment)

    def marks(self, *, service: str = "", environment: str = "", limit: int = 50) -> tuple[Mark, ...]:
        """See the port."""
        return self._asked().marks(service=service, environment=environment, limit=limit)

    def entries(self) -> Iterator[LedgerRecord]:
        """See the port."""
        yield from self._asked().entries()

    def faults(self) -> tuple[str, ...]:
        """See the port: those of the mirror, and entries that cannot be read or contradict others."""
        with self._lock:
            self._mirror.catch_up(now=True)
            return (*self._mirror.ledger.faults(), *self._mirror.faults())

    # The outbox.

    def claim(self, sink: str, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """See the port."""
        with self._lock:
            self._mirror.catch_up()
            wanted = self._mirror.ledger.claim(sink, now, until, limit)
            held = {item.id: self._claims.take(item, now, until) for item in wanted}
            got = [name for name, holder_until in held.items() if holder_until is None]
            self._leave({name: moment for name, moment in held.items() if moment is not None})
            if got:
                # Whoever had a message before may have settled it just now, before letting go of it.
                self._mirror.catch_up(now=True)
            waiting = self._waiting(got)
            return tuple(item for item in wanted if item.id in waiting)

    def settle(self, settlements: Iterable[Settlement], now: datetime) -> None:
        """See the port."""
        with self._lock:
            given = list(settlements)
            done = tuple(item for item in given if is_done(item))
            if done:
                self._put(Entry(settlements=done, settled_at=now))
            self._mirror.ledger.settle([item for item in given if not is_done(item)], now)
            for item in given:
                self._claims.let_go(item, now)

    def queues(self) -> tuple[Queue, ...]:
        """See the port."""
        return self._asked().queues()

    def lost(self, sink: str = "", limit: int = 50) -> tuple[Lost, ...]:
        """See the port."""
        return self._asked().lost(sink, limit)

    def close(self) -> None:
        """See the port."""
        self._mirror.ledger.close()

    # How an entry is written.

    def _write_down(self, records: tuple[LedgerRecord, ...], messages: Iterable[Message] = ()) -> None:
        with self._lock:
            self._mirror.catch_up()
            self._write(Entry(records), list(messages))

    def _write(self, entry: Entry, messages: Sequence[Message] = ()) -> None:
        """What contradicts what is known is refused before anything is written anywhere."""

        def strictly(connection: Connection) -> None:
            for record in entry.records:
                try:
                    new = self._mirror.add(connection, record)
                except ValueError as error:
                    raise ValueError(f"The ledger refuses a row: {error}.") from error
                if not new:
                    raise ValueError("The ledger refuses a row: it is there already.")

        self._mirror.try_out(strictly)
        placed = tuple(self._placed(item) for item in messages)
        self._put(Entry(entry.records, placed))

    def _put(self, entry: Entry) -> None:
        name = f"{ENTRY}{self._clock.now().astimezone(UTC):%Y-%m-%dT%H%M%S.%f}-{self._new_id()}"
        content = entry.dump(self._redactor.text)
        # Nobody else has that name: where it is there, an answer was lost, and the storage's client tried again.
        with contextlib.suppress(Changed):
            in_words(lambda: self._store.write(name, content, {}, ""))
        self._mirror.apply(name, content)

    def _placed(self, message: Message) -> tuple[Message, int | None]:
        wanted = outbox.second_of(message)
        if not message.series:
            return message, wanted
        with self._mirror.ledger.database.reading() as connection:
            taken = outbox.seconds_of(connection, message.series)
        for second in seconds_to_try(wanted):
            if second not in taken and self._claims.reserve(message.series, second, message.id):
                return message, second
        return message, None

    # How a message is claimed.

    def _leave(self, held: Mapping[str, datetime]) -> None:
        """Ask for others' messages again when they may have been let go of."""
        if held:
            with self._mirror.ledger.database.writing() as connection:
                connection.executemany(
                    "UPDATE outbox SET not_before = :at WHERE id = :id",
                    [{"id": name, "at": micros(moment)} for name, moment in held.items()],
                )

    def _waiting(self, ids: Sequence[str]) -> set[str]:
        with self._mirror.ledger.database.reading() as connection:
            return {
                name
                for name in ids
                if connection.execute(
                    "SELECT 1 FROM outbox WHERE id = :id AND fate = 'waiting'", {"id": name}
                ).fetchone()
            }

    # How the mirror is brought up to date.

    def _asked(self) -> SqlLedger:
        with self._lock:
            self._mirror.catch_up()
        return self._mirror.ledger

    def _knows_run(self, run_id: str) -> bool:
        known = self._mirror.ledger.run(run_id)
        return known is not None and known.id == self._redactor.text(run_id)
