"""The fake builder, and Docker, Podman and Buildah in front of a real registry, do the same."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from dev import debian
from dev.dockerd import CLIENT, Dockerd
from dev.registry import Registry as RealRegistry
from tests.e2e.workbench import EXAMPLES
from tests.fakes.images import FakeBuilder, FakeRegistry
from trunkline.adapters.builders import choose_builder
from trunkline.adapters.http import HttpClient
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, is_digest, parse_image
from trunkline.domain.redaction import Redactor
from trunkline.errors import DeploymentFailed, Refused
from trunkline.ports import Command, Completed, ImageBuilder, Meanwhile, OnLine

USER, PASSWORD, TOKEN = "acme+ci", "p4ss-word!", "t0ken-for-pip"
LABELS = {"org.opencontainers.image.revision": "a" * 40, "org.opencontainers.image.title": "it's a = b"}
# The token shows that build arguments arrive; a real Dockerfile would never keep it.
DOCKERFILE = """\
FROM scratch AS unused
FROM scratch AS runtime
ARG PIP_TOKEN
COPY busybox /bin/
RUN ["/bin/busybox", "sh", "-c", "test -n \\"$PIP_TOKEN\\" && /bin/busybox echo built > /made"]
LABEL pip=$PIP_TOKEN
"""


class Recorder(SubprocessProcesses):
    """The real processes; `argv` is all that was started."""

    def __init__(self, environ: dict[str, str], redactor: Redactor) -> None:
        super().__init__(environ, redactor)
        self.argv: list[tuple[str, ...]] = []

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        self.argv.append(command.argv)
        return super().run(command, on_line, meanwhile)


@dataclass
class Stage:
    """A builder, a registry that it can push to, and a project to build."""

    builder: ImageBuilder
    registry: FakeRegistry | OciRegistry
    repository: ImageReference
    root: Path
    argv: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def settings(self) -> ImageSettings:
        arguments = {"PIP_TOKEN": TOKEN}
        return ImageSettings(
            self.repository, target="runtime", build_args=arguments, username=USER, password=PASSWORD
        )

    def build(self, tag: str, settings: ImageSettings | None = None) -> ImageReference:
        image = self.repository.with_tag(tag)
        self.builder.build(image, settings or self.settings, self.root, LABELS, self.lines.append)
        return image


@contextmanager
def fake(_: str, root: Path) -> Iterator[Stage]:
    registry = FakeRegistry(passwords={USER: PASSWORD})
    yield Stage(FakeBuilder(registry), registry, parse_image("registry.example/acme/api"), root)


@contextmanager
def containers(name: str, root: Path) -> Iterator[Stage]:
    """Podman or Buildah, with an image storage of its own."""
    debian.install(name)
    environ = {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(root.parent / "storage.conf"),
        "REGISTRY_AUTH_FILE": str(root.parent / "auth.json"),
    }
    graph, state = root.parent / "graph", root.parent / "state"
    text = f'[storage]\ndriver = "vfs"\ngraphroot = "{graph}"\nrunroot = "{state}"\n'
    (root.parent / "storage.conf").write_text(text)
    try:
        with real(name, root, environ) as stage:
            yield stage
    finally:
        shutil.rmtree(graph, ignore_errors=True)


@contextmanager
def docker(name: str, root: Path) -> Iterator[Stage]:
    """Debian's Docker client and an engine of our own."""
    with Dockerd() as engine:
        programs = root.parent / "bin"
        programs.mkdir()
        (programs / "docker").symlink_to(CLIENT)
        environ = {**os.environ, "DOCKER_HOST": engine.host, "DOCKER_CONFIG": str(root.parent)}
        environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        with real(name, root, environ) as stage:
            yield stage


@contextmanager
def real(name: str, root: Path, environ: dict[str, str]) -> Iterator[Stage]:
    redactor = Redactor([PASSWORD])
    processes = Recorder(environ, redactor)
    shutil.copy(debian.program("busybox", "busybox-static"), root / "busybox")
    with RealRegistry(username=USER, password=PASSWORD) as server:
        builder = choose_builder(name, processes, environ, root.parent, pause=lambda _: None)
        registry = OciRegistry(HttpClient(), {}, Path("/nonexistent"), redactor, processes)
        yield Stage(builder, registry, parse_image(f"{server.host}/acme/api"), root, processes.argv)


REAL = [
    pytest.param((docker, "docker"), id="docker", marks=pytest.mark.cluster),
    pytest.param((containers, "podman"), id="podman", marks=pytest.mark.cluster),
    pytest.param((containers, "buildah"), id="buildah", marks=pytest.mark.cluster),
]


@pytest.fixture(scope="module", params=[pytest.param((fake, "fake"), id="fake"), *REAL])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    begin: Callable[[str, Path], AbstractContextManager[Stage]]
    begin, name = request.param
    root = tmp_path_factory.mktemp(name) / "project"
    root.mkdir()
    (root / "Dockerfile").write_text(DOCKERFILE)
    # What the user has: a login for another registry, in Docker's place and in Podman's.
    for file in ("config.json", "auth.json"):
        (root.parent / file).write_text('{"auths": {"ghcr.io": {"auth": "bWU6cHc="}}}')
    with begin(name, root) as stage:
        yield stage


