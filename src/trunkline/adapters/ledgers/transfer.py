"""Whole ledgers: everything out of a database, and records of another one into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields

from trunkline.adapters.ledgers.database import Connection
from trunkline.adapters.ledgers.rows import column_of, insert, read, written
from trunkline.domain.attempts import Approval, Attempt, Deployment, Ending, Run, StepBegun
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.ledger_lines import KINDS, LedgerRecord
from trunkline.domain.redaction import Redactor
from trunkline.ports.ledger import Added

# Each kind's table, and the fields by which a record is known again.
_TABLES: dict[type[LedgerRecord], tuple[str, tuple[str, ...]]] = {
    Run: ("runs", ("id",)),
    Attempt: ("attempts", ("id",)),
    StepBegun: ("steps", ("attempt_id", "step", "at")),
    Ending: ("endings", ("attempt_id",)),
    Approval: ("approvals", ("id",)),
    Deployment: ("deployments", ("id",)),
    GateRecord: ("gates", ("id",)),
    Mark: ("marks", ("id",)),
}


def entries(connection: Connection) -> Iterator[LedgerRecord]:
    """All records, each kind behind those that it refers to.

    Raises:
        Exception: as the database has it. ValueError, KeyError: a row cannot be read.
    """
    for kind in KINDS.values():
        table, _ = _TABLES[kind]
        for row in connection.execute(f"SELECT * FROM {table} ORDER BY seq"):  # noqa: S608 - names of ours
            yield read(kind, row)  # type: ignore[type-var]  # one kind at a time


def add(
    connection: Connection,
    records: Iterable[LedgerRecord],
    redactor: Redactor,
    contradiction: type[Exception],
) -> Added:
    """Insert what is not known; the caller's transaction holds all of it.

    Raises:
        Exception: as the database has it. ValueError: a record contradicts a known one; the message names it.
    """
    new = known = 0
    for record in records:
        table, key = _TABLES[type(record)]
        there = _known(connection, table, key, record, redactor)
        if there is None:
            try:
                insert(connection, table, record, redactor)
            except contradiction as error:
                raise ValueError(
                    f"{_name(table, key, record)} refers to what is not there ({error})"
                ) from error
            new += 1
        elif there == _row(record, redactor):
            known += 1
        else:
            raise ValueError(f"{_name(table, key, record)} is here already, and says something else")
    return Added(new, known)


def faults(connection: Connection) -> Iterator[str]:
    """What reading every row finds wrong."""
    for kind in KINDS.values():
        table, _ = _TABLES[kind]
        for row in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - names of ours
            try:
                read(kind, row)  # type: ignore[type-var]  # one kind at a time
            except (ValueError, KeyError, TypeError, OverflowError) as error:
                yield f"row {row['seq']} of {table} cannot be read: {error}"


def _known(
    connection: Connection,
    table: str,
    key: tuple[str, ...],
    record: LedgerRecord,
    redactor: Redactor,
) -> dict[str, str | int] | None:
    row = _row(record, redactor)
    columns = [column_of(name) for name in key]
    where = " AND ".join(f"{column} = :{column}" for column in columns)
    query = f"SELECT * FROM {table} WHERE {where}"  # noqa: S608 - names of ours
    found = connection.execute(query, {column: row[column] for column in columns}).fetchone()
    return None if found is None else {column: found[column] for column in row}


def _row(record: LedgerRecord, redactor: Redactor) -> dict[str, str | int]:
    return {column_of(item.name): written(getattr(record, item.name), redactor) for item in fields(record)}


def _name(table: str, key: tuple[str, ...], record: LedgerRecord) -> str:
    return f"{table}: {' '.join(str(getattr(record, name)) for name in key)}"
