"""What a team relies on where its ledger is in PostgreSQL: many writers, a server that goes away, no secrets."""

from __future__ import annotations

import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from dev.postgresql import Postgresql
from tests.fakes.records import a_deployment, a_gate, a_mark, a_run, an_approval, an_attempt, an_ending, at
from trunkline.adapters.ledgers import open_ledger
from trunkline.adapters.ledgers.postgresql_schema import MIGRATIONS
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.ledger import Ledger


def opened(url: str) -> Ledger:
    return open_ledger({"TRUNKLINE_LEDGER": url}, Redactor())


@pytest.fixture
def url(postgresql: Postgresql) -> str:
    return postgresql.create(f"t{uuid.uuid4().hex}")


@pytest.fixture
def server() -> Iterator[Postgresql]:
    """One that a test may stop."""
    with Postgresql() as made:
        yield made


def fill(ledger: Ledger) -> None:
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.intend("attempt-1", "Apply", at(1))
    ledger.end(an_ending(), a_deployment())
    ledger.decide(an_approval())
    ledger.judge(a_gate())
    ledger.mark(a_mark())


def test_append_only(url: str) -> None:
    """No row can be changed or removed, whoever connects."""
    ledger = opened(url)
    fill(ledger)
    ledger.close()
    tables = ("runs", "attempts", "steps", "endings", "approvals", "deployments", "gates", "marks")
    with psycopg.connect(url, autocommit=True) as connection:
        for table in tables:
            for statement in (
                f"UPDATE trunkline.{table} SET seq = DEFAULT",
                f"DELETE FROM trunkline.{table}",
                f"TRUNCATE trunkline.{table} CASCADE",
            ):
                with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                    connection.execute(statement)


def test_first_use_by_many(url: str) -> None:
    """Of many that come first, one makes the tables, and all of them write."""

    def write(number: int) -> None:
        ledger = opened(url)
        ledger.open_run(a_run("run-1"))
        ledger.begin(an_attempt(f"attempt-{number}"))
        ledger.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(24)))
    ledger = opened(url)
    assert len(ledger.attempts()) == 24
    assert len(ledger.runs("sample")) == 1
    ledger.close()


def test_killed_writers(url: str) -> None:
    """What a writer said was written is there, however the writer ended."""
    program = (
        "import sys; from tests.contract.test_postgresql import *\n"
        f"ledger = opened({url!r}); ledger.open_run(a_run(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    name = f'{sys.argv[1]}-{number}'\n"
        "    ledger.begin(an_attempt(name, run_id=sys.argv[1])); ledger.end(an_ending(name)); print(name, flush=True)\n"
    )
    said = []
    for writer in range(3):
        process = subprocess.Popen(
            [sys.executable, "-c", program, f"w{writer}"], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said += [process.stdout.readline().strip() for _ in range(20)]
        process.kill()
        said += process.stdout.read().split("\n")[:-1]
        process.stdout.close()
        process.wait()
    ledger = opened(url)
    ended = {record.attempt.id for record in ledger.attempts(limit=10**6) if record.ending}
    ledger.close()
    assert set(said) <= ended


def test_a_server_that_goes_away(server: Postgresql) -> None:
    """A server that stops is told in one sentence without the password; when it is back, the same ledger goes on."""
    ledger = opened(server.url)
    fill(ledger)
    server.stop()
    with pytest.raises(Unreachable) as caught:
        ledger.attempts()
    assert "The ledger in 127.0.0.1/postgres cannot be reached: " in caught.value.message
    assert server.password not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(Unreachable):
        ledger.begin(an_attempt("attempt-2"))
    server.start()
    ledger.begin(an_attempt("attempt-2"))
    assert len(ledger.attempts()) == 2
    ledger.close()


def test_a_newer_schema(url: str) -> None:
    """Tables that a newer Trunkline has changed are left alone."""
    ledger = opened(url)
    ledger.open_run(a_run())
    ledger.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE trunkline.version SET number = number + 1")
    with pytest.raises(Unreachable, match=f"has schema version {len(MIGRATIONS) + 1}"):
        opened(url).attempts()


def test_a_user_without_rights(postgresql: Postgresql, url: str) -> None:
    """A user who may not make the tables is told what to grant."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS guest")
        connection.execute("CREATE ROLE guest LOGIN PASSWORD 'guest-password'")
    guest = url.replace(f"trunkline:{postgresql.password}", "guest:guest-password")
    with pytest.raises(Unreachable, match="cannot be used by this user") as caught:
        opened(guest).open_run(a_run())
    assert "schema trunkline" in caught.value.hint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("postgresql://127.0.0.1:port/x", "is not a URL"),
        ("postgresql://127.0.0.1", "does not name a database"),
        ("mysql://127.0.0.1/x", "the scheme 'mysql'"),
    ],
)
def test_a_url_that_is_none(wrong: str, said: str) -> None:
    """A URL that names no ledger is refused before anything is done."""
    with pytest.raises(UsageError, match=said):
        opened(wrong)


def test_any_text(url: str) -> None:
    """Zero bytes, lone surrogates and quotes come back as far as a database holds them, and break nothing."""
    ledger = opened(url)
    ledger.open_run(a_run("run-1"))
    for number, text in enumerate(("a\0b", "lone \udc80", "O'Brien; DROP TABLE runs; --", "100 % :name %s")):
        ledger.begin(an_attempt(f"attempt-{number}", service=text))
        assert ledger.attempts(service=text)[0].attempt.id == f"attempt-{number}"
    ledger.close()