def test_what_is_pushed_is_in_the_registry(stage: Stage) -> None:
    """The digest that a push tells is the one that the registry has under that tag."""
    image = stage.build("one")
    digest = stage.builder.push(image, stage.settings, stage.lines.append)
    assert is_digest(digest)
    assert stage.registry.digest(image, stage.settings) == digest


def test_labels_are_on_the_image(stage: Stage) -> None:
    """Labels arrive as they were given, whatever characters they hold."""
    image = stage.build("labelled")
    digest = stage.builder.push(image, stage.settings, stage.lines.append)
    labels = stage.registry.labels(image.with_digest(digest), stage.settings)
    assert LABELS.items() <= labels.items()
    if stage.builder.name != "fake":
        assert labels["pip"] == TOKEN


def test_a_push_again_is_the_same(stage: Stage) -> None:
    """Pushing the same image twice tells the same digest."""
    image = stage.build("twice")
    first = stage.builder.push(image, stage.settings, stage.lines.append)
    assert stage.builder.push(image, stage.settings, stage.lines.append) == first


def test_a_wrong_password_is_refused(stage: Stage) -> None:
    """A wrong password is told before anything is built, and is not in the error."""
    settings = replace(stage.settings, password="wr0ng-word")
    with pytest.raises(Refused) as caught:
        stage.build("refused", settings)
    assert stage.repository.registry in caught.value.message
    assert USER in caught.value.message
    assert "wr0ng-word" not in caught.value.message + caught.value.hint
    assert stage.registry.digest(stage.repository.with_tag("refused"), stage.settings) is None


def test_a_stranger_may_not_push(stage: Stage) -> None:
    """Without any login the push is refused by the registry, with exit code 7."""
    settings = replace(stage.settings, username="", password="")
    image = stage.build("stranger", settings)
    with pytest.raises(Refused):
        stage.builder.push(image, settings, stage.lines.append)


def test_a_failing_step_fails_the_build(stage: Stage) -> None:
    """A step that fails is a failed deployment whose message holds what the step said."""
    if isinstance(stage.builder, FakeBuilder):
        settings = stage.settings
        stage.builder.failure = "no such package"
    else:
        settings = replace(stage.settings, dockerfile="Broken")
        broken = 'FROM scratch\nCOPY busybox /bin/\nRUN ["/bin/busybox", "sh", "-c", "echo no such package; exit 3"]\n'
        (stage.root / "Broken").write_text(broken)
    try:
        with pytest.raises(DeploymentFailed, match=r"could not build .*:broken") as caught:
            stage.build("broken", replace(settings, target=""))
    finally:
        if isinstance(stage.builder, FakeBuilder):
            stage.builder.failure = ""
    assert "no such package" in caught.value.message


def test_no_secret_is_anywhere(stage: Stage) -> None:
    """Neither password nor build argument is in any argv, and the password in no output line."""
    image = stage.build("secrets")
    stage.builder.push(image, stage.settings, stage.lines.append)
    words = [word for argv in stage.argv for word in argv]
    assert not any(secret in word for secret in (PASSWORD, TOKEN) for word in words)
    assert not any(PASSWORD in line for line in stage.lines)


def test_the_users_own_login_is_untouched(stage: Stage) -> None:
    """The user's credential files are what they were before."""
    stage.builder.push(stage.build("untouched"), stage.settings, stage.lines.append)
    for file in ("config.json", "auth.json"):
        assert json.loads((stage.root.parent / file).read_text()) == {
            "auths": {"ghcr.io": {"auth": "bWU6cHc="}}
        }


@pytest.mark.parametrize("stage", REAL, indirect=True)
def test_a_base_image_comes_from_the_registry(stage: Stage) -> None:
    """A private base image in the same registry is pulled with the same login, in plain HTTP on loopback."""
    base = stage.build("base")
    stage.builder.push(base, stage.settings, stage.lines.append)
    (stage.root / "Derived").write_text("ARG BASE\nFROM $BASE\nLABEL derived=yes\n")
    settings = replace(stage.settings, dockerfile="Derived", target="", build_args={"BASE": str(base)})
    digest = stage.builder.push(stage.build("derived", settings), settings, stage.lines.append)
    labels = stage.registry.labels(stage.repository.with_digest(digest), settings)
    assert labels["derived"] == "yes"


CONTAINERS = [item for item in REAL if item.id != "docker"]


@pytest.mark.parametrize("stage", CONTAINERS, indirect=True)
def test_an_image_for_two_platforms(stage: Stage) -> None:
    """One digest stands for the images of both platforms, also when it is built again."""
    (stage.root / "Plain").write_text("FROM scratch\nCOPY Dockerfile /\n")
    platforms = ("linux/amd64", "linux/arm64")
    settings = replace(stage.settings, dockerfile="Plain", target="", build_args={}, platforms=platforms)
    for _ in range(2):
        digest = stage.builder.push(stage.build("both", settings), settings, stage.lines.append)
        found = stage.registry.platforms(stage.repository.with_digest(digest), settings)
        assert {name.removesuffix("/v8") for name in found} == set(platforms)
        assert stage.registry.digest(stage.repository.with_tag("both"), settings) == digest


