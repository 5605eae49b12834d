"""The cache of charts: never believed on its own word, shared by many processes, and never in the way."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from trunkline.adapters.storage.cache import Cached, ChartCache, cache_directory
from trunkline.adapters.storage.places import Unchanged
from trunkline.errors import Unreachable
from trunkline.ports.sources import File


class Memory:
    """A place that answers with one file, and counts how often its content went over the wire."""

    commit = ""

    def __init__(self, content: bytes = b"one", mark: str = "m1") -> None:
        self.content, self.mark, self.sent = content, mark, 0

    def address(self, name: str = "") -> str:
        return f"memory:/{name}"

    def inside(self, url: str) -> str | None:
        return url

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:
        del name, version
        if self.mark == "down":
            raise Unreachable("down")
        if unless and unless == self.mark:
            raise Unchanged
        self.sent += 1
        return File(self.content, {"chart-digest": "x"}, self.mark)

    def names(self, beginning: str) -> list[str]:
        return [beginning]

    def folder(self, name: str) -> Path | None:
        del name
        return None

    def describe(self) -> str:
        return "fine"


def read(place: Memory, root: Path | None) -> File:
    file = Cached(place, ChartCache(root)).read("a")
    assert file is not None
    return file


def test_what_has_not_changed_is_not_sent(tmp_path: Path) -> None:
    """An unchanged file comes from the cache with all that its place keeps beside it; a changed one comes anew."""
    place = Memory()
    first = read(place, tmp_path)
    assert read(place, tmp_path) == first == File(b"one", {"chart-digest": "x"}, "m1")
    assert place.sent == 1
    place.content, place.mark = b"two", "m2"
    assert read(place, tmp_path).content == b"two"
    assert place.sent == 2


def test_a_place_that_is_down_is_down(tmp_path: Path) -> None:
    """The cache vouches for nothing: without its place, a file is not had."""
    place = Memory()
    read(place, tmp_path)
    place.mark = "down"
    with pytest.raises(Unreachable):
        read(place, tmp_path)


def files(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "damage", [b"", b"one?", b"{}", b'{"mark": 1, "digest": 2, "metadata": 3}', b"[" * 100_000]
)
def test_damage_is_as_if_it_were_not_there(tmp_path: Path, damage: bytes) -> None:
    """A torn or changed file in the cache is dropped, and never used."""
    place = Memory()
    for path in (read(place, tmp_path), *files(tmp_path))[1:]:
        assert isinstance(path, Path)
        path.write_bytes(damage)
        assert read(place, tmp_path).content == b"one"
        assert read(place, tmp_path).content == b"one"


def test_without_room_it_is_not_in_the_way(tmp_path: Path) -> None:
    """A cache that cannot be written, or that is none, changes nothing."""
    (tmp_path / "file").write_text("")
    for root in (None, tmp_path / "file" / "below", Path("/proc/nowhere")):
        place = Memory()
        assert read(place, root).content == b"one"
        assert read(place, root).content == b"one"
        assert place.sent == 2
        assert ChartCache(root).size() == (0, 0)
        assert ChartCache(root).clear() == 0


def test_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    """Beyond its size the cache lets go of what nobody has asked for lately."""
    cache = ChartCache(tmp_path, most_bytes=250)
    digests = []
    for number in range(3):
        digests.append(cache.keep(bytes([number]) * 100))
        for path in files(tmp_path):
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 10))
        assert cache.content(digests[0]) is not None
    kept = [cache.content(digest) is not None for digest in digests]
    assert kept == [True, False, True]
    assert cache.clear() == 200
    assert cache.size() == (0, 0)


WRITER = """
import sys
from pathlib import Path
from trunkline.adapters.storage.cache import ChartCache
from trunkline.ports.sources import File
cache, number = ChartCache(Path(sys.argv[1])), int(sys.argv[2])
print("ready", flush=True)
for turn in range(10_000):
    content = bytes([turn % 7]) * 200_000
    cache.remember("address", File(content, {}, str(turn % 7)))
    known = cache.known("address")
    assert known is not None
    found = cache.content(known.digest)
    assert found is None or len(found) == 200_000
"""


def test_many_processes_share_it(tmp_path: Path) -> None:
    """Processes that write the same entries and are killed in the middle leave nothing that is not whole."""
    argv = [sys.executable, "-c", WRITER, str(tmp_path)]
    started = [subprocess.Popen([*argv, str(number)], stdout=subprocess.PIPE) for number in range(8)]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        deadline = time.monotonic() + 30
        # Until each of the seven contents was written by somebody.
        while len(list((tmp_path / "sha256").glob("[0-9a-f]*"))) < 7:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert [process.poll() for process in started] == [None] * 8
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.communicate()
    for path in (tmp_path / "sha256").glob("[0-9a-f]*"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    assert ChartCache(tmp_path).known("address") is not None


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "/home/ada/.cache/trunkline/charts"),
        ({"XDG_CACHE_HOME": "/cache"}, "/cache/trunkline/charts"),
        ({"XDG_CACHE_HOME": "relative"}, "/home/ada/.cache/trunkline/charts"),
        ({"TRUNKLINE_CACHE": "/elsewhere", "XDG_CACHE_HOME": "/cache"}, "/elsewhere/charts"),
        ({"TRUNKLINE_CACHE": "off"}, None),
    ],
)
def test_where_it_is(environ: Mapping[str, str], expected: str | None) -> None:
    """The cache is where the variable says, else where the operating system's users expect it; `off` is none."""
    found = cache_directory(environ, Path("/home/ada"))
    assert (str(found) if found else None) == expected
