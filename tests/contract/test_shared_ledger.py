"""A ledger in an S3 bucket: several machines, each with its own mirror, and nothing in between but objects."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import obstore
import pytest

from dev.s3 import S3
from tests.contract.test_outbox import SINK, a_message
from tests.fakes.records import a_run, an_attempt, an_ending, at
from tests.unit.adapters.ledgers.support import fill
from trunkline.adapters.ledgers.shared import SharedLedger
from trunkline.bootstrap.ledger_choice import ledger_of
from trunkline.domain.attempts import Outcome
from trunkline.domain.parcels import Fate, Settlement
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import Ledger

MINUTE = timedelta(minutes=1)
Machine = Callable[[str], Ledger]


@pytest.fixture
def prefix() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def machine(s3_server: S3, prefix: str, tmp_path: Path) -> Iterator[Machine]:
    """Opens the one ledger on a machine of that name; what others wrote is looked for at each question."""
    made: list[Ledger] = []

    def opened(name: str) -> Ledger:
        url = f"s3://ledgers/{prefix}"
        environ = {**s3_server.env(), "TRUNKLINE_LEDGER": url, "XDG_CACHE_HOME": str(tmp_path / name)}
        ledger = ledger_of(environ, Redactor())
        made.append(ledger)
        return ledger

    yield opened
    for ledger in made:
        ledger.close()


@pytest.fixture(autouse=True)
def always_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is taken from a moment ago."""
    monkeypatch.setattr("trunkline.adapters.ledgers.mirror._FRESH_S", 0.0)


def test_machines_see_each_other(machine: Machine) -> None:
    """What one machine writes down the other one knows, and all of it, in the same order."""
    one, other = machine("one"), machine("other")
    fill(one, 3)  # type: ignore[arg-type] # any ledger will do
    other.begin(an_attempt("attempt-9", 99))
    assert one.attempts() == other.attempts()
    assert len(one.attempts()) == 4
    assert list(one.entries()) == list(machine("new").entries())
    assert one.deployments() == other.deployments()
    assert one.steps("attempt-0") == other.steps("attempt-0") != ()


def test_a_run_of_two_jobs(machine: Machine) -> None:
    """Two jobs that open the run of their workflow share it."""
    one, other = machine("one"), machine("other")
    one.open_run(a_run())
    other.open_run(replace(a_run(), actor="grace"))
    assert one.run("run-1") == other.run("run-1") == a_run()


def test_a_mirror_can_be_thrown_away(machine: Machine, tmp_path: Path) -> None:
    """Without its mirror, a machine knows as much as before."""
    one = machine("one")
    fill(one, 2)  # type: ignore[arg-type] # as above
    before = list(one.entries())
    one.close()
    for file in (tmp_path / "one").rglob("*.db*"):
        file.unlink()
    assert list(machine("one").entries()) == before


