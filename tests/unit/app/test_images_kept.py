"""Listing, inspecting, tagging and pruning images, with where they run."""

from __future__ import annotations

import pytest

from tests.fakes.projects import REPOSITORY, a_project
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, fake_world
from trunkline.app.build import build
from trunkline.app.image_facts import find_image, inspect
from trunkline.app.image_inventory import inventory
from trunkline.app.image_tags import Pruned, plan_prune, prune, retag
from trunkline.app.release import release
from trunkline.config.project import ImageSettings
from trunkline.domain.commits import Commit
from trunkline.errors import ConfigurationError, Refused, Unreachable, UsageError

DAY_S = 86_400.0


@pytest.fixture
def fake() -> FakeWorld:
    """Two commits: the first runs in qa and could be returned to in dev, where the second runs; a third was only built."""
    made = fake_world()
    build(made.world)
    release(made.world, "dev")
    release(made.world, "qa")
    for number, sha in enumerate((OTHER_SHA, "c" * 40), 1):
        made.clock.sleep(DAY_S)
        made.check_out(Commit(sha, "main", True))
        build(made.world)
        if number == 1:
            release(made.world, "dev")
    return made


def digest_of(fake: FakeWorld, sha: str) -> str:
    return fake.registry.digests[f"{REPOSITORY}:{sha[:7]}"]


def test_what_there_is_and_where_it_runs(fake: FakeWorld) -> None:
    """Images come newest first, with commit, platform and the environments that run or keep them."""
    found = inventory(fake.world)
    assert found.troubles == {}
    assert [(image.tags, image.commit, image.runs_in, image.returns_in) for image in found.images] == [
        (("ccccccc",), "c" * 40, (), ()),
        (("89abcde",), OTHER_SHA, ("dev",), ()),
        (("0123456",), SHA, ("qa",), ("dev",)),
    ]
    assert [tuple(image.platforms) for image in found.images] == [("linux/amd64",)] * 3


def test_an_environment_that_does_not_answer(fake: FakeWorld) -> None:
    """The list is shown all the same, and says whom it could not ask."""
    fake.helm.trouble = "The cluster does not answer."
    found = inventory(fake.world)
    assert len(found.images) == 3
    assert set(found.troubles) == {"dev", "qa", "prod"}


def test_one_image_from_all_sides(fake: FakeWorld) -> None:
    """A report has labels, environments and deployments; a reference, a tag, a commit and HEAD lead to it."""
    fake.artifacts.attached[digest_of(fake, SHA)] = {"sha256:" + "9" * 64: "application/spdx+json"}
    for named in (SHA, "0123456", f"{REPOSITORY}:0123456", digest_of(fake, SHA)):
        report = inspect(fake.world, find_image(fake.world, named))
        assert (report.digest, report.commit) == (digest_of(fake, SHA), SHA)
        assert {(item.environment, item.revision, item.stands) for item in report.placed} == {
            ("dev", 1, False), ("qa", 1, True),
        }  # fmt: skip
        assert [item.environment for item in report.deployed] == ["qa", "dev"]
        assert list(report.attached.values()) == ["application/spdx+json"]
    assert inspect(fake.world, find_image(fake.world, "")).commit == "c" * 40


@pytest.mark.parametrize("named", ["nothing", f"{REPOSITORY}:gone", "sha256:" + "0" * 64])
def test_an_image_that_is_not_there(fake: FakeWorld, named: str) -> None:
    """What is not in the registry is a mistake that says how to see what is."""
    with pytest.raises(UsageError, match="There is no image") as caught:
        inspect(fake.world, find_image(fake.world, named))
    assert "trunkline image list" in caught.value.hint


@pytest.mark.parametrize("named", ["quay.io/acme/Sample:1", "quay.io/acme/sample"])
def test_what_names_no_image(fake: FakeWorld, named: str) -> None:
    """A reference that is none, or names no single image, is refused."""
    with pytest.raises(UsageError):
        find_image(fake.world, named)


