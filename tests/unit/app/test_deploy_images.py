"""Finding out what goes into deploy images, and making those that the registry has not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.projects import a_project
from tests.fakes.world import FakeWorld, fake_world
from trunkline.app.deploy_images import has_lock, known, lock_tools, make, planned
from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Request, Response, World

_SITE = {
    "https://get.helm.sh/helm-v4.3.1-linux-amd64.tar.gz.sha256sum": f"{'a' * 64}  helm-v4.3.1-linux-amd64.tar.gz\n",
    "https://dl.k8s.io/release/stable-1.37.txt": "v1.37.1",
    "https://dl.k8s.io/release/v1.37.1/bin/linux/amd64/kubectl.sha256": "b" * 64,
    "https://dl.k8s.io/release/v1.36.4/bin/linux/amd64/kubectl.sha256": "c" * 64,
}


def _site(request: Request) -> Response:
    known_there = _SITE.get(request.url)
    return Response(404, {}, b"") if known_there is None else Response(200, {}, known_there.encode())


@pytest.fixture
def fake(tmp_path: Path) -> FakeWorld:
    settings = DeployImageSettings(kubectl={"prod": "1.36.4"})
    made = fake_world(a_project(tmp_path, deploy_images=settings))
    made.http.script = [_site]
    made.cluster.version = lambda: "v1.37.0+k3s1"  # type: ignore[method-assign]  # what this fake says otherwise is no Kubernetes
    return made


def _make(world: World, *names: str, build: bool = False, push: bool = False) -> list[tuple[str, str, bool]]:
    made = make(world, names, lambda _: None, build=build, push=push)
    return [(item.environment, item.kubectl, item.reused) for item in made]


def test_versions_follow_the_clusters(fake: FakeWorld) -> None:
    """Each environment gets the newest kubectl of its cluster's minor version, unless the project says which."""
    lock = lock_tools(fake.world)
    assert {name: tool.version for name, tool in lock.kubectl.items()} == {
        "dev": "1.37.1",
        "qa": "1.37.1",
        "prod": "1.36.4",
    }
    assert (lock.helm.version, lock.helm.sha256) == ("4.3.1", "a" * 64)
    assert has_lock(fake.world.project)
    assert [item.kubectl for item in planned(fake.world.project)] == ["1.37.1", "1.37.1", "1.36.4"]


def test_what_the_registry_has_is_not_made_again(fake: FakeWorld) -> None:
    """Made once and pushed, an image is found by its tag; without a wish nothing is built or asked."""
    lock_tools(fake.world)
    assert _make(fake.world) == [("dev", "1.37.1", False), ("qa", "1.37.1", False), ("prod", "1.36.4", False)]
    assert known(fake.world) == {}
    assert _make(fake.world, "prod", push=True) == [("prod", "1.36.4", False)]
    assert _make(fake.world, "prod", push=True) == [("prod", "1.36.4", True)]
    [(name, image)] = known(fake.world).items()
    assert name == "prod"
    assert image.startswith("registry.example/team/sample-deploy:prod-")
    assert "@sha256:" in image


def test_troubles_in_words(fake: FakeWorld, tmp_path: Path) -> None:
    """No lock, a wheel that is not there, a version that nobody has, a page instead of a sum."""
    with pytest.raises(UsageError, match=r"There is no deploy-images\.lock"):
        planned(fake.world.project)
    settings = replace(fake.world.project.deploy_images, wheel="dist/none.whl")
    lock_tools(fake.world)
    with pytest.raises(UsageError, match=r"dist/none\.whl cannot be read"):
        planned(replace(fake.world.project, deploy_images=settings))
    missing = replace(fake.world.project.deploy_images, helm="9.9.9")
    with pytest.raises(Refused, match="HTTP 404"):
        lock_tools(replace(fake.world, project=replace(fake.world.project, deploy_images=missing)))
    fake.http.script = [Response(200, {}, b"<html>")]
    with pytest.raises(Unreachable, match="holds no SHA-256"):
        lock_tools(fake.world)
