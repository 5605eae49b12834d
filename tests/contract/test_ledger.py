"""What every ledger must do; the fake and SQLite pass the same cases."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests.contract.ledgers import a_ledger
from tests.fakes.records import a_deployment, a_gate, a_mark, a_run, an_approval, an_attempt, an_ending, at
from trunkline.domain.attempts import Arrival, AttemptRecord, Decision, Outcome, Stage, StepBegun
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.redaction import Redactor
from trunkline.domain.totals import Tally
from trunkline.ports import Ledger
from trunkline.ports.ledger import Added


@pytest.fixture(params=["fake", "sqlite", "postgresql", "s3"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made = a_ledger(request, tmp_path, Redactor())
    yield made
    made.close()


def test_empty(ledger: Ledger) -> None:
    """A ledger that nobody has written to answers every question with nothing."""
    assert ledger.run("run-1") is None
    assert ledger.runs("sample") == ()
    assert ledger.attempts() == ()
    assert ledger.deployments() == ()
    assert ledger.approvals("run-1") == ()
    assert ledger.gates() == ()
    assert ledger.steps("attempt-1") == ()


def test_run_round_trip(ledger: Ledger) -> None:
    """A run comes back as it was written, with every field."""
    ledger.open_run(a_run())
    assert ledger.run("run-1") == a_run()
    assert ledger.runs("sample") == (a_run(),)


def test_run_opened_twice(ledger: Ledger) -> None:
    """A run that two jobs of a workflow open is the one that came first, and no error."""
    ledger.open_run(a_run())
    ledger.open_run(replace(a_run(), actor="grace"))
    assert ledger.run("run-1") == a_run()


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("06ab", None),
        ("06abc", "06abc"),
        ("06abcd", "06abcd1"),
        ("07", "07x%y"),
        ("07_%y", None),
        ("07*", None),
        ("08", None),
        ("", None),
    ],
)
def test_run_by_prefix(ledger: Ledger, prefix: str, found: str | None) -> None:
    """A run is found by the beginning of its id when that is unambiguous, and by the whole of it always."""
    for run_id in ("06abc", "06abcd1", "06abd", "07x%y"):
        ledger.open_run(a_run(run_id))
    answer = ledger.run(prefix)
    assert (answer.id if answer else None) == found


def test_runs_newest_first(ledger: Ledger) -> None:
    """Runs come newest first, those of another service not at all, and no more than the limit."""
    for number in (2, 0, 3, 1):
        ledger.open_run(a_run(f"run-{number}", number))
    ledger.open_run(a_run("run-9", 9, service="other"))
    assert [run.id for run in ledger.runs("sample", limit=3)] == ["run-3", "run-2", "run-1"]
    assert ledger.runs("sample", limit=0) == ()
    assert ledger.runs("sample", limit=-1) == ()


def test_attempt_before_its_end(ledger: Ledger) -> None:
    """An attempt is there, without an ending, as soon as it has begun."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    assert ledger.attempts() == (AttemptRecord(an_attempt()),)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_attempt_with_its_end(ledger: Ledger, outcome: Outcome) -> None:
    """An attempt comes back with the ending that was written for it, with every field."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.end(an_ending(outcome=outcome))
    assert ledger.attempts() == (AttemptRecord(an_attempt(), an_ending(outcome=outcome)),)


def test_attempts_newest_first(ledger: Ledger) -> None:
    """Attempts come in the order of time, newest first, whatever the order of writing, up to the limit."""
    ledger.open_run(a_run())
    for number in (2, 0, 3, 1):
        ledger.begin(an_attempt(f"attempt-{number}", number))
    ids = [record.attempt.id for record in ledger.attempts(limit=3)]
    assert ids == ["attempt-3", "attempt-2", "attempt-1"]


def test_attempts_since_a_moment(ledger: Ledger) -> None:
    """Those that began then are among them, those before are not, whatever else is asked for."""
    ledger.open_run(a_run())
    for number in (2, 0, 3, 1):
        ledger.begin(an_attempt(f"attempt-{number}", number))
    for asked in ({}, {"run_id": "run-1"}, {"service": "sample"}):
        found = ledger.attempts(since=at(2), **asked)  # type: ignore[arg-type]  # texts
        assert [record.attempt.id for record in found] == ["attempt-3", "attempt-2"]
    assert ledger.attempts(since=at(2), limit=1)[0].attempt.id == "attempt-3"


def test_attempts_of_one_moment(ledger: Ledger) -> None:
    """Attempts of the same microsecond are ordered by id."""
    ledger.open_run(a_run())
    for attempt_id in ("b", "c", "a"):
        ledger.begin(an_attempt(attempt_id))
    assert [record.attempt.id for record in ledger.attempts()] == ["c", "b", "a"]


def test_attempts_filtered(ledger: Ledger) -> None:
    """Each filter keeps what it names, and all of them together what they all name."""
    ledger.open_run(a_run("run-1"))
    ledger.open_run(a_run("run-2"))
    ledger.begin(an_attempt("a", run_id="run-1", environment="dev"))
    ledger.begin(an_attempt("b", run_id="run-2", environment="dev"))
    ledger.begin(an_attempt("c", run_id="run-2", environment="qa"))
    ledger.begin(an_attempt("d", run_id="run-2", environment="qa", service="other"))
    ledger.begin(an_attempt("e", run_id="run-2", environment="", stage=Stage.TEST))

    def ids(**wanted: str) -> str:
        return "".join(sorted(record.attempt.id for record in ledger.attempts(**wanted)))  # type: ignore[arg-type]  # no key is `limit`

    assert ids(run_id="run-2") == "bcde"
    assert ids(environment="qa") == "cd"
    assert ids(service="sample") == "abce"
    assert ids(service="sample", environment="qa") == "c"
    assert ids(run_id="run-1", service="sample", environment="dev") == "a"
    assert ids(run_id="run-") == ""


def test_steps_in_order(ledger: Ledger) -> None:
    """The steps of an attempt come in the order in which they were begun, repetitions included."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt("a"))
    ledger.begin(an_attempt("b"))
    ledger.intend("a", "helm upgrade", at(3))
    ledger.intend("b", "build", at(1))
    ledger.intend("a", "wait", at(2))
    ledger.intend("a", "wait", at(2))
    assert ledger.steps("a") == (("helm upgrade", at(3)), ("wait", at(2)), ("wait", at(2)))