def test_another_tag(fake: FakeWorld) -> None:
    """A new tag stands for the same digest; one that stands for another is moved by force only."""
    first, second = find_image(fake.world, SHA), find_image(fake.world, OTHER_SHA)
    assert retag(fake.world, first, "v1").digest == digest_of(fake, SHA)
    assert retag(fake.world, first, "v1").digest == digest_of(fake, SHA)
    with pytest.raises(
        UsageError, match=rf":v1 is {digest_of(fake, SHA)}, and .* is {digest_of(fake, OTHER_SHA)}"
    ):
        retag(fake.world, second, "v1")
    assert retag(fake.world, second, "v1", force=True).digest == digest_of(fake, OTHER_SHA)
    with pytest.raises(UsageError, match="is that of a commit, which never moves"):
        retag(fake.world, first, "89abcde", force=True)
    with pytest.raises(UsageError, match="There is no image"):
        retag(fake.world, REPOSITORY.with_tag("gone"), "v2")


def pruned(fake: FakeWorld, keep: int = 0, days: float = 0) -> Pruned:
    return plan_prune(fake.world, keep=keep, older_than_s=days * DAY_S)


def test_what_is_needed_stays(fake: FakeWorld) -> None:
    """What runs, what could be returned to and what is checked out stays; an image that only was built goes."""
    fake.check_out(Commit(SHA, "main", True))
    plan = pruned(fake)
    assert {item.image.tags[0]: item.kept for item in plan.verdicts} == {
        "0123456": ("dev could return to it", "qa runs it", "its commit is checked out"),
        "89abcde": ("dev runs it",),
        "ccccccc": (),
    }
    gone: list[str] = []
    done = prune(fake.world, plan, lambda verdict: gone.append(verdict.image.digest))
    assert list(done.gone) == gone == [item.image.digest for item in plan.going]
    assert set(fake.registry.digests) == {f"{REPOSITORY}:0123456", f"{REPOSITORY}:89abcde"}
    # Done again, as after being killed half-way, it is simply done.
    assert prune(fake.world, plan, lambda _: None).gone == done.gone
    assert pruned(fake).going == ()


def test_old_revisions_are_looked_into(fake: FakeWorld) -> None:
    """An image that only an older revision's objects name, without a mark of ours, stays as well."""
    fake.check_out(Commit(SHA, "main", True))
    for key, record in fake.helm.records.items():
        if key[0].endswith("dev/sample"):
            record[1] = "Upgrade complete"
    assert "dev could return to it" in {reason for item in pruned(fake).verdicts for reason in item.kept}


def test_nothing_goes_while_an_environment_is_silent(fake: FakeWorld) -> None:
    """What cannot be asked may run anything, so nothing is removed, and it is named."""
    fake.helm.trouble = "The cluster does not answer."
    with pytest.raises(Unreachable, match="What dev runs is not known, so nothing is removed: The cluster"):
        pruned(fake)
    assert len(fake.registry.digests) == 3


def test_named_tags_and_young_ones_stay(fake: FakeWorld) -> None:
    """A tag that somebody gave keeps its image, and so do age and number."""
    fake.check_out(Commit(SHA, "main", True))
    assert len(pruned(fake).going) == 1
    assert pruned(fake, keep=1).going == ()
    assert pruned(fake, days=30).going == ()
    retag(fake.world, find_image(fake.world, "ccccccc"), "latest")
    assert pruned(fake).going == ()


def test_a_registry_that_removes_nothing(fake: FakeWorld) -> None:
    """A registry that does not let anybody remove is told as it is."""
    fake.check_out(Commit(SHA, "main", True))
    fake.artifacts.refuses_to_delete = True
    with pytest.raises(Refused, match="removes nothing"):
        prune(fake.world, pruned(fake), lambda _: None)


def test_no_repository() -> None:
    """Without a repository there is nothing to look at."""
    with pytest.raises(ConfigurationError, match="No image is configured"):
        inventory(fake_world(a_project(image=ImageSettings(None))).world)
