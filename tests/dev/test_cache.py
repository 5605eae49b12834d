"""A cached folder is filled once, by one process, and never seen half full."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dev import cache

FILLER = """
from dev import cache

def fill(work):
    (work / "one").write_text("1")
    with (cache.root() / "fills").open("a") as log:
        log.write("x")
    (work / "two").write_text("2")

folder = cache.folder("some/thing", fill)
assert sorted(path.name for path in folder.iterdir()) == ["one", "two"]
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRUNKLINE_CACHE", str(tmp_path))
    return tmp_path


def test_several_processes_fill_it_once(root: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", FILLER]) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    assert (root / "fills").read_text() == "x"
    assert [path.name for path in (root / "some").iterdir()] == ["thing"]


def test_a_failure_leaves_nothing(root: Path) -> None:
    def fill(work: Path) -> None:
        (work / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.folder("some/thing", fill)
    assert list((root / "some").iterdir()) == []


def test_the_root_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRUNKLINE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert cache.root() == Path("/elsewhere/trunkline")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.root() == Path.home() / ".cache/trunkline"