def test_deployment_with_its_attempt(ledger: Ledger) -> None:
    """What stands is written together with the ending of the attempt that brought it."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.end(an_ending(), a_deployment())
    assert ledger.deployments() == (a_deployment(),)


def test_deployment_and_ending_are_one(ledger: Ledger) -> None:
    """Where a deployment cannot be written, neither is the ending."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    with pytest.raises(ValueError, match="refuses"):
        ledger.end(an_ending(), a_deployment(run_id="unknown"))
    assert ledger.attempts() == (AttemptRecord(an_attempt()),)
    assert ledger.deployments() == ()


def test_deployments_filtered_newest_first(ledger: Ledger) -> None:
    """Deployments come newest first; service, environment and limit choose among them."""
    ledger.open_run(a_run())
    places = [("a", 1, "dev", "sample"), ("b", 3, "dev", "sample"), ("c", 2, "qa", "sample")]
    for name, seconds, environment, service in [*places, ("d", 4, "dev", "other")]:
        ledger.begin(an_attempt(name))
        deployment = a_deployment(name, seconds, attempt_id=name, environment=environment, service=service)
        ledger.end(an_ending(name), deployment)
    assert [item.id for item in ledger.deployments()] == ["d", "b", "c", "a"]
    assert [item.id for item in ledger.deployments(service="sample")] == ["b", "c", "a"]
    assert [item.id for item in ledger.deployments(environment="dev")] == ["d", "b", "a"]
    assert [item.id for item in ledger.deployments(service="sample", environment="dev", limit=1)] == ["b"]


