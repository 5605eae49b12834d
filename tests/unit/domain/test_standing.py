"""What `trunkline status` and `trunkline history` print."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.records import COMMIT, DIGEST, a_deployment, an_attempt, an_ending, at
from trunkline.domain.attempts import AttemptRecord, Kind, Outcome, Stage
from trunkline.domain.standing import HistoryRow, Standing, history, standings

OTHER = "f" * 40


def test_what_stands() -> None:
    """An environment runs its newest deployment, and tells since when, by whom and why."""
    earlier = replace(a_deployment("a", 10), commit=OTHER, revision=3)
    (row,) = standings(["dev"], [a_deployment("b", 60), earlier], [], at(90))
    assert row == Standing(
        environment="dev",
        service="sample",
        commit=COMMIT,
        image="registry.example/sample:0123456",
        digest=DIGEST,
        release="sample",
        revision=4,
        deployed_at=at(60),
        age_s=30.0,
        actor="ada",
        kind=Kind.PROMOTION,
        run_id="run-1",
    )
    assert not row.in_doubt


def test_the_environments_asked_for() -> None:
    """There is one row for each environment that is asked for, in that order, deployed or not."""
    rows = standings(
        ["prod", "qa", "dev"], [a_deployment(), a_deployment("x", environment="old")], [], at(90)
    )
    assert [row.environment for row in rows] == ["prod", "qa", "dev"]
    assert rows[0] == Standing("prod")
    assert [bool(row.commit) for row in rows] == [False, False, True]


def test_failed_attempt_after_a_deployment() -> None:
    """After a failed attempt the environment still runs what it ran, and the row tells what was tried."""
    tried = replace(an_attempt("try", 100), commit=OTHER)
    records = [
        AttemptRecord(an_attempt("good", 10), an_ending("good")),
        AttemptRecord(tried, an_ending("try", 120, Outcome.FAILED)),
    ]
    (row,) = standings(["dev"], [a_deployment()], records, at(130))
    assert (row.commit, row.last_attempt_commit) == (COMMIT, OTHER)
    assert (row.last_attempt_id, row.last_attempt_at) == ("try", at(100))
    assert row.last_attempt_outcome is Outcome.FAILED
    assert row.last_attempt_reason == "The container crashes on start."
    assert not row.in_doubt


def test_attempt_without_an_ending() -> None:
    """A last attempt without an ending leaves the environment in doubt."""
    (row,) = standings(["dev"], [], [AttemptRecord(an_attempt())], at(5))
    assert row.in_doubt
    assert (row.service, row.commit, row.deployed_at) == ("sample", "", None)


def test_other_stages_do_not_matter() -> None:
    """Only attempts to deploy tell something of an environment."""
    records = [AttemptRecord(an_attempt(stage=stage)) for stage in Stage if stage is not Stage.DEPLOY]
    assert standings(["dev"], [], records, at(5)) == (Standing("dev"),)


def test_clocks_that_disagree() -> None:
    """A deployment that another machine's clock puts into the future is new, not of negative age."""
    (row,) = standings(["dev"], [a_deployment(seconds=60)], [], at(0))
    assert row.age_s == 0.0
    (past,) = history([AttemptRecord(an_attempt(seconds=60))], at(0))
    assert past.age_s == 0.0


def test_history_row() -> None:
    """A row of the history tells everything of an attempt and of its ending."""
    attempt = an_attempt(seconds=10)
    (row,) = history([AttemptRecord(attempt, an_ending(seconds=52.5, outcome=Outcome.FAILED))], at(70))
    assert row == HistoryRow(
        attempt_id="attempt-1",
        run_id="run-1",
        service="sample",
        stage=Stage.DEPLOY,
        environment="dev",
        commit=COMMIT,
        branch="main",
        image="registry.example/sample:0123456",
        kind=Kind.PROMOTION,
        actor="ada",
        started_at=at(10),
        age_s=60.0,
        outcome=Outcome.FAILED,
        elapsed_s=42.5,
        reason="The container crashes on start.",
        cause="crash-loop",
        undone="returned to revision 3",
        digest=DIGEST,
        revision=4,
    )


def test_history_of_what_has_not_ended() -> None:
    """An attempt without an ending has neither outcome nor duration: nobody knows either."""
    (row,) = history([AttemptRecord(an_attempt())], at(70))
    assert (row.outcome, row.elapsed_s, row.age_s) == (None, None, 70.0)


moments = st.integers(0, 5)
places = st.sampled_from(["dev", "qa", "prod"])


@st.composite
def deployments_and_records(
    draw: st.DrawFn,
) -> tuple[list[tuple[int, str]], list[tuple[int, str, Outcome | None]]]:
    """Times and places of deployments, and times, places and outcomes of attempts; several at one moment."""
    deployed = draw(st.lists(st.tuples(moments, places), max_size=8))
    tried = draw(st.lists(st.tuples(moments, places, st.none() | st.sampled_from(list(Outcome))), max_size=8))
    return deployed, tried


@given(deployments_and_records(), st.randoms(use_true_random=False))
def test_order_does_not_matter(
    drawn: tuple[list[tuple[int, str]], list[tuple[int, str, Outcome | None]]], random: Random
) -> None:
    """Status and history are the same in whatever order the records come."""
    deployments = [
        a_deployment(f"d{number}", seconds, environment=place)
        for number, (seconds, place) in enumerate(drawn[0])
    ]
    records = [
        AttemptRecord(
            an_attempt(f"a{number}", seconds, environment=place),
            an_ending(f"a{number}", seconds + 1, outcome) if outcome else None,
        )
        for number, (seconds, place, outcome) in enumerate(drawn[1])
    ]
    environments = ["dev", "qa", "prod"]
    status, past = standings(environments, deployments, records, at(9)), history(records, at(9))
    random.shuffle(deployments)
    random.shuffle(records)
    assert standings(environments, deployments, records, at(9)) == status
    assert history(records, at(9)) == past
    assert [row.started_at for row in past] == sorted((row.started_at for row in past), reverse=True)
    for row in status:
        newest = max(
            (item.deployed_at for item in deployments if item.environment == row.environment), default=None
        )
        assert row.deployed_at == newest
