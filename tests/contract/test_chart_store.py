"""The fake chart store, a directory and a real S3 server keep the same files under the same conditions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from dev.ready import free_port
from dev.s3 import S3
from tests.fakes.chart_store import FakeChartStore
from trunkline.adapters.storage import FileStorage
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports.sources import Changed, ChartStore

METADATA = {"chart-metadata": '{"name":"a"}', "chart-digest": "0" * 64}


@dataclass(frozen=True)
class Stage:
    """A way to open one repository after the other."""

    open: Callable[[str], ChartStore]
    keeps_metadata: bool = True


@contextmanager
def fake(_: pytest.FixtureRequest) -> Iterator[Stage]:
    yield Stage(lambda name: FakeChartStore(f"s3://acme-charts/{name}"))


@contextmanager
def directory(request: pytest.FixtureRequest) -> Iterator[Stage]:
    root = request.getfixturevalue("tmp_path_factory").mktemp("charts")
    yield Stage(lambda name: FileStorage({}, Redactor()).repository(str(root / name)), keeps_metadata=False)


@contextmanager
def bucket(request: pytest.FixtureRequest) -> Iterator[Stage]:
    server: S3 = request.getfixturevalue("server")
    yield Stage(
        lambda name: FileStorage(server.env(), Redactor()).repository(f"s3://acme-charts/stable/{name}")
    )


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=["acme-charts"]) as server:
        yield server


@pytest.fixture(scope="module", params=[fake, directory, bucket])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    begin: Callable[[pytest.FixtureRequest], AbstractContextManager[Stage]] = request.param
    with begin(request) as stage:
        yield stage


def test_what_is_written_is_read(stage: Stage) -> None:
    """A file comes back with its content and a mark, and with its metadata where the place keeps them."""
    store = stage.open("written")
    mark = store.write("a-1.0.0+b.5.tgz", b"content", METADATA)
    file, look = store.read("a-1.0.0+b.5.tgz"), store.look("a-1.0.0+b.5.tgz")
    assert file is not None
    assert look is not None
    assert file.content == b"content"
    assert file.mark == look.mark == mark != ""
    if stage.keeps_metadata:
        assert {key: look.metadata.get(key) for key in METADATA} == METADATA


def test_what_is_not_there_is_none(stage: Stage) -> None:
    """Neither a read nor a look finds a file that was never written or is gone; removing it twice is no failure."""
    store = stage.open("gone")
    store.write("a.tgz", b"content", {})
    store.remove("a.tgz")
    store.remove("a.tgz")
    assert store.read("a.tgz") is None
    assert store.look("a.tgz") is None
    assert store.listed() == []


def test_a_listing_names_files_alone(stage: Stage) -> None:
    """The listing holds the files of this repository, and none of a folder within."""
    store = stage.open("listed")
    for name in ("b-1.0.0.tgz", "a-1.0.0.tgz", "index.yaml"):
        store.write(name, b"content", {})
    stage.open("listed/inner").write("c-1.0.0.tgz", b"content", {})
    assert sorted(item.name for item in store.listed()) == ["a-1.0.0.tgz", "b-1.0.0.tgz", "index.yaml"]


def test_a_file_is_made_once(stage: Stage) -> None:
    """A write that expects nothing there is refused once something is, and changes nothing."""
    store = stage.open("once")
    store.write("a.tgz", b"first", {}, "")
    with pytest.raises(Changed):
        store.write("a.tgz", b"second", {}, "")
    file = store.read("a.tgz")
    assert file is not None
    assert file.content == b"first"


def test_a_file_is_changed_as_it_was_read(stage: Stage) -> None:
    """A write that expects a mark succeeds with the one that stands there and with no other."""
    store = stage.open("changed")
    first = store.write("index.yaml", b"first", {}, "")
    second = store.write("index.yaml", b"second", {}, first)
    for expected in (first, "", '"an-invented-mark"'):
        with pytest.raises(Changed):
            store.write("index.yaml", b"third", {}, expected)
    store.write("index.yaml", b"third", {}, second)


def test_what_is_gone_does_not_match(stage: Stage) -> None:
    """A write that expects a mark is refused where the file is gone."""
    store = stage.open("lost")
    mark = store.write("index.yaml", b"first", {}, "")
    store.remove("index.yaml")
    with pytest.raises(Changed):
        store.write("index.yaml", b"second", {}, mark)
    assert store.read("index.yaml") is None


def test_of_many_writers_one_wins(stage: Stage) -> None:
    """Of sixteen that write at the same time as they have read it, exactly one is not too late."""
    store = stage.open("race")
    mark = store.write("index.yaml", b"first", {}, "")
    together = threading.Barrier(16)
    won: list[int] = []

    def write(number: int) -> None:
        together.wait(timeout=30)
        try:
            store.write("index.yaml", f"writer {number}".encode(), {}, mark)
        except Changed:
            return
        won.append(number)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = store.read("index.yaml")
    assert file is not None
    assert [file.content] == [f"writer {number}".encode() for number in won]


def test_credentials_that_may_only_read_are_refused(server: S3) -> None:
    """A write that is not allowed is exit code 7, and the hint names what has to be allowed."""
    keys = {
        "AWS_ACCESS_KEY_ID": server.reader_access_key,
        "AWS_SECRET_ACCESS_KEY": server.reader_secret_key,
    }
    store = FileStorage({**server.env(), **keys}, Redactor()).repository("s3://acme-charts/stable")
    for expected in (None, "", '"a-mark"'):
        with pytest.raises(Refused, match=r"may not be written") as caught:
            store.write("a.tgz", b"content", {}, expected)
        assert "s3:PutObject" in caught.value.hint


def test_a_storage_that_is_down_is_unreachable() -> None:
    """Nobody listening is exit code 7, for conditional writes as well."""
    environ = {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "a-secret-key",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}",
    }
    store = FileStorage(environ, Redactor()).repository("s3://acme-charts/stable")
    with pytest.raises(Unreachable, match=r"index\.yaml cannot be written: the storage does not answer"):
        store.write("index.yaml", b"content", {}, "")


def test_a_mistyped_folder_makes_no_tree(tmp_path: Path) -> None:
    """A first write makes the folder, and none of those above it."""
    files = FileStorage({}, Redactor())
    files.repository(str(tmp_path / "charts")).write("a.tgz", b"content", {})
    with pytest.raises(UsageError, match="There is no folder"):
        files.repository(str(tmp_path / "no" / "charts")).write("a.tgz", b"content", {})
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.tgz", "charts"]


@pytest.mark.parametrize("location", ["https://charts.example.com", "oci://registry/charts", "ftp://x"])
def test_only_places_with_conditional_writes_are_pushed_to(location: str) -> None:
    """Addresses that no chart can be pushed to are refused at once."""
    with pytest.raises(UsageError, match="cannot be pushed to"):
        FileStorage({}, Redactor()).repository(location)