@pytest.mark.parametrize("stage", CONTAINERS, indirect=True)
def test_layers_are_left_for_the_next_build(stage: Stage) -> None:
    """With a cache, a build leaves its layers in that repository, where the next one may find them."""
    cache = replace(stage.repository, path="acme/cache")
    (stage.root / "Layered").write_text("FROM scratch\nCOPY Dockerfile /\nLABEL a=b\n")
    settings = replace(
        stage.settings,
        dockerfile="Layered",
        target="",
        build_args={},
        cache_from=(cache.repository,),
        cache_to=(cache.repository,),
    )
    stage.build("cached", settings)
    assert isinstance(stage.registry, OciRegistry)
    assert stage.registry.tags(cache, settings)


@pytest.mark.parametrize("stage", CONTAINERS, indirect=True)
def test_a_secret_is_in_no_layer(stage: Stage) -> None:
    """A step sees the secret; neither image, nor history, nor output, nor argument has it."""
    secret = "s3cret-for-one-step"
    (stage.root / "Secret").write_text(
        "FROM scratch\nCOPY busybox /bin/\n"
        'RUN --mount=type=secret,id=pip ["/bin/busybox", "sh", "-c", '
        '"test \\"$(/bin/busybox sha256sum /run/secrets/pip)\\" && /bin/busybox wc -c /run/secrets/pip > /length"]\n'
    )
    settings = replace(stage.settings, dockerfile="Secret", target="", build_args={}, secrets={"pip": secret})
    digest = stage.builder.push(stage.build("secret", settings), settings, stage.lines.append)
    assert isinstance(stage.registry, OciRegistry)
    image = stage.repository.with_digest(digest)
    manifest = stage.registry.manifest(image, settings)
    assert manifest is not None
    content = json.loads(manifest.content)
    blobs = [content["config"]["digest"], *(layer["digest"] for layer in content["layers"])]
    found = [stage.registry.blob(image, blob, 2**26, settings) for blob in blobs]
    plain = [gzip.decompress(blob) if blob.startswith(b"\x1f\x8b") else blob for blob in found]
    assert not any(secret.encode() in blob for blob in plain)
    assert any(str(len(secret)).encode() in blob for blob in plain)
    assert not any(secret in word for argv in stage.argv for word in argv)
    assert not any(secret in line for line in stage.lines)


@pytest.mark.parametrize("stage", REAL, indirect=True)
def test_the_sample(stage: Stage, tmp_path: Path) -> None:
    """The sample service is built and pushed by each builder: its steps ran, and its image says which commit it is of."""
    project = tmp_path / "sample"
    shutil.copytree(EXAMPLES / "sample", project, ignore=shutil.ignore_patterns("__pycache__"))
    with RealRegistry() as server:
        argv = [sys.executable, "-m", "dev.baseimage", "--registry", server.host]
        argv += ["--requirements", str(project / "requirements.txt")]
        base = subprocess.run(argv, check=True, capture_output=True, text=True, timeout=300).stdout.split()[
            -1
        ]
        arguments = {"BASE_IMAGE": base, "COMMIT": "a" * 40}
        settings = replace(stage.settings, target="", build_args=arguments)
        image = stage.repository.with_tag("sample")
        stage.builder.build(image, settings, project, {}, stage.lines.append)
    digest = stage.builder.push(image, settings, stage.lines.append)
    assert stage.registry.digest(image, settings) == digest
    assert stage.registry.labels(image, settings)["org.opencontainers.image.revision"] == "a" * 40
    assert isinstance(stage.registry, OciRegistry)
    manifest = stage.registry.manifest(image, settings)
    assert manifest is not None
    content = json.loads(manifest.content)
    config = json.loads(stage.registry.blob(image, content["config"]["digest"], 2**20, settings))["config"]
    assert f"COMMIT={'a' * 40}" in config["Env"]
    assert config["User"] == "10001:10001"


@pytest.mark.cluster
def test_buildkit_builds_the_same(tmp_path: Path) -> None:
    """With BuildKit, which tells its progress in other words, build and push end in a digest as well."""
    root = tmp_path / "project"
    root.mkdir()
    # BuildKit has no network to give a RUN step in an engine without bridges.
    (root / "Dockerfile").write_text(
        "FROM scratch AS runtime\nARG PIP_TOKEN\nCOPY busybox /\nLABEL pip=$PIP_TOKEN\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_BUILDKIT", "1")
        with docker("docker", root) as stage:
            image = stage.build("kit")
            digest = stage.builder.push(image, stage.settings, stage.lines.append)
            assert stage.registry.digest(image, stage.settings) == digest
            assert stage.registry.labels(image, stage.settings)["pip"] == TOKEN
            assert any("[internal]" in line for line in stage.lines)
