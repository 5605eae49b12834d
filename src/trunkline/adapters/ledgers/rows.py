"""Records to rows and back: columns are named like fields, moments become integers, mappings JSON.

Every text passes the redactor on its way in, keys as well as sentences: this is the last place where a secret
could still be stopped. Only the words that are ours (`Stage`, `Outcome`, ...) pass as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from trunkline.adapters.ledgers.database import Connection, Row
from trunkline.domain.attempts import (
    Approval,
    Arrival,
    Attempt,
    AttemptRecord,
    Decision,
    Deployment,
    Ending,
    Kind,
    Outcome,
    Run,
    Stage,
    StepBegun,
)
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.gates import GateOutcome, GateRecord
from trunkline.domain.redaction import Redactor

Record = TypeVar("Record", Run, Attempt, StepBegun, Ending, Approval, Deployment, GateRecord, Mark)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# `commit` is a word of SQL's own; a person who queries by hand should not have to quote it.
_COLUMNS = {"commit": "commit_sha"}


def micros(moment: datetime) -> int:
    """Microseconds since 1970-01-01 UTC.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"The moment {moment} has no time zone.")
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """The moment in UTC, exact."""
    return _EPOCH + microseconds * _MICROSECOND


# The columns of an `Arrival`, in its order.
ARRIVAL = ", ".join(_COLUMNS.get(name, name) for name in Arrival._fields)

# The words of attempts and those of gates are strangers to each other.
_OUTCOMES: Mapping[str, Outcome | GateOutcome] = {
    word.value: word for words in (Outcome, GateOutcome) for word in words
}
_READERS: Mapping[str, Callable[[Any], object]] = {
    "started_at": moment,
    "finished_at": moment,
    "decided_at": moment,
    "deployed_at": moment,
    "judged_at": moment,
    "at": moment,
    "said_at": moment,
    "ci": json.loads,
    "details": json.loads,
    "stage": Stage,
    "kind": {word.value: word for word in Kind}.__getitem__,
    "outcome": lambda text: _OUTCOMES[text],
    "decision": Decision,
    "says": Says,
}


_Plan = tuple[tuple[str, Callable[[Any], object] | None], ...]
_PLANS: dict[str, _Plan] = {}


def clean(text: str, redactor: Redactor) -> str:
    """`text` without secrets, and without the lone surrogates of undecodable bytes, which SQLite refuses."""
    return redactor.text(text).encode("utf-8", "backslashreplace").decode("utf-8")


def insert(
    connection: Connection,
    table: str,
    record: Run | Attempt | StepBegun | Ending | Approval | Deployment | GateRecord | Mark,
    redactor: Redactor,
) -> None:
    """Add one record to its table.

    Raises:
        Exception: as the database has it.
        ValueError: a moment has no time zone.
    """
    row = {column_of(field.name): written(getattr(record, field.name), redactor) for field in fields(record)}
    columns, values = ", ".join(row), ", ".join(f":{column}" for column in row)
    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})", row)  # noqa: S608 - names of ours


def read(kind: type[Record], row: Row) -> Record:
    """The record that a row holds; columns of other tables in it are left alone."""
    values: list[Any] = [reader(row[column]) if reader else row[column] for column, reader in _plan(kind)]
    return kind(*values)


def read_many(kind: type[Record], rows: Iterable[Any]) -> list[Record]:
    """The records that rows hold, whose columns are those of `columns_of`, in that order: they may be thousands."""
    readers = [(index, reader) for index, (_, reader) in enumerate(_plan(kind)) if reader]
    found = []
    for row in rows:
        values = list(row.values() if isinstance(row, dict) else row)
        for index, reader in readers:
            values[index] = reader(values[index])
        found.append(kind(*values))
    return found


def read_arrivals(rows: Iterable[Any]) -> tuple[Arrival, ...]:
    """What rows of the columns `ARRIVAL` hold: read for all of a history, so nothing is looked up by name."""
    made, known = Arrival._make, {kind.value: kind for kind in Kind}
    found = []
    for row in rows:
        ident, service, place, commit, kind, actor, at, changes = (
            row.values() if isinstance(row, dict) else row
        )
        found.append(
            made((ident, service, place, commit, known[kind], actor, _EPOCH + timedelta(0, 0, at), changes))
        )
    return tuple(found)


def columns_of(kind: type[Record]) -> str:
    """The columns of a record's fields, as a SELECT names them."""
    return ", ".join(column for column, _ in _plan(kind))


def _plan(kind: type[Any]) -> _Plan:
    """The columns of a record's fields, each with what makes a value of it; worked out once, as rows are many."""
    name = kind.__name__
    if name not in _PLANS:
        _PLANS[name] = tuple((column_of(item.name), _READERS.get(item.name)) for item in fields(kind))
    return _PLANS[name]


def read_record(row: Row) -> AttemptRecord:
    """The attempt in a row of `attempts LEFT JOIN endings`, with its ending if it has one."""
    ending = read(Ending, row) if row["attempt_id"] is not None else None
    return AttemptRecord(read(Attempt, row), ending)


def column_of(field: str) -> str:
    """The column that holds a field."""
    return _COLUMNS.get(field, field)


def written(value: object, redactor: Redactor) -> str | int:
    """A field as its column holds it."""
    match value:
        case StrEnum():
            return value.value
        case str():
            return clean(value, redactor)
        case datetime():
            return micros(value)
        case int():
            return value
        case _:
            # ASCII escapes carry any text, lone surrogates included.
            return json.dumps(redactor.value(value), sort_keys=True, separators=(",", ":"))
