"""What a ledger needs of a database: transactions, and statements with named parameters (`:name`).

Both databases that there are understand the statements of this package as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = Mapping[str, Any]
Parameters = Mapping[str, str | int]


class Rows(Protocol):
    """What a statement answers."""

    def fetchone(self) -> Any:
        """The first row, or None."""
        ...

    def fetchall(self) -> list[Any]:
        """All rows."""
        ...

    def __iter__(self) -> Iterator[Any]:
        """One after the other."""
        ...


class Connection(Protocol):
    """A transaction at work."""

    def execute(self, statement: str, parameters: Parameters = ..., /) -> Rows:
        """One statement."""
        ...

    def executemany(self, statement: str, parameters: Sequence[Parameters], /) -> object:
        """The same statement many times."""
        ...


class Database(Protocol):
    """Where a ledger is kept.

    Attributes:
        contradiction: what a connection raises for a row that contradicts others.
        skipping: what makes a SELECT lock its rows, and leave out those that others have locked.
    """

    @property
    def contradiction(self) -> type[Exception]:
        """See above."""
        ...

    @property
    def skipping(self) -> str:
        """See above."""
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction that sees one state of the ledger."""
        ...

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that is durable once this context is left, or never was."""
        ...

    def lock(self, connection: Connection, name: str) -> None:
        """Wait until no other transaction has locked that name, to its end."""
        ...

    def faults(self, connection: Connection) -> Iterator[str]:
        """What the database finds wrong with itself."""
        ...

    def close(self) -> None:
        """Let go of it; the next access opens it again."""
        ...