def test_two_endings_at_once(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two machines end one attempt, the first one counts on all of them, and the second is a fault that is told."""
    one, other = machine("one"), machine("other")
    one.open_run(a_run())
    one.begin(an_attempt())
    assert other.attempts()[0].ending is None
    # Neither of them looks before it writes: as if both wrote at the same moment.
    for ledger in (one, other):
        assert isinstance(ledger, SharedLedger)
        monkeypatch.setattr(ledger._mirror, "catch_up", lambda *, now=False: None)
    one.end(an_ending())
    other.end(an_ending(outcome=Outcome.FAILED))
    for name in ("third", "fourth"):
        ledger = machine(name)
        assert ledger.attempts()[0].ending == an_ending()
        assert any("says something else" in fault for fault in ledger.faults())


def test_messages_go_to_one_machine(machine: Machine) -> None:
    """However many machines ask at once, each message goes to one of them, and is done with for all."""
    one = machine("one")
    one.open_run(a_run())
    messages = [a_message(f"attempt-{number}", number) for number in range(12)]
    for item in messages:
        assert item.parcel.attempt is not None
        assert item.parcel.ending is not None
        one.begin(item.parcel.attempt)
        one.end(item.parcel.ending, None, [item])
    machines = [machine(f"machine-{number}") for number in range(4)]

    def work(ledger: Ledger) -> list[str]:
        got = []
        for _ in range(6):
            claimed = ledger.claim(SINK, at(60), at(60) + MINUTE, 2)
            ledger.settle([Settlement(item.id, Fate.DELIVERED) for item in claimed], at(61))
            got += [item.id for item in claimed]
        return got

    with ThreadPoolExecutor(4) as pool:
        delivered = Counter(name for got in pool.map(work, machines) for name in got)
    for item in one.claim(SINK, at(60), at(60) + MINUTE, 100):
        delivered[item.id] += 1
    assert delivered == Counter(item.id for item in messages)


def test_a_claim_of_the_dead(machine: Machine) -> None:
    """What a machine claimed before it died is another one's once the claim is over."""
    one, other = machine("one"), machine("other")
    one.open_run(a_run())
    one.begin(an_attempt())
    one.end(an_ending(), None, [a_message()])
    assert len(one.claim(SINK, at(60), at(60) + MINUTE, 9)) == 1
    assert other.claim(SINK, at(119), at(119) + MINUTE, 9) == ()
    assert len(other.claim(SINK, at(121), at(121) + MINUTE, 9)) == 1


def test_seconds_of_several_machines(machine: Machine) -> None:
    """Deployments that end at once on different machines have a second each."""
    machines = [machine(f"machine-{number}") for number in range(4)]
    machines[0].open_run(a_run())

    def write(number: int) -> None:
        item = a_message(f"attempt-{number}", 30)
        assert item.parcel.attempt is not None
        assert item.parcel.ending is not None
        machines[number].begin(item.parcel.attempt)
        machines[number].end(item.parcel.ending, None, [item])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    moments = [item.parcel.metrics[0].at for item in machines[0].claim(SINK, at(60), at(120), 9)]
    assert sorted(moments) == [at(30), at(31), at(32), at(33)]


def test_killed_writers(s3_server: S3, machine: Machine, prefix: str, tmp_path: Path) -> None:
    """What a writer said was written is there for everybody, however the writer ended."""
    program = (
        "import sys; from tests.contract.test_shared_ledger import *\n"
        "ledger = ledger_of(json.loads(sys.argv[2]), Redactor()); ledger.open_run(a_run(sys.argv[1]))\n"
        "for number in range(10**6):\n"
        "    name = f'{sys.argv[1]}-{number}'\n"
        "    ledger.begin(an_attempt(name, run_id=sys.argv[1])); ledger.end(an_ending(name)); print(name, flush=True)\n"
    )
    environ = {**s3_server.env(), "TRUNKLINE_LEDGER": f"s3://ledgers/{prefix}"}
    said = []
    for writer in range(2):
        own = json.dumps({**environ, "XDG_CACHE_HOME": str(tmp_path / f"writer-{writer}")})
        process = subprocess.Popen(
            [sys.executable, "-c", program, f"w{writer}", own], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        said += [process.stdout.readline().strip() for _ in range(10)]
        process.kill()
        said += process.stdout.read().split("\n")[:-1]
        process.stdout.close()
        process.wait()
    ended = {record.attempt.id for record in machine("reader").attempts(limit=10**6) if record.ending}
    assert set(said) <= ended
    assert machine("reader").faults() == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "no entry that this version reads"),
        (b'{"trunkline-entry": 2}', "no entry that this version reads"),
        (b'{"trunkline-entry": 1, "records": [{"kind": "x"}]}', "of no kind that this version knows"),
        (b'{"trunkline-entry": 1, "records": [{"kind": "run", "record": {}}]}', "lacks"),
        (b'{"trunkline-entry": 1, "messages": [{"second": 1}]}', "lacks"),
        (b'{"trunkline-entry": 1, "messages": 7}', ""),
    ],
)
def test_what_is_no_entry(s3_server: S3, machine: Machine, prefix: str, content: bytes, said: str) -> None:
    """An object that is none of ours is told as a fault, and stands in nobody's way."""
    one = machine("one")
    one.open_run(a_run())
    name = f"{prefix}/entry-2026-03-01T000000.000000-x"
    obstore.put(s3_server.writer("ledgers"), name, content)
    one.begin(an_attempt())
    other = machine("other")
    assert len(other.attempts()) == 1
    [fault] = other.faults()
    assert name in fault
    assert said in fault


def test_a_storage_that_goes_away(tmp_path: Path) -> None:
    """A storage that does not answer is told in one sentence without keys, and nothing is half written."""
    with S3(buckets=["ledgers"]) as server:
        environ = {**server.env(), "TRUNKLINE_LEDGER": "s3://ledgers/team", "XDG_CACHE_HOME": str(tmp_path)}
        ledger = ledger_of(environ, Redactor())
        ledger.open_run(a_run())
        wrong = ledger_of(
            {**environ, "AWS_SECRET_ACCESS_KEY": "wrong", "XDG_CACHE_HOME": str(tmp_path / "b")}, Redactor()
        )
        with pytest.raises(Unreachable, match="The ledger cannot be used") as refused:
            wrong.attempts()
    assert "wrong" not in f"{refused.value.message}{refused.value.hint}".replace("are wrong", "").replace(
        "wrong, ", ""
    ).replace(": wrong", "")
    with pytest.raises(Unreachable) as caught:
        ledger.begin(an_attempt())
    assert server.secret_key not in f"{caught.value.message}{caught.value.hint}"
    ledger.close()