def test_arrivals_are_deployments_in_a_few_words(ledger: Ledger) -> None:
    """Each says the same as its deployment, whatever is asked for."""
    ledger.open_run(a_run())
    for name, service, environment in (("a", "sample", "dev"), ("b", "sample", "qa"), ("c", "other", "dev")):
        ledger.begin(an_attempt(name))
        ledger.end(
            an_ending(name),
            replace(
                a_deployment(name, attempt_id=name, service=service, environment=environment), changes="{}"
            ),
        )
    for service, environment in (("", ""), ("sample", ""), ("", "dev"), ("sample", "dev"), ("x", "")):
        expected = [
            tuple(getattr(item, name) for name in Arrival._fields)
            for item in ledger.deployments(service=service, environment=environment)
        ]
        assert sorted(ledger.arrivals(service=service, environment=environment)) == sorted(expected)


def test_approvals_oldest_first(ledger: Ledger) -> None:
    """Decisions come oldest first with every field, those of other runs and environments not at all."""
    ledger.open_run(a_run("run-1"))
    ledger.open_run(a_run("run-2"))
    late = an_approval("a", 9, Decision.REJECTED)
    early = an_approval("b", 1)
    prod = an_approval("c", 5, environment="prod")
    for approval in (late, early, prod, an_approval("d", run_id="run-2")):
        ledger.decide(approval)
    assert ledger.approvals("run-1") == (early, prod, late)
    assert ledger.approvals("run-1", "qa") == (early, late)
    assert ledger.approvals("run-1", "dev") == ()


def test_marks_newest_first(ledger: Ledger) -> None:
    """What was said of a service or an environment comes back as it was said, newest first, within a limit."""
    early, late, other = a_mark("b", 10), a_mark("a", 90), a_mark("c", 50, service="other", environment="qa")
    for mark in (late, early, other):
        ledger.mark(mark)
    assert ledger.marks() == (late, other, early)
    assert ledger.marks(service="sample") == (late, early)
    assert ledger.marks(environment="qa") == (other,)
    assert ledger.marks(service="sample", environment="qa") == ()
    assert ledger.marks(limit=1) == (late,)
    with pytest.raises(ValueError, match="refuses"):
        ledger.mark(early)


def test_gates_newest_first(ledger: Ledger) -> None:
    """What the gate said of a digest or a service comes back as it was written, newest first, within a limit."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    early, late = a_gate("b", 1), a_gate("a", 9)
    other = a_gate("c", 5, digest="sha256:" + "c" * 64, service="other")
    for gate in (late, early, other):
        ledger.judge(gate)
    assert ledger.gates() == (late, other, early)
    assert ledger.gates(digest=early.digest) == (late, early)
    assert ledger.gates(service="other") == (other,)
    assert ledger.gates(service="other", digest=early.digest) == ()
    assert ledger.gates(limit=1) == (late,)
    assert late.age_s(at(69)) == 60


def test_contradictions_are_faults(ledger: Ledger) -> None:
    """A row that contradicts what is written (an id twice, a second ending, an unknown run) is a fault, not lost."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.end(an_ending())
    ledger.decide(an_approval())
    with pytest.raises(ValueError, match="refuses"):
        ledger.begin(an_attempt())
    with pytest.raises(ValueError, match="refuses"):
        ledger.begin(an_attempt("other", run_id="unknown"))
    with pytest.raises(ValueError, match="refuses"):
        ledger.end(an_ending(outcome=Outcome.FAILED))
    with pytest.raises(ValueError, match="refuses"):
        ledger.end(an_ending("unknown"))
    with pytest.raises(ValueError, match="refuses"):
        ledger.intend("unknown", "wait", at(0))
    with pytest.raises(ValueError, match="refuses"):
        ledger.decide(an_approval())
    with pytest.raises(ValueError, match="refuses"):
        ledger.decide(an_approval("other", run_id="unknown"))
    ledger.judge(a_gate())
    with pytest.raises(ValueError, match="refuses"):
        ledger.judge(a_gate())
    with pytest.raises(ValueError, match="refuses"):
        ledger.judge(a_gate("other", attempt_id="unknown"))
    assert ledger.attempts() == (AttemptRecord(an_attempt(), an_ending()),)


def test_moments_in_any_zone(ledger: Ledger) -> None:
    """A moment is the same one when it comes back, to the microsecond, whatever zone it was told in."""
    zone = timezone(timedelta(hours=5, minutes=30))
    moment = datetime(2026, 3, 29, 2, 30, 0, 999_999, tzinfo=zone)
    ledger.open_run(replace(a_run(), started_at=moment))
    run = ledger.run("run-1")
    assert run is not None
    assert run.started_at == moment


