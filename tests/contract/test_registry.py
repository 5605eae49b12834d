"""The fake registry and the adapter in front of a real one give the same answers to the same questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dev.registry import Registry as RealRegistry
from tests.contract.oci_push import MANIFEST, Pusher
from tests.fakes.images import FakeRegistry
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.http import HttpClient
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, is_digest, parse_image
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused, Unreachable
from trunkline.ports import Registry

USER, PASSWORD = "acme+ci", "p4ss-word!"
LABELS = {"org.opencontainers.image.revision": "a" * 40}


@dataclass
class Stage:
    """A registry with one image, `repository:one`, and how to ask it."""

    registry: Registry
    repository: ImageReference
    digest: str

    @property
    def settings(self) -> ImageSettings:
        return ImageSettings(self.repository, username=USER, password=PASSWORD)


@contextmanager
def fake() -> Iterator[Stage]:
    registry = FakeRegistry(passwords={USER: PASSWORD})
    repository = parse_image("registry.example/acme/api")
    yield Stage(registry, repository, registry.put(repository.with_tag("one"), LABELS))


@contextmanager
def real() -> Iterator[Stage]:
    with RealRegistry(username=USER, password=PASSWORD) as server:
        digest = Pusher(server.url, "acme/api", (USER, PASSWORD)).image("one", LABELS)
        yield Stage(adapter(), parse_image(f"{server.host}/acme/api"), digest)


def adapter() -> OciRegistry:
    home = Path("/nonexistent")
    processes = FakeProcesses(lambda command: AssertionError(command.argv))
    return OciRegistry(HttpClient(), {}, home, Redactor(), processes, pause=lambda _: None)


@pytest.fixture(scope="module", params=[fake, real])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    begin: Callable[[], AbstractContextManager[Stage]] = request.param
    with begin() as stage:
        yield stage


def test_a_tag_stands_for_a_digest(stage: Stage) -> None:
    """The digest of a tag that is there is the one under which it was pushed."""
    assert is_digest(stage.digest)
    assert stage.registry.digest(stage.repository.with_tag("one"), stage.settings) == stage.digest


def test_a_tag_that_is_not_there_has_none(stage: Stage) -> None:
    """A missing tag is no error: nobody has pushed it yet."""
    assert stage.registry.digest(stage.repository.with_tag("two"), stage.settings) is None


def test_a_repository_that_is_not_there_has_none(stage: Stage) -> None:
    """A missing repository is no error either: the first push makes it."""
    other = replace(stage.repository, path="acme/other")
    assert stage.registry.digest(other.with_tag("one"), stage.settings) is None


def test_a_wrong_password_is_refused(stage: Stage) -> None:
    """A wrong password ends with exit code 7 and a sentence that names registry and user, but no password."""
    settings = replace(stage.settings, password="wr0ng-word")
    with pytest.raises(Refused) as caught:
        stage.registry.digest(stage.repository.with_tag("one"), settings)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert stage.repository.registry in caught.value.message
    assert USER in caught.value.message
    assert "wr0ng-word" not in caught.value.message + caught.value.hint


def test_a_stranger_is_refused(stage: Stage) -> None:
    """A private image is not shown to somebody without a login."""
    with pytest.raises(Refused):
        stage.registry.check(stage.repository, ImageSettings(stage.repository))


def test_a_check_says_who_answered(stage: Stage) -> None:
    """The check's sentence names the registry."""
    assert stage.repository.registry in stage.registry.check(stage.repository, stage.settings)


def test_labels_are_read(stage: Stage) -> None:
    """The labels of an image are those that it was built with."""
    assert isinstance(stage.registry, FakeRegistry | OciRegistry)
    assert stage.registry.labels(stage.repository.with_digest(stage.digest), stage.settings) == LABELS


def test_labels_of_an_image_that_is_not_there(stage: Stage) -> None:
    """An image that nobody has cannot be read."""
    assert isinstance(stage.registry, FakeRegistry | OciRegistry)
    with pytest.raises(Unreachable, match=stage.repository.registry):
        stage.registry.labels(stage.repository.with_digest("sha256:" + "0" * 64), stage.settings)


def test_an_index_is_read_by_its_first_image() -> None:
    """The labels of an index are those of its first entry that is an image and no attestation."""
    with RealRegistry() as server:
        pusher = Pusher(server.url, "acme/api")
        attested, meant = pusher.image("attestation", {"is": "not this"}), pusher.image("amd64", LABELS)
        note = {"vnd.docker.reference.type": "attestation-manifest"}
        entries = [{"mediaType": MANIFEST, "digest": digest, "size": 400} for digest in (attested, meant)]
        index = pusher.index("one", {**entries[0], "annotations": note}, entries[1])
        repository = parse_image(f"{server.host}/acme/api")
        settings = ImageSettings(repository)
        assert adapter().digest(repository.with_tag("one"), settings) == index
        assert adapter().labels(repository.with_digest(index), settings) == LABELS


def test_the_images_of_an_index() -> None:
    """Every image of an index is told by its platform, also the second one of the same; an attestation is none."""
    with RealRegistry() as server:
        pusher = Pusher(server.url, "acme/api")
        one, two, three, note = (pusher.image(name, {"is": name}) for name in ("one", "two", "three", "note"))
        platform = {"platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}}
        entry = {"mediaType": MANIFEST, "size": 400}
        index = pusher.index(
            "all",
            {**entry, "digest": one, **platform},
            {**entry, "digest": two, **platform},
            {**entry, "digest": three},
            {
                **entry,
                "digest": note,
                "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
            },
        )
        repository = parse_image(f"{server.host}/acme/api")
        settings = ImageSettings(repository)
        found = adapter().platforms(repository.with_digest(index), settings)
        assert found == {"linux/arm64/v8": one, f"linux/arm64/v8 {two}": two, three: three}
        assert adapter().platforms(repository.with_digest(one), settings) == {}


def test_a_registry_that_is_down_is_unreachable() -> None:
    """Nobody listening is exit code 7, with a sentence that names the address."""
    with RealRegistry() as server:
        host = server.host
    image = parse_image(f"{host}/acme/api:one")
    with pytest.raises(Unreachable, match=f"{host} cannot be reached"):
        adapter().digest(image, ImageSettings(image))
