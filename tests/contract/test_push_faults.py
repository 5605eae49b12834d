"""Pushing to a registry that stumbles or refuses half-way: told as what it is, nothing half-done, and the next push works."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev import debian
from dev.registry import Registry
from tests.standins.spoiling import Spoil, SpoiledStorage
from trunkline.adapters.builders import choose_builder
from trunkline.adapters.http import HttpClient
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable
from trunkline.ports import ImageBuilder

pytestmark = pytest.mark.cluster


@dataclass
class Stage:
    """Buildah, and a registry behind a server that spoils."""

    builder: ImageBuilder
    front: SpoiledStorage
    registry: OciRegistry
    repository: ImageReference
    behind: ImageReference
    root: Path

    def build(self, tag: str) -> ImageReference:
        (self.root / "Dockerfile").write_text(f"FROM scratch\nCOPY content /\nLABEL tag={tag}\n")
        # Bytes of its own, so that its layer has to be sent.
        (self.root / "content").write_text(tag * 1000)
        image = self.repository.with_tag(tag)
        self.builder.build(image, self.settings, self.root, {}, lambda _: None)
        return image

    @property
    def settings(self) -> ImageSettings:
        return ImageSettings(self.repository)

    def push(self, image: ImageReference) -> str:
        return self.builder.push(image, self.settings, lambda _: None)

    def stored(self, tag: str) -> str | None:
        """What the registry itself has, asked past the server in front."""
        return self.registry.digest(self.behind.with_tag(tag), ImageSettings(self.behind))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    debian.install("buildah")
    root = tmp_path_factory.mktemp("faults")
    graph = root / "graph"
    (root / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{graph}"\nrunroot = "{root}/state"\n'
    )
    environ = {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(root / "storage.conf"),
        "REGISTRY_AUTH_FILE": str(root / "auth.json"),
    }
    (root / "auth.json").write_text("{}")
    processes = SubprocessProcesses(environ, Redactor())
    (root / "project").mkdir()
    try:
        with Registry() as server, SpoiledStorage(server.url) as front:
            builder = choose_builder("buildah", processes, environ, root, pause=lambda _: None)
            registry = OciRegistry(HttpClient(), {}, Path("/nonexistent"), Redactor(), processes)
            repository = parse_image(f"{front.url.removeprefix('http://')}/acme/api")
            behind = parse_image(f"{server.host}/acme/api")
            yield Stage(builder, front, registry, repository, behind, root / "project")
    finally:
        shutil.rmtree(graph, ignore_errors=True)


@pytest.fixture(autouse=True)
def whole(stage: Stage) -> Iterator[None]:
    yield
    stage.front.reset()


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Unreachable), (403, Refused), (500, Unreachable), (503, Unreachable)]
)
def test_the_blobs_are_taken_and_the_manifest_is_not(
    stage: Stage, status: int, kind: type[Exception]
) -> None:
    """The push fails with exit code 7, the tag does not exist, and once the registry is well the same push succeeds."""
    tag = f"refused-{status}"
    image = stage.build(tag)
    stage.front.spoil = Spoil("error", method="PUT", ending=f"/manifests/{tag}", status=status)
    with pytest.raises(kind) as caught:
        stage.push(image)
    assert str(image) in str(caught.value)
    assert any("/blobs/" in asked for asked in stage.front.seen)
    assert stage.stored(tag) is None
    stage.front.reset()
    assert stage.push(image) == stage.stored(tag)


def test_what_stood_there_stays(stage: Stage) -> None:
    """A push that fails leaves the tag with what it stood for."""
    first = stage.push(stage.build("standing"))
    (stage.root / "content").write_text("other")
    stage.builder.build(
        stage.repository.with_tag("standing"), stage.settings, stage.root, {"n": "2"}, lambda _: None
    )
    stage.front.spoil = Spoil("error", method="PUT", ending="/manifests/standing", status=500)
    with pytest.raises(Unreachable):
        stage.push(stage.repository.with_tag("standing"))
    assert stage.stored("standing") == first


@pytest.mark.parametrize(
    ("how", "method", "status"),
    [("error", "POST", 429), ("error", "PATCH", 503), ("cut", "PATCH", 0), ("error", "PUT", 502)],
)
def test_a_stumble_is_no_failure(stage: Stage, how: str, method: str, status: int) -> None:
    """A registry that is busy, in trouble or cuts the line once is asked again, and the push succeeds."""
    tag = f"stumble-{how}-{method}-{status}".lower()
    image = stage.build(tag)
    stage.front.spoil = Spoil(how, times=1, method=method, status=status)
    assert stage.push(image) == stage.stored(tag)
    assert stage.front.spoil.times == 0
