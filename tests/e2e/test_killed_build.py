"""A build that is killed while it pushes leaves nothing half-done, and the next one ends it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev import debian
from dev.ready import http_status
from dev.registry import Registry
from tests.e2e.workbench import Workbench, clean_environment, kill
from tests.standins.spoiling import Spoil, SpoiledStorage

pytestmark = pytest.mark.cluster
_PROJECT = """\
version: 1
service: sample
image:
  repository: {host}/acme/sample
  builder: buildah
chart:
  path: chart
environments:
  dev: {{namespace: sample-dev, values: []}}
"""


@dataclass
class Stage:
    """A project, and a registry behind a server that spoils."""

    bench: Workbench
    front: SpoiledStorage
    registry: Registry

    @property
    def tag(self) -> str:
        return self.bench.tool("git", "rev-parse", "HEAD").strip()[:7]

    def stored(self) -> bool:
        """Whether the registry itself has the commit's image."""
        return http_status(f"{self.registry.url}/v2/acme/sample/tags/list") == 200


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    debian.install("buildah")
    graph = tmp_path / "graph"
    storage = f'[storage]\ndriver = "vfs"\ngraphroot = "{graph}"\nrunroot = "{tmp_path}/state"\n'
    (tmp_path / "storage.conf").write_text(storage)
    (tmp_path / "auth.json").write_text("{}")
    project = tmp_path / "project"
    project.mkdir()
    environment = {
        **clean_environment(tmp_path),
        "CONTAINERS_STORAGE_CONF": str(tmp_path / "storage.conf"),
        "REGISTRY_AUTH_FILE": str(tmp_path / "auth.json"),
        "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/ledger.db",
    }
    with Registry() as server, SpoiledStorage(server.url) as front:
        (project / "trunkline.yaml").write_text(_PROJECT.format(host=front.url.removeprefix("http://")))
        (project / "Dockerfile").write_text("FROM scratch\nCOPY Dockerfile /\n")
        bench = Workbench(project, environment)
        bench.tool("git", "init", "--quiet", "--initial-branch", "main")
        bench.tool("git", "config", "user.email", "ada@example.com")
        bench.tool("git", "config", "user.name", "Ada")
        bench.commit()
        try:
            yield Stage(bench, front, server)
        finally:
            bench.end()
            shutil.rmtree(graph, ignore_errors=True)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_killed_while_it_pushes(stage: Stage, method: str) -> None:
    """Killed in the middle of a push, nothing has the commit's tag; the next build ends it, and one more finds it done."""
    stage.front.spoil = Spoil("hang", method=method)
    process = stage.bench.start("build")
    deadline = time.monotonic() + 60
    while not any(asked.startswith(method) for asked in stage.front.seen):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    kill(process)
    assert not stage.stored()
    stage.front.reset()
    built = stage.bench.succeed("build", "--output", "json").json
    assert (built["reused"], built["tag"]) == (False, stage.tag)
    assert stage.stored()
    assert stage.bench.succeed("build", "--output", "json").json["reused"] is True
    states = [item["ending"]["outcome"] if item["ending"] else None for item in stage.bench.attempts()]
    assert states == ["succeeded", "succeeded", None]


def test_no_process_is_left(stage: Stage) -> None:
    """The builder that it had started is ended with it."""
    stage.front.spoil = Spoil("hang", method="PATCH")
    process = stage.bench.start("build")
    deadline = time.monotonic() + 60
    while not any(asked.startswith("PATCH") for asked in stage.front.seen):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    kill(process)
    while any(_runs_in(path, stage.bench.directory.parent) for path in Path("/proc").glob("[0-9]*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs_in(process: Path, root: Path) -> bool:
    """Whether a buildah of this test is at work."""
    try:
        command = (process / "cmdline").read_bytes()
        return b"buildah" in command and os.fsencode(root) in (process / "environ").read_bytes()
    except OSError:
        return False