def test_texts_as_they_are(ledger: Ledger) -> None:
    """Texts in any script come back as they were, quotes, newlines and SQL included."""
    text = '\'); DROP TABLE runs; --\n"☃" \N{PILE OF POO} %_*'
    ledger.open_run(replace(a_run(), actor=text, ci={text: text}))
    run = ledger.run("run-1")
    assert run is not None
    assert (run.actor, dict(run.ci)) == (text, {text: text})


def test_threads(ledger: Ledger) -> None:
    """Threads share one ledger and lose nothing."""
    ledger.open_run(a_run())

    def work(worker: int) -> None:
        for number in range(10):
            ledger.begin(an_attempt(f"{worker}-{number}"))
            ledger.end(an_ending(f"{worker}-{number}"))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    records = ledger.attempts(limit=100)
    assert len(records) == 40
    assert all(record.succeeded for record in records)


WHOLE: list[LedgerRecord] = [
    a_run(),
    an_attempt(),
    StepBegun("attempt-1", "Apply", at(1)),
    an_ending(),
    an_approval(),
    a_deployment(),
    a_gate(),
    a_mark(),
]


def test_a_whole_ledger_is_taken_in(ledger: Ledger) -> None:
    """Records of every kind come out as they went in, in an order in which they can be written again; twice is once."""
    assert ledger.add(WHOLE) == Added(8, 0)
    assert list(ledger.entries()) == WHOLE
    assert ledger.add(list(ledger.entries())) == Added(0, 8)
    assert ledger.faults() == ()
    assert ledger.attempts() == (AttemptRecord(an_attempt(), an_ending()),)
    assert ledger.steps("attempt-1") == (("Apply", at(1)),)


def test_what_was_written_comes_out(ledger: Ledger) -> None:
    """What the other methods write is among the entries."""
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.intend("attempt-1", "Apply", at(1))
    ledger.end(an_ending(), a_deployment())
    ledger.decide(an_approval())
    ledger.judge(a_gate())
    ledger.mark(a_mark())
    assert list(ledger.entries()) == WHOLE


@pytest.mark.parametrize(
    "records",
    [
        [an_attempt()],
        [*WHOLE, replace(a_run(), actor="eve")],
        [*WHOLE[:3], replace(an_ending(), attempt_id="nobody")],
        [a_run("run-2"), *WHOLE[1:]],
    ],
    ids=["no run", "another run", "no attempt", "another one's run"],
)
def test_all_of_it_or_nothing(ledger: Ledger, records: list[LedgerRecord]) -> None:
    """A record that contradicts another one, or refers to nothing, keeps all the others out."""
    ledger.open_run(a_run("run-0"))
    with pytest.raises(ValueError):  # noqa: PT011 - in the words of each
        ledger.add(records)
    assert list(ledger.entries()) == [a_run("run-0")]


def test_tallies(ledger: Ledger) -> None:
    """Attempts are counted by stage and outcome, with all of their time and the newest one's; open ones are not."""
    ledger.open_run(a_run())
    ends = [("1", 10, Outcome.SUCCEEDED), ("2", 50, Outcome.SUCCEEDED), ("3", 20, Outcome.FAILED)]
    for number, seconds, outcome in ends:
        ledger.begin(an_attempt(f"attempt-{number}", 0))
        ledger.end(an_ending(f"attempt-{number}", seconds, outcome))
    ledger.begin(an_attempt("attempt-4", 5))
    ledger.begin(an_attempt("attempt-5", 5, environment="qa"))
    ledger.end(an_ending("attempt-5", 6))
    assert sorted(ledger.tallies("sample", "dev"), key=lambda tally: tally.outcome) == [
        Tally(Stage.DEPLOY, Outcome.FAILED, 1, 20.0, at(20), 20.0),
        Tally(Stage.DEPLOY, Outcome.SUCCEEDED, 2, 60.0, at(50), 50.0),
    ]
    assert ledger.tallies("sample", "prod") == ()
