"""PostgreSQL: a connection that is made when it is needed, and transactions in the statements that SQLite speaks, too.

It comes with the extra `postgresql`. Everything is in a schema of its own, `trunkline`, so that a database may be shared
with others. Text is compared byte by byte, as in SQLite: no collation of the server's changes an order.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from trunkline.adapters.ledgers.database import Connection, Parameters, Rows
from trunkline.adapters.ledgers.postgresql_schema import MIGRATIONS, SCHEMA
from trunkline.errors import Unreachable, UsageError
from trunkline.expressions import expression

if TYPE_CHECKING:
    import psycopg

_CONNECT_TIMEOUT_S = 10
_STATEMENT_TIMEOUT_MS = 60_000
_PARAMETER = expression(r"(?<!:):([a-z_]+)")


class PostgresqlDatabase:
    """Implements `Database` over one connection, which threads share in turn; opened again after it was lost.

    Args:
        url: `postgresql://user:password@host:port/name`; what is left out comes from libpq's own variables and files.
    """

    skipping = "FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def contradiction(self) -> type[Exception]:
        """See `Database`."""
        kind: type[Exception] = _psycopg().errors.IntegrityError
        return kind

    @property
    def name(self) -> str:
        """Host and database, for messages."""
        parts = urlsplit(self._url)
        return f"{parts.hostname or 'localhost'}{parts.path}"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the ledger.

        Raises:
            Unreachable: the server does not answer, or refuses.
        """
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is durable once this context is left, or never was.

        Raises:
            Unreachable: the server does not answer, or refuses.
            ValueError: a row contradicts what is written already.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    def lock(self, connection: Connection, name: str) -> None:
        """See `Database`: an advisory lock, which ends with the transaction."""
        number = int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], signed=True)
        connection.execute("SELECT pg_advisory_xact_lock(:number)", {"number": number})

    def faults(self, connection: Connection) -> Iterator[str]:
        """See `Database`: a server looks after its own files."""
        del connection
        yield from ()

    def close(self) -> None:
        """Let go of the connection; the next access makes another one."""
        with self._lock:
            self._drop()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        with self._lock, self._in_words():
            connection = self._opened()
            try:
                connection.execute(begin)
                yield _Statements(connection)
                connection.execute("COMMIT")
            except BaseException as error:
                if isinstance(error, _psycopg().OperationalError):
                    self._drop()
                else:
                    with suppress(_psycopg().Error):
                        connection.execute("ROLLBACK")
                raise

    def _opened(self) -> psycopg.Connection[Any]:
        if self._connection is None or self._connection.closed:
            library = _psycopg()
            connection = library.connect(
                self._url,
                autocommit=True,
                row_factory=library.rows.dict_row,
                connect_timeout=_CONNECT_TIMEOUT_S,
                # A pooler between us and the server gives each transaction another connection.
                prepare_threshold=None,
            )
            try:
                connection.execute(f"SET statement_timeout = {_STATEMENT_TIMEOUT_MS}")
                connection.execute(f"SET search_path = {SCHEMA}")
                self._migrate(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _migrate(self, connection: psycopg.Connection[Any]) -> None:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise Unreachable(
                f"The ledger in {self.name} has schema version {version}, and this Trunkline knows versions up to"
                f" {len(MIGRATIONS)}.",
                "Upgrade Trunkline, or set TRUNKLINE_LEDGER to another ledger.",
            )
        if version == len(MIGRATIONS):
            return
        # A lock of the session: a transaction that waited within itself would not see the tables that came meanwhile.
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", (SCHEMA,))
        try:
            with connection.transaction():
                for number in range(_version(connection), len(MIGRATIONS)):
                    for statement in MIGRATIONS[number]:
                        connection.execute(statement)
                    connection.execute("UPDATE version SET number = %s", (number + 1,))
        finally:
            connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", (SCHEMA,))

    @contextmanager
    def _in_words(self) -> Iterator[None]:
        library = _psycopg()
        try:
            yield
        except library.errors.IntegrityError as error:
            raise ValueError(f"The ledger refuses a row: {_first_line(error)}.") from error
        except library.errors.InsufficientPrivilege as error:
            raise Unreachable(
                f"The ledger in {self.name} cannot be used by this user: {_first_line(error)}.",
                f"Grant it the right to create a schema there, or to use the schema {SCHEMA}.",
            ) from error
        except (library.errors.RaiseException, library.DataError) as error:
            raise ValueError(f"The ledger refuses a row: {_first_line(error)}.") from error
        except library.OperationalError as error:
            raise Unreachable(
                f"The ledger in {self.name} cannot be reached: {_first_line(error)}.",
                "See that the server is up and takes this user, or set TRUNKLINE_LEDGER to keep the ledger elsewhere.",
            ) from error

    def _drop(self) -> None:
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
            self._connection = None


class _Statements:
    """A connection that takes `:name` for a parameter."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, parameters: Parameters | None = None, /) -> Rows:
        """See `Connection`."""
        return self._connection.execute(_translated(statement), _sound(parameters or {}))

    def executemany(self, statement: str, parameters: Sequence[Parameters], /) -> None:
        """See `Connection`."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_translated(statement), [_sound(item) for item in parameters])


def from_postgresql_url(url: str) -> PostgresqlDatabase:
    """The database that a URL names.

    Raises:
        UsageError: it is no such URL, or the extra is not installed.
    """
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise UsageError(
            "TRUNKLINE_LEDGER is not a URL.", "Write it as postgresql://user:password@host:5432/name."
        ) from None
    if not parts.path.strip("/"):
        raise UsageError(
            "TRUNKLINE_LEDGER does not name a database.",
            "Write it as postgresql://user:password@host:5432/name.",
        )
    try:
        _psycopg()
    except ImportError:
        raise UsageError(
            "The ledger is in PostgreSQL, and the package psycopg is not installed.",
            "Install it: pip install 'trunkline[postgresql]'",
        ) from None
    return PostgresqlDatabase(url)


def password_in(url: str) -> str:
    """The password that a URL holds, or nothing."""
    try:
        return unquote(urlsplit(url).password or "")
    except ValueError:
        return ""


def _psycopg() -> Any:
    # Only who keeps a ledger there waits for the library.
    import psycopg  # noqa: PLC0415
    import psycopg.rows  # noqa: PLC0415

    return psycopg


def _version(connection: psycopg.Connection[Any]) -> int:
    known = connection.execute("SELECT to_regclass(%s) AS found", (f"{SCHEMA}.version",)).fetchone()
    if known is None or known["found"] is None:
        return 0
    row = connection.execute("SELECT number FROM version").fetchone()
    return int(row["number"]) if row else 0


def _translated(statement: str) -> str:
    return _PARAMETER.sub(r"%(\1)s", statement.replace("%", "%%"))


def _sound(parameters: Mapping[str, str | int]) -> dict[str, str | int]:
    """PostgreSQL's texts hold no zero bytes."""
    return {
        name: value.replace("\0", "\\0") if isinstance(value, str) else value
        for name, value in parameters.items()
    }


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
