"""What stands where, and what happened."""

from __future__ import annotations

import pytest

from tests.fakes.cluster import FakePod
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, Killed, fake_world
from trunkline.app.release import release
from trunkline.app.rollback import rollback
from trunkline.app.standing import Standing, history, logs, status
from trunkline.domain.commits import Commit
from trunkline.errors import DeploymentFailed, UsageError
from trunkline.ports import LogLine

NEXT = Commit(OTHER_SHA, "main", True)


@pytest.fixture
def fake() -> FakeWorld:
    made = fake_world()
    made.pushed()
    return made


def dev(fake: FakeWorld) -> Standing:
    return status(fake.world)[0]


def test_nothing_stands(fake: FakeWorld) -> None:
    """Every environment has its line, also before its first deployment."""
    assert status(fake.world) == tuple(
        Standing(name, f"team-{name}/sample") for name in ("dev", "qa", "prod")
    )


def test_what_stands(fake: FakeWorld) -> None:
    """The line tells revision, commit, image, chart, who, why and since when, as the cluster's marks say it."""
    image = fake.pushed()
    made_of = release(fake.world, "dev").plan.ingredients
    assert made_of is not None
    assert dev(fake) == Standing(
        "dev",
        "team-dev/sample",
        1,
        "backend-1.0.0",
        SHA,
        str(image),
        "ada",
        "release",
        fake.clock.now(),
        good=True,
        ingredients=made_of,
    )


def test_a_revision_that_nobody_saw_become_good(fake: FakeWorld) -> None:
    """A standing revision whose rollout was not watched to its end is not called good."""
    fake.killed_at("end upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    assert (dev(fake).revision, dev(fake).good) == (1, False)


def test_a_revision_that_is_cut_off(fake: FakeWorld) -> None:
    """What a dead client left behind is shown beside what stands."""
    release(fake.world, "dev")
    fake.killed_at("pending upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev", again=True)
    fake.revive()
    assert (dev(fake).revision, dev(fake).state, dev(fake).good) == (1, "pending-upgrade", True)


def test_a_first_install_that_is_cut_off(fake: FakeWorld) -> None:
    """Where nothing stands yet, only the state of what was begun is known."""
    fake.killed_at("pending upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    assert dev(fake) == Standing("dev", "team-dev/sample", state="pending-install")


def test_after_a_rollback(fake: FakeWorld) -> None:
    """A rollback runs the commit of the revision that it returned to."""
    release(fake.world, "dev")
    fake.check_out(NEXT)
    fake.pushed()
    release(fake.world, "dev")
    rollback(fake.world, "dev")
    assert (dev(fake).revision, dev(fake).commit, dev(fake).good) == (3, SHA, True)


def test_a_cluster_that_does_not_answer(fake: FakeWorld) -> None:
    """An environment that cannot be asked says why; it is not shown as empty."""
    fake.cluster.trouble = "No route."
    assert [line.trouble for line in status(fake.world)] == ["No route."] * 3


def test_history(fake: FakeWorld) -> None:
    """The newest attempts come first, of one environment or of all."""
    release(fake.world, "dev")
    fake.clock.advance(60)
    release(fake.world, "qa")
    fake.clock.advance(60)
    fake.cluster.sick.add("0123456")
    with pytest.raises(DeploymentFailed):
        release(fake.world, "dev", again=True)
    told = [(record.attempt.environment, record.succeeded) for record in history(fake.world)]
    assert told == [("dev", False), ("qa", True), ("dev", True)]
    assert len(history(fake.world, "qa")) == 1
    assert len(history(fake.world, limit=2)) == 2
    with pytest.raises(UsageError, match="no environment 'staging'"):
        history(fake.world, "staging")


def test_logs(fake: FakeWorld) -> None:
    """Lines come from the pods that the standing release's selectors match, and from no others."""
    release(fake.world, "dev")
    fake.cluster.pods = [
        FakePod("team-dev", "sample-1", "sample", {"app": "sample"}, {"web": ["one", "two"]}),
        FakePod("team-dev", "other-1", "other", {"app": "other"}, {"web": ["no"]}),
        FakePod("team-qa", "sample-1", "sample", {"app": "sample"}, {"web": ["no"]}),
    ]
    assert list(logs(fake.world, "dev", follow=False, tail=1)) == [LogLine("sample-1", "web", "two")]


def test_logs_of_nothing(fake: FakeWorld) -> None:
    """Where nothing stands there is nothing to read, and the sentence says what to do."""
    with pytest.raises(UsageError, match="There is no release team-dev/sample") as caught:
        logs(fake.world, "dev", follow=True, tail=None)
    assert caught.value.hint == "Deploy it first: trunkline release dev"
