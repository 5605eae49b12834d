"""What a release would change, and what was changed behind Helm's back."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.fakes.world import OTHER_SHA, FakeWorld, fake_world
from trunkline.app.diff import diff
from trunkline.app.release import release
from trunkline.domain.commits import Commit
from trunkline.domain.differences import ChangeKind
from trunkline.errors import DeploymentFailed, Unreachable, UsageError


@pytest.fixture
def fake() -> FakeWorld:
    """A world whose first release stands, untouched."""
    made = fake_world()
    made.pushed()
    release(made.world, "dev")
    for item in standing(made):
        made.cluster.live_objects[(item["kind"], item["metadata"]["name"])] = item
    return made


def standing(fake: FakeWorld) -> list[Any]:
    return [copy.deepcopy(item) for item in fake.helm.applied(fake.target("dev"), 1).objects]


def change_image(fake: FakeWorld) -> None:
    """Somebody sets another image by hand; the API server would set the manifest's again."""
    for key, item in list(fake.cluster.live_objects.items()):
        assert not isinstance(item, str)
        fake.cluster.reapplied_objects[key] = item
        changed: Any = copy.deepcopy(item)
        changed["spec"]["template"]["spec"]["containers"][0]["image"] = "by-hand:1"
        fake.cluster.live_objects[key] = changed


def test_nothing_differs(fake: FakeWorld) -> None:
    """The commit that stands, untouched, shows no difference, and nothing is made."""
    before = list(fake.helm.deeds)
    found = diff(fake.world, "dev")
    assert (found.planned, found.drift, found.notes, found.differs) == ((), (), (), False)
    assert fake.helm.deeds == before


def test_no_release_yet() -> None:
    """Where nothing stands everything would be added, and a note says so."""
    fresh = fake_world()
    fresh.pushed()
    found = diff(fresh.world, "dev")
    assert [item.kind for item in found.planned] == [ChangeKind.ADDED]
    assert (found.revision, found.drift) == (0, ())
    assert "no revision stands" in found.notes[0]


def test_a_commit_that_is_not_built(fake: FakeWorld) -> None:
    """Another commit changes the image; that it is not built is said, and no error."""
    fake.check_out(Commit(OTHER_SHA, "main", True))
    found = diff(fake.world, "dev")
    [item] = found.planned
    assert [change.path.rpartition(".")[2] for change in item.changes] == ["image"]
    assert "is not built yet" in found.notes[0]


def test_an_image_set_by_hand(fake: FakeWorld) -> None:
    """A value that somebody changed is drift, and not part of the plan."""
    change_image(fake)
    found = diff(fake.world, "dev")
    assert found.planned == ()
    [item] = found.drift
    assert [change.after for change in item.changes] == ["by-hand:1"]


def test_without_a_dry_run(fake: FakeWorld) -> None:
    """Where the API does not let us try, the manifest's own fields are compared, and it is said."""
    change_image(fake)
    fake.cluster.reapplied_objects = dict.fromkeys(fake.cluster.live_objects, "patch is forbidden")
    found = diff(fake.world, "dev")
    assert len(found.drift) == 1
    assert "patch is forbidden" in found.notes[0]


def test_a_deleted_object(fake: FakeWorld) -> None:
    """An object that is gone is told."""
    fake.cluster.live_objects.clear()
    assert [item.kind for item in diff(fake.world, "dev").drift] == [ChangeKind.REMOVED]


def test_an_object_that_may_not_be_read(fake: FakeWorld) -> None:
    """What cannot be read is noted, and not called deleted."""
    fake.cluster.live_objects = dict.fromkeys(fake.cluster.live_objects, "reading is forbidden")
    found = diff(fake.world, "dev")
    assert found.drift == ()
    assert "reading is forbidden" in found.notes[0]


def test_failures(fake: FakeWorld) -> None:
    """A chart that cannot be rendered is a mistake of use, and a silent cluster is unreachable."""

    def refuse(name: str, values: Any) -> Any:
        raise DeploymentFailed("values don't meet the schema")

    rendered, fake.helm.render = fake.helm.render, refuse
    with pytest.raises(UsageError, match="schema"):
        diff(fake.world, "dev")
    fake.helm.render = rendered
    fake.cluster.trouble = "The cluster is unreachable."
    with pytest.raises(Unreachable):
        diff(fake.world, "dev")
