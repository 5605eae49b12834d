"""Building a commit's image once, and running its tests before."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.projects import REPOSITORY, a_project, an_environment
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, fake_world
from trunkline.app.build import build
from trunkline.app.build import test as run_tests
from trunkline.config.project import ImageSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference
from trunkline.errors import ConfigurationError, DeploymentFailed, Refused, Unreachable, UsageError
from trunkline.run.attempts import begin_run

TREE = "c" * 40


@pytest.fixture
def fake() -> FakeWorld:
    return fake_world()


def test_a_build(fake: FakeWorld) -> None:
    """The image is built, pushed and known by its digest, labelled with where it comes from, and recorded."""
    fake.check_out(Commit(SHA, "main", True, source_url="https://git.example/sample"))
    built = build(fake.world)
    assert built.image == REPOSITORY.with_tag("0123456").with_digest(built.image.digest or "")
    assert not built.reused
    assert fake.registry.images[built.image.digest or ""] == {
        "org.opencontainers.image.revision": SHA,
        "org.opencontainers.image.source": "https://git.example/sample",
        "org.opencontainers.image.created": "2026-03-01T12:00:00+00:00",
        "org.opencontainers.image.version": "0123456",
        "org.opencontainers.image.title": "sample",
    }
    [record] = fake.ledger.attempts()
    assert (record.attempt.stage, record.attempt.image) == (Stage.BUILD, f"{REPOSITORY}:0123456")
    assert record.ending is not None
    assert record.ending.digest == built.image.digest
    assert "latest" not in " ".join(fake.registry.digests)


def test_what_is_there_is_not_built_again(fake: FakeWorld) -> None:
    """The same commit's image is found and said; the builder is not even asked for."""
    first = build(fake.world)
    again = build(fake.world)
    assert (again.image, again.reused) == (first.image, True)
    assert len(fake.builder.built) == 1
    assert any("is in the registry already" in note for note in fake.recorder.notes)
    assert all(record.succeeded for record in fake.ledger.attempts())


def test_build_arguments(fake: FakeWorld) -> None:
    """Build arguments may name the commit, short or full, and the service."""
    arguments = {
        "A": "${TRUNKLINE_COMMIT}",
        "B": "v-${TRUNKLINE_SHORT_COMMIT}",
        "C": "${TRUNKLINE_SERVICE}",
        "D": "$X",
    }
    fake = fake_world(a_project(image=ImageSettings(REPOSITORY, build_args=arguments)))
    build(fake.world)
    [(_, settings)] = fake.builder.built
    assert settings.build_args == {"A": SHA, "B": "v-0123456", "C": "sample", "D": "$X"}


def test_a_failed_build(fake: FakeWorld) -> None:
    """A build that fails pushes nothing, and its last line is in the reason."""
    fake.builder.failure = "pip: no such package"
    with pytest.raises(DeploymentFailed, match="no such package"):
        build(fake.world)
    assert fake.registry.digests == {}
    [record] = fake.ledger.attempts()
    assert record.ending is not None
    assert record.ending.outcome is Outcome.FAILED


def test_a_registry_that_holds_something_else(fake: FakeWorld) -> None:
    """When the tag does not stand for what was pushed, the build has failed: somebody else pushes it, too."""
    push = fake.builder.push

    def overtaken(image: ImageReference, *rest: Any) -> str:
        digest = push(image, *rest)
        fake.registry.put(image, {"somebody": "else"})
        return digest

    fake.builder.push = overtaken  # type: ignore[method-assign, assignment]  # somebody else pushes in this moment
    with pytest.raises(DeploymentFailed, match=r"was pushed\.$"):
        build(fake.world)


REVISION = "org.opencontainers.image.revision"


def test_the_tag_of_a_commit_never_moves(fake: FakeWorld) -> None:
    """An image of another commit under this commit's tag stops the build, with both; nothing is built or pushed."""
    digest = fake.registry.put(REPOSITORY.with_tag("0123456"), {REVISION: OTHER_SHA})
    with pytest.raises(DeploymentFailed, match=rf"0123456@{digest} .* of commit 89abcde, not of 0123456"):
        build(fake.world)
    assert fake.builder.built == []
    assert fake.registry.digests == {f"{REPOSITORY}:0123456": digest}


