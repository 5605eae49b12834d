"""A chart repository with twenty pushers at once: nothing is lost, and Helm reads it."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev import tools
from dev.s3 import S3
from tests.e2e.workbench import clean_environment
from trunkline.adapters.storage import FileStorage
from trunkline.domain.redaction import Redactor

PUSHERS = 20
EACH = 20
# Two slow cores take 40 s; a lock that is never let go takes for ever.
PATIENCE_S = 300
PUSHER = Path(__file__).with_name("chart_pusher.py")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Stage:
    """A repository, and the environment in which it is found."""

    location: str
    environment: Mapping[str, str]


@contextmanager
def directory(tmp_path: Path) -> Iterator[Stage]:
    yield Stage(str(tmp_path / "repository"), clean_environment(tmp_path / "state"))


@contextmanager
def bucket(tmp_path: Path) -> Iterator[Stage]:
    with S3(buckets=["acme-charts"]) as server:
        yield Stage("s3://acme-charts/stable", {**clean_environment(tmp_path / "state"), **server.env()})


@pytest.fixture(params=[directory, bucket])
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    begin: Callable[[Path], AbstractContextManager[Stage]] = request.param
    with begin(tmp_path) as stage:
        yield stage


@pytest.mark.parametrize("major", [3, 4])
def test_helm_reads_what_was_pushed_once(major: int, stage: Stage, tmp_path: Path) -> None:
    """What `push` writes is a repository to Helm 3 and 4: added, searched and pulled from."""
    push_all(stage, pushers=1, each=2)
    with served(copied(stage, tmp_path / "copy")) as url:
        helm = Helm(tools.helm(major), tmp_path / "helm")
        helm("repo", "add", "acme", url)
        found = json.loads(helm("search", "repo", "acme/", "--versions", "--output", "json"))
        assert sorted(item["name"] for item in found) == ["acme/own-0", "acme/shared"]
        assert "name: shared" in helm("show", "chart", "acme/shared", "--version", "0.1.0")


def test_twenty_processes_push_twenty_charts_each(stage: Stage, tmp_path: Path) -> None:
    """Of 400 charts that twenty processes push at the same time all are in the index, and Helm 4 sees them."""
    push_all(stage, PUSHERS, EACH)
    folder = copied(stage, tmp_path / "copy")
    entries = json.loads((folder / "index.yaml").read_text())["entries"]
    assert sum(map(len, entries.values())) == PUSHERS * EACH
    assert len(list(folder.glob("*.tgz"))) == PUSHERS * EACH
    with served(folder) as url:
        helm = Helm(tools.helm(4), tmp_path / "helm")
        helm("repo", "add", "acme", url)
        found = json.loads(helm("search", "repo", "acme/", "--versions", "--output", "json"))
        assert len(found) == PUSHERS * EACH
        assert "version: 19.19.0" in helm("show", "chart", "acme/shared", "--version", "19.19.0")


def push_all(stage: Stage, pushers: int, each: int) -> None:
    """Let that many processes push at the same time, and end all of them however it goes."""
    environment = {**stage.environment, "PYTHONPATH": str(ROOT)}
    started = [
        subprocess.Popen(
            [sys.executable, str(PUSHER), stage.location, str(number), str(each)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(pushers)
    ]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        deadline = time.monotonic() + PATIENCE_S
        for process in started:
            _, said = process.communicate(timeout=max(1.0, deadline - time.monotonic()))
            assert process.returncode == 0, said
    finally:
        for process in started:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()


def copied(stage: Stage, target: Path) -> Path:
    """All files of the repository in a folder."""
    target.mkdir()
    store = FileStorage(stage.environment, Redactor()).repository(stage.location)
    for item in store.listed():
        file = store.read(item.name)
        assert file is not None
        (target / item.name).write_bytes(file.content)
    return target


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The folder over HTTP on loopback; its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        del format, args


@dataclass(frozen=True)
class Helm:
    """A real Helm with a home of its own."""

    binary: Path
    home: Path

    def __call__(self, *arguments: str) -> str:
        places = {name: str(self.home / name) for name in ("config", "cache", "data")}
        environment = {
            **os.environ,
            **{f"HELM_{name.upper()}_HOME": place for name, place in places.items()},
            "HELM_PLUGINS": str(self.home / "plugins"),
        }
        done = subprocess.run(
            [str(self.binary), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
