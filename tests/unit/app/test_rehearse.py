"""A rehearsal: health first, then every failure from the state that health left."""

from __future__ import annotations

import pytest

from tests.fakes.projects import a_project
from tests.fakes.rehearsal import FakeTheatre
from trunkline.app.rehearse import rehearse
from trunkline.domain.attempts import Stage
from trunkline.domain.rehearsals import Ending, Expectation, Performance, Scenario, What
from trunkline.errors import DeploymentFailed, UsageError
from trunkline.ports.rehearsals import Standing

CRASH = Scenario("crash", What.CRASH_LOOP, expect=Expectation(causes=("crash-loop", "crashed")))


@pytest.fixture
def theatre() -> FakeTheatre:
    return FakeTheatre(a_project())


def performed(theatre: FakeTheatre, scenario: Scenario, until: str = "") -> Performance:
    (performance,) = rehearse(theatre.project, theatre.open, [scenario], until).performances
    return performance


def test_health(theatre: FakeTheatre) -> None:
    """Without a failure the whole way is gone once, and its time line is told."""
    rehearsed = rehearse(theatre.project, theatre.open, [])
    assert (rehearsed.environments, rehearsed.performances) == (("dev", "qa", "prod"), ())
    assert rehearsed.as_expected
    told = [f"{moment.environment} {moment.text}".strip() for moment in rehearsed.health]
    assert [line for line in told if line.endswith("succeeded")] == [
        "build succeeded",
        "dev deploy succeeded",
        "qa approval succeeded",
        "qa deploy succeeded",
        "prod approval succeeded",
        "prod deploy succeeded",
    ]
    assert rehearsed.health[0].at_s == 0
    assert len(theatre.opened) == 1


def test_a_failure(theatre: FakeTheatre) -> None:
    """A failure strikes the last environment but one, is named and undone there, and nothing after it is touched."""
    seen = performed(theatre, CRASH)
    assert (seen.struck, seen.ending, seen.stopped_at) == ("qa", Ending.STOPPED, "qa")
    assert seen.cause
    assert seen.sentence
    assert seen.undone
    assert seen.took_s >= 0
    assert (seen.touched, seen.left_over, seen.broken) == ((), (), ())
    assert theatre.worlds[-1].commit_in("prod") == theatre.opened[0]


def test_every_scenario_begins_where_health_ended(theatre: FakeTheatre) -> None:
    """No scenario sees what another one did, however many are played."""
    scenarios = [Scenario(f"crash {number}", What.CRASH_LOOP) for number in range(5)]
    rehearsed = rehearse(theatre.project, theatre.open, scenarios)
    assert [item.scenario.name for item in rehearsed.performances] == [item.name for item in scenarios]
    assert len({item.cause for item in rehearsed.performances}) == 1
    for world in theatre.worlds[1:]:
        deployed = [item for item in world.ledger.attempts(limit=99) if item.attempt.stage is Stage.DEPLOY]
        assert [item.succeeded for item in reversed(deployed)] == [True, True, True, True, False]


@pytest.mark.parametrize(("rollout", "stages"), [(1, 2), (2, 2), (3, 3), (4, 4)])
def test_the_nth_rollout(theatre: FakeTheatre, rollout: int, stages: int) -> None:
    """A failure strikes the rollout that the scenario names, after as many healthy ones as come before it."""
    seen = performed(theatre, Scenario("crash", What.CRASH_LOOP, rollout=rollout))
    assert seen.ending is Ending.STOPPED
    assert len(theatre.opened) == stages
    qa = theatre.worlds[-1].target("qa")
    assert len(theatre.worlds[-1].helm.history(qa).revisions) == (rollout + 1 if rollout > 1 else 0)


def test_where_the_scenario_says(theatre: FakeTheatre) -> None:
    """A scenario that names an environment strikes there; the way before it is gone in health."""
    seen = performed(theatre, Scenario("crash", What.CRASH_LOOP, environment="prod"))
    assert (seen.struck, seen.stopped_at, seen.touched) == ("prod", "prod", ())
    assert theatre.worlds[-1].commit_in("qa") == theatre.opened[-1]


def test_until(theatre: FakeTheatre) -> None:
    """A rehearsal can end at an earlier environment; the one before it is struck then."""
    rehearsed = rehearse(theatre.project, theatre.open, [CRASH], "qa")
    assert rehearsed.environments == ("dev", "qa")
    assert rehearsed.performances[0].struck == "dev"
    assert all(world.commit_in("prod") == "" for world in theatre.worlds)


@pytest.mark.parametrize("until", ["", "qa"])
def test_an_environment_that_is_not_on_the_way(theatre: FakeTheatre, until: str) -> None:
    """A scenario for an environment that the way does not have is refused before anything is played."""
    name = "prod" if until else "staging"
    with pytest.raises(UsageError, match=name):
        rehearse(theatre.project, theatre.open, [Scenario("crash", What.CRASH_LOOP, environment=name)], until)
    assert theatre.opened == []


def test_an_unknown_end(theatre: FakeTheatre) -> None:
    """An end that is no environment is refused, and those that there are get named."""
    with pytest.raises(UsageError, match="staging") as caught:
        rehearse(theatre.project, theatre.open, [], "staging")
    assert "dev, qa, prod" in caught.value.hint


def test_not_even_health() -> None:
    """A pipeline that fails without any failure being played is told so, and no scenario is played."""
    theatre = FakeTheatre(a_project(), disturb=lambda fake: fake.cluster.sick.add(""))
    with pytest.raises(DeploymentFailed, match="Not even the rehearsal without a failure"):
        rehearse(theatre.project, theatre.open, [CRASH])
    assert len(theatre.opened) == 1


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        (Standing((), unready=("deployment.apps/web",)), "deployment.apps/web is not ready"),
        (Standing((), pending=("7",)), "revision 7 was left pending"),
        (Standing((), at_work=("job.batch/migrate",)), "job.batch/migrate is still at work"),
        (Standing(("other:1",)), "stands other:1 after the undo"),
        (Standing(()), "stands nothing after the undo"),
    ],
)
def test_what_is_left_over(theatre: FakeTheatre, standing: Standing, says: str) -> None:
    """What does not stand as it should breaks an expectation, in a sentence that names it."""
    theatre.stands["qa"] = standing
    seen = performed(theatre, CRASH)
    assert not seen.as_expected
    assert any(says in sentence for sentence in seen.broken), seen.broken


def test_what_was_touched(theatre: FakeTheatre) -> None:
    """A change in an environment after the struck one breaks the expectation that there is none."""
    theatre.changed["prod"] = 1
    seen = performed(theatre, CRASH)
    assert seen.touched == ("prod",)
    assert any("prod" in sentence for sentence in seen.broken)


def test_a_failure_that_is_survived() -> None:
    """A scenario that is to be survived, and is not, is told with the sentence that stopped the train."""
    theatre = FakeTheatre(a_project())
    survived = Scenario("crash", What.CRASH_LOOP, expect=Expectation(Ending.DELIVERED))
    seen = performed(theatre, survived)
    assert any("was to come through" in sentence and seen.sentence in sentence for sentence in seen.broken)


def test_each_end_is_told_at_once(theatre: FakeTheatre) -> None:
    """Whoever waits is told of each scenario when it is over."""
    told: list[str] = []
    scenarios = [Scenario(name, What.CRASH_LOOP) for name in ("one", "two")]
    rehearse(theatre.project, theatre.open, scenarios, on_end=lambda item: told.append(item.scenario.name))
    assert sorted(told) == ["one", "two"]