def test_an_image_without_a_label_is_taken(fake: FakeWorld) -> None:
    """An image that another tool pushed under the commit's tag is used, and that it does not say its commit is told."""
    digest = fake.registry.put(REPOSITORY.with_tag("0123456"), {})
    assert build(fake.world).image.digest == digest
    assert any("does not say which commit" in note for note in fake.recorder.notes)


@pytest.mark.parametrize("moment", ["build", "push"])
@pytest.mark.parametrize("of", [SHA, OTHER_SHA])
def test_another_job_was_faster(fake: FakeWorld, moment: str, of: str) -> None:
    """What another job pushed meanwhile stays: taken if it is of this commit, refused if it is not; never replaced."""
    work = getattr(fake.builder, moment)
    tag = REPOSITORY.with_tag("0123456")

    def overtaken(*arguments: Any) -> Any:
        fake.registry.put(tag, {REVISION: of, "job": "other"})
        if moment == "push":
            # As a registry whose tags are immutable does it.
            raise Refused("409: the tag cannot be overwritten")
        return work(*arguments)

    setattr(fake.builder, moment, overtaken)
    if of == SHA:
        built = build(fake.world)
        assert built.reused
        assert fake.registry.images[built.image.digest or ""]["job"] == "other"
    else:
        with pytest.raises(DeploymentFailed, match="the tag of a commit never moves"):
            build(fake.world)
    assert fake.builder.pushed == []


def test_something_without_a_name_after_a_failed_push(fake: FakeWorld) -> None:
    """What lies under the tag after a push that failed is taken for the commit's only if it says so."""

    def fail(*_: Any) -> str:
        fake.registry.put(REPOSITORY.with_tag("0123456"), {})
        raise Unreachable("the line was cut")

    fake.builder.push = fail  # type: ignore[method-assign, assignment]  # a line that is cut after all was sent
    with pytest.raises(Unreachable, match="the line was cut"):
        build(fake.world)


def test_a_push_that_is_refused(fake: FakeWorld) -> None:
    """A refusal that leaves nothing in the registry is told as it was."""

    def refuse(*_: Any) -> str:
        raise Refused("no permission")

    fake.builder.push = refuse  # type: ignore[method-assign, assignment]  # a registry that lets us in, and not push
    with pytest.raises(Refused, match="no permission"):
        build(fake.world)


def test_every_platform_has_to_be_there() -> None:
    """A multi-arch image that lacks a platform is no success; one that has them all is."""
    platforms = ("linux/amd64", "linux/arm64")
    fake = fake_world(a_project(image=ImageSettings(REPOSITORY, platforms=platforms)))
    with pytest.raises(DeploymentFailed, match=r"lacks linux/amd64, linux/arm64: it has one image"):
        build(fake.world)
    fake = fake_world(a_project(image=ImageSettings(REPOSITORY, platforms=platforms)))
    push = fake.builder.push

    def both(*arguments: Any) -> str:
        digest = push(*arguments)
        fake.registry.indexes[digest] = {"linux/amd64": "1", "linux/arm64/v8": "2"}
        return digest

    fake.builder.push = both  # type: ignore[method-assign, assignment]  # what a builder for several platforms leaves
    assert not build(fake.world).reused


@pytest.mark.parametrize(
    ("commit", "expires"),
    [
        (Commit(SHA, "main", True), ""),
        (Commit(SHA, "feature", False), "2w"),
        (Commit(SHA, "main", True, TREE), "2w"),
    ],
)
def test_labels(commit: Commit, expires: str) -> None:
    """The project's labels are filled in, cannot replace ours, and only what is off trunk expires."""
    labels = {"com.example.of": "${TRUNKLINE_SHORT_COMMIT}", REVISION: "mine"}
    image = ImageSettings(REPOSITORY, labels=labels, expires="2w")
    dev = an_environment("dev", allow=frozenset({"dirty", "off_trunk"}))
    fake = fake_world(a_project(image=image, environments=(dev,)), commit=commit)
    found = fake.registry.images[build(fake.world).image.digest or ""]
    assert (found["com.example.of"], found[REVISION]) == ("0123456", SHA)
    assert found.get("quay.expires-after", "") == expires


