"""What a deployment brought is written down with it; and the past is taken in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, fake_world
from trunkline.app.ledger_imports import import_releases, import_tags
from trunkline.app.release import release
from trunkline.app.rollback import rollback
from trunkline.domain.attempts import Kind, Outcome
from trunkline.domain.commits import Commit, Tag
from trunkline.domain.delivery.changes import Changes, Shipped, parse_changes
from trunkline.errors import DeploymentFailed, UsageError
from trunkline.ports.ledger import Added

MOMENT = datetime(2026, 2, 1, tzinfo=UTC)
NEXT = Commit(OTHER_SHA, "main", True)
BROUGHT = (Shipped(OTHER_SHA, MOMENT),)


@pytest.fixture
def fake() -> FakeWorld:
    """A commit runs in dev."""
    made = fake_world()
    made.pushed()
    release(made.world, "dev")
    return made


def go_on(fake: FakeWorld) -> None:
    """The next commit is checked out, and its image is there."""
    fake.source.head = NEXT
    fake.source.order[SHA, OTHER_SHA] = True
    fake.source.between[SHA, OTHER_SHA] = BROUGHT
    fake.pushed(NEXT)


def changes(fake: FakeWorld) -> Changes | None:
    return parse_changes(fake.ledger.deployments(environment="dev")[0].changes)


def test_the_first_deployment_has_no_base(fake: FakeWorld) -> None:
    """Nothing stood before it."""
    assert changes(fake) == Changes("")


def test_a_deployment_names_what_came(fake: FakeWorld) -> None:
    """The commits since the one that stood, as the cluster knows it."""
    go_on(fake)
    fake.ledger.forget_deployments()
    release(fake.world, "dev")
    assert changes(fake) == Changes(SHA, BROUGHT)


def test_what_git_does_not_know_is_unknown(fake: FakeWorld) -> None:
    """A shallow clone does not make a deployment without commits."""
    go_on(fake)
    fake.source.between.clear()
    release(fake.world, "dev")
    assert changes(fake) == Changes(SHA, None)


def test_the_same_commit_brings_nothing(fake: FakeWorld) -> None:
    """A redeployment is known by its base."""
    release(fake.world, "dev", again=True)
    assert changes(fake) == Changes(SHA)


def test_a_rollback_knows_what_it_leaves(fake: FakeWorld) -> None:
    """Its base is what stood, and nothing comes."""
    go_on(fake)
    release(fake.world, "dev")
    fake.source.between[OTHER_SHA, SHA] = ()
    rollback(fake.world, "dev")
    assert changes(fake) == Changes(OTHER_SHA, ())


def test_tags_are_deployments(fake: FakeWorld) -> None:
    """Each at its time, with what came since the tag before; twice is once, and more tags are only added."""
    tags = [Tag("v1", "1" * 40, MOMENT, "ada"), Tag("v2", "2" * 40, MOMENT + timedelta(days=1), "ada")]
    fake.source.known_tags = [*tags, Tag("x", "3" * 40, MOMENT, "ada")]
    fake.source.between["1" * 40, "2" * 40] = (Shipped("2" * 40, MOMENT),)
    assert import_tags(fake.world, "prod", "v*") == Added(8, 0)
    assert import_tags(fake.world, "prod", "v*") == Added(0, 8)
    fake.source.known_tags.append(Tag("v3", "4" * 40, MOMENT + timedelta(days=2), "bob"))
    fake.source.between.clear()
    assert import_tags(fake.world, "prod", "v*") == Added(4, 8)
    newest, second, first = fake.ledger.deployments(environment="prod")
    assert (newest.actor, second.commit, first.deployed_at) == ("bob", "2" * 40, MOMENT)
    assert parse_changes(second.changes) == Changes("1" * 40, (Shipped("2" * 40, MOMENT),))
    with pytest.raises(UsageError, match="no tag 'w\\*'"):
        import_tags(fake.world, "prod", "w*")


def test_a_tag_of_what_the_ledger_knows_is_left_alone(fake: FakeWorld) -> None:
    """The deployment that was seen is the better record."""
    fake.source.known_tags = [Tag("v1", SHA, MOMENT, "ada")]
    assert import_tags(fake.world, "dev", "*") == Added(0, 0)


def test_what_clusters_know_is_taken_in(fake: FakeWorld) -> None:
    """What stood and what failed, by whom and when; what the ledger has seen itself is left alone."""
    go_on(fake)
    release(fake.world, "dev")
    rollback(fake.world, "dev")
    assert import_releases(fake.world, ("dev",)) == Added(0, 0)
    fake.ledger.forget_deployments()
    assert import_releases(fake.world) == Added(12, 0)
    assert import_releases(fake.world) == Added(0, 12)
    taken = fake.ledger.deployments(environment="dev")
    assert sorted((item.revision, item.commit, item.kind) for item in taken) == [
        (1, SHA, Kind.RELEASE),
        (2, OTHER_SHA, Kind.RELEASE),
        (3, SHA, Kind.ROLLBACK),
    ]


def test_a_failed_revision_is_a_failed_attempt(fake: FakeWorld) -> None:
    """Nothing stands since it."""
    go_on(fake)
    fake.helm.failures["upgrade"] = [DeploymentFailed("the API said no")]
    with pytest.raises(DeploymentFailed):
        release(fake.world, "dev")
    fake.ledger.forget_deployments()
    import_releases(fake.world, ("dev",))
    records = {
        record.ending.revision: record.ending.outcome
        for record in fake.ledger.attempts(environment="dev")
        if record.ending and record.attempt.id.startswith("import-")
    }
    assert records[2] is Outcome.FAILED
    assert OTHER_SHA not in {item.commit for item in fake.ledger.deployments(environment="dev")}
