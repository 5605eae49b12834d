"""The mirror of a ledger in objects: brought up to date from the entries that are new, each applied once.

An entry is known by its name, which is written down in the transaction that applies it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta

from trunkline.adapters.ledgers import outbox
from trunkline.adapters.ledgers.database import Connection
from trunkline.adapters.ledgers.entries import parse_entry
from trunkline.adapters.ledgers.journal_store import JournalStore, in_words
from trunkline.adapters.ledgers.ledger import SqlLedger
from trunkline.adapters.ledgers.rows import insert
from trunkline.adapters.ledgers.transfer import add
from trunkline.domain.attempts import StepBegun
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock

ENTRY = "entry-"
_BACK = timedelta(days=2)
# Beyond this many days it is quicker to list everything once.
_MOST_DAYS = 30
# What was read a moment ago is new enough.
_FRESH_S = 1.0
_AT_ONCE = 16
_KNOWN = "CREATE TABLE IF NOT EXISTS known_entries (name TEXT PRIMARY KEY, fault TEXT NOT NULL) STRICT"


class _Undone(Exception):
    """Ends a transaction that was a trial."""


class Mirror:
    """A SQLite ledger of this machine's own, for one journal alone; it can be thrown away.

    Attributes:
        ledger: answers questions, once `catch_up` was called.
    """

    def __init__(self, store: JournalStore, ledger: SqlLedger, clock: Clock, redactor: Redactor) -> None:
        self.ledger = ledger
        self._store, self._clock, self._redactor = store, clock, redactor
        self._read_at: float | None = None

    def catch_up(self, *, now: bool = False) -> None:
        """Read what is new; with `now` also what came within the last second."""
        at = self._clock.monotonic()
        if not now and self._read_at is not None and at - self._read_at < _FRESH_S:
            return
        with self.ledger.database.writing() as connection:
            connection.execute(_KNOWN)
            row = connection.execute("SELECT max(name) AS newest FROM known_entries").fetchone()
        first = self._first_day(row["newest"] or "")
        names = self._listed(first)
        with self.ledger.database.reading() as connection:
            rows = connection.execute(
                "SELECT name FROM known_entries WHERE name >= :first", {"first": f"{ENTRY}{first or ''}"}
            )
            known = {row["name"] for row in rows}
        self._read([name for name in names if name not in known])
        self._read_at = at

    def _first_day(self, newest: str) -> date | None:
        """From which day on there may be something new; None for "from the beginning"."""
        day = _day(newest)
        if day is None or (self._clock.now().astimezone(UTC).date() - day).days > _MOST_DAYS:
            return None
        return day - _BACK

    def _listed(self, first: date | None) -> list[str]:
        if first is None:
            return self._names(ENTRY)
        day, found = first, []
        while day <= self._clock.now().astimezone(UTC).date() + timedelta(days=1):
            found += self._names(f"{ENTRY}{day:%Y-%m-%d}")
            day += timedelta(days=1)
        return found

    def _names(self, beginning: str) -> list[str]:
        return in_words(lambda: self._store.names(beginning))

    def _read(self, names: Sequence[str]) -> None:
        if not names:
            return
        # Only a ledger that others write to needs a pool.
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(names))) as pool:
            files = list(pool.map(lambda name: in_words(lambda: self._store.read(name)), names))
        later = [(name, file.content) for name, file in zip(names, files, strict=True) if file is not None]
        # An entry may come before what it refers to, where two clocks differ: it has another try behind the others.
        for last in (False, True):
            later = [(name, content) for name, content in later if not self.apply(name, content, last=last)]

    def try_out(self, deed: Callable[[Connection], None]) -> None:
        """Do it in a transaction that is undone; what it raises is raised."""
        with contextlib.suppress(_Undone), self.ledger.database.writing() as connection:
            deed(connection)
            raise _Undone

    def apply(self, name: str, content: bytes, *, last: bool = True) -> bool:
        """Whether it is dealt with; `last`: what cannot be applied now never can."""
        try:
            entry = parse_entry(content)
        except ValueError as error:
            self._note(name, str(error))
            return True
        try:
            with self.ledger.database.writing() as connection:
                connection.execute(_KNOWN)
                if connection.execute(
                    "SELECT 1 FROM known_entries WHERE name = :name", {"name": name}
                ).fetchone():
                    return True
                for record in entry.records:
                    self.add(connection, record)
                outbox.place(connection, entry.messages, self._redactor)
                settled_at = entry.settled_at or self._clock.now()
                outbox.settle(connection, entry.settlements, settled_at, self._redactor)
                connection.execute("INSERT INTO known_entries VALUES (:name, '')", {"name": name})
        except ValueError as error:
            if last:
                self._note(name, str(error))
            return last
        return True

    def add(self, connection: Connection, record: LedgerRecord) -> bool:
        """Whether it is new. A step that is taken twice is two steps: its entry is applied once."""
        if isinstance(record, StepBegun):
            try:
                insert(connection, "steps", record, self._redactor)
            except self.ledger.database.contradiction as error:
                raise ValueError(f"a step refers to what is not there ({error})") from error
            return True
        return add(connection, [record], self._redactor, self.ledger.database.contradiction).new > 0

    def faults(self) -> tuple[str, ...]:
        """Entries that cannot be read, or contradict others, each with its address."""
        with self.ledger.database.reading() as connection:
            rows = connection.execute(
                "SELECT name, fault FROM known_entries WHERE fault <> '' ORDER BY name"
            ).fetchall()
        return tuple(f"{self._store.address(row['name'])}: {row['fault']}" for row in rows)

    def _note(self, name: str, fault: str) -> None:
        with self.ledger.database.writing() as connection:
            connection.execute(
                "INSERT INTO known_entries VALUES (:name, :fault) ON CONFLICT (name) DO NOTHING",
                {"name": name, "fault": fault},
            )


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name.removeprefix(ENTRY)[:10])
    except ValueError:
        return None