def test_a_registry_that_does_not_answer(fake: FakeWorld) -> None:
    """Without a registry nothing is built."""
    fake.registry.trouble = "No route."
    with pytest.raises(Unreachable):
        build(fake.world)
    assert fake.builder.built == []


def test_a_dirty_tree(fake: FakeWorld) -> None:
    """A dirty tree is built only where an environment would take it, and under a tag of its own."""
    dirty = Commit(SHA, "main", True, TREE)
    fake.check_out(dirty)
    with pytest.raises(UsageError, match="no environment takes such an image"):
        build(fake.world)
    assert fake.ledger.attempts() == ()
    loose = a_project(
        environments=(an_environment("dev", allow=frozenset({"dirty"})), an_environment("prod"))
    )
    assert build(fake_world(loose, commit=dirty).world).image.tag == "0123456-dirty-cccccccc"


def test_no_image_is_configured() -> None:
    """Without a repository there is nothing to build, and the sentence says what to set."""
    fake = fake_world(a_project(image=ImageSettings(None)))
    with pytest.raises(ConfigurationError, match="No image is configured") as caught:
        build(fake.world)
    assert "IMAGE_NAME" in caught.value.hint


def test_a_build_of_a_run(fake: FakeWorld) -> None:
    """A build belongs to the run that it is made for."""
    run = begin_run(fake.world, fake.source.head)
    assert build(fake.world, run).run == run
    assert fake.ledger.attempts()[0].attempt.run_id == run.id


@pytest.mark.parametrize("code", [0, 1, 127])
def test_the_project_s_own_tests(code: int) -> None:
    """The configured command runs by the shell in the project's directory; its exit code decides."""
    fake = fake_world(a_project(test="make test"), test_exit_code=code)
    run = begin_run(fake.world, fake.source.head)
    if code:
        with pytest.raises(DeploymentFailed, match=f"`make test` ended with exit code {code}"):
            run_tests(fake.world, run)
    else:
        run_tests(fake.world, run)
    [command] = fake.processes.commands
    assert command.argv == ("sh", "-c", "make test")
    assert command.directory == fake.world.project.root
    assert "ran the tests" in fake.recorder.notes
    [record] = fake.ledger.attempts()
    assert record.attempt.stage is Stage.TEST
    assert record.succeeded is (code == 0)


def with_bill(sbom: str) -> FakeWorld:
    return fake_world(a_project(image=ImageSettings(REPOSITORY, sbom=sbom)))


@pytest.mark.parametrize("sbom", ["wanted", "required"])
def test_a_bill_of_materials_is_attached(sbom: str) -> None:
    """A new image gets what it is made of, once; one that lacks it gets it when it is found."""
    fake = with_bill(sbom)
    digest = build(fake.world).image.digest or ""
    build(fake.world)
    assert list(fake.artifacts.attached[digest].values()) == ["application/spdx+json"]
    assert sum("attached a bill of materials of 1 packages" in note for note in fake.recorder.notes) == 1
    fake.artifacts.attached.clear()
    build(fake.world)
    assert digest in fake.artifacts.attached


@pytest.mark.parametrize("trouble", ["missing", "failure"])
def test_a_bill_that_cannot_be_made(trouble: str) -> None:
    """Where it is wanted, the image is built without it, and that is said; where it is required, it is an error."""
    fake = with_bill("wanted")
    setattr(fake.bill_of_materials, trouble, "syft is on strike")
    assert not build(fake.world).reused
    assert any("no bill of materials is attached: syft is on strike" in note for note in fake.recorder.notes)
    fake = with_bill("required")
    setattr(fake.bill_of_materials, trouble, "syft is on strike")
    kind = UsageError if trouble == "missing" else Unreachable
    with pytest.raises(kind, match="syft is on strike"):
        build(fake.world)
    # What is missing beforehand is told beforehand.
    assert len(fake.builder.built) == (0 if trouble == "missing" else 1)


def test_nobody_asked_for_a_bill(fake: FakeWorld) -> None:
    """Without the setting nothing is attached."""
    build(fake.world)
    assert fake.artifacts.attached == {}
