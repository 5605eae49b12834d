"""A real S3 server behind one that misbehaves: one sentence, the right exit code, in time, and nothing half-written.

The bounds here are a tenth of those of a real run (`Patience`), so that a test need not wait a minute.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import obstore
import pytest

from dev.s3 import S3
from tests.contract.test_storage import writer
from tests.standins.spoiling import Spoil, SpoiledStorage
from tests.unit.domain.charts.making import chart
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.storage import FileStorage
from trunkline.adapters.storage.aws import resolve
from trunkline.adapters.storage.bucket import Bucket
from trunkline.adapters.storage.opening import Patience
from trunkline.adapters.storage.repositories import BucketRepository
from trunkline.app.chart_parcels import Parcel
from trunkline.app.charts import Repository, entries, push
from trunkline.config.project import ChartSettings
from trunkline.domain.charts.archives import open_archive
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, TrunklineError, Unreachable
from trunkline.ports.sources import ChartStore

PATIENCE = Patience(connect_s=0.5, silence_s=1.0, whole_s=3.0, again_s=1.5)
# No try is begun after `again_s`, and none takes longer than `whole_s`.
BOUND_S = PATIENCE.again_s + PATIENCE.whole_s + 0.5
VALUES = b"replicas: 2\n" * 1000
CHART = chart(version="1.0.0")


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=["acme-faults"]) as server:
        obstore.put(writer(server, "acme-faults"), "values/base.yaml", VALUES)
        obstore.put(writer(server, "acme-faults"), "charts/backend-1.0.0.tgz", CHART)
        yield server


@pytest.fixture(scope="module")
def spoiled(server: S3) -> Iterator[SpoiledStorage]:
    with SpoiledStorage(server.endpoint) as spoiled:
        yield spoiled


@pytest.fixture
def front(spoiled: SpoiledStorage) -> SpoiledStorage:
    spoiled.reset()
    return spoiled


def bucket(server: S3, front: SpoiledStorage, prefix: str) -> Bucket:
    environ = {**server.env(), "AWS_ENDPOINT_URL": front.url}
    access = resolve(environ, Path("/nonexistent"), Redactor())
    return Bucket(f"s3://acme-faults/{prefix}", lambda: access, PATIENCE)


def timed(deed: Callable[[], object]) -> TrunklineError:
    """The failure of a deed, which came within the bound."""
    begin = time.monotonic()
    with pytest.raises(TrunklineError) as caught:
        deed()
    assert time.monotonic() - begin < BOUND_S
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert "acme-faults" in caught.value.message
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "spoil",
    [
        Spoil("error", 2),
        Spoil("error", 2, status=503, code="SlowDown"),
        Spoil("cut", 2),
        Spoil("half", 1),
        Spoil("hang", 1),
    ],
    ids=lambda spoil: f"{spoil.how} {spoil.status} {spoil.code}",
)
def test_trouble_that_passes_is_no_trouble(server: S3, front: SpoiledStorage, spoil: Spoil) -> None:
    """What goes wrong once or twice and then well is read whole."""
    front.spoil = spoil
    file = bucket(server, front, "values").read("base.yaml")
    assert file is not None
    assert file.content == VALUES
    assert spoil.times == 0


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (Spoil("error"), "the storage answers with HTTP 500 (InternalError)"),
        (Spoil("error", status=503, code="SlowDown"), "the storage answers with HTTP 503 (SlowDown)"),
        (Spoil("cut"), "the storage does not answer"),
        (Spoil("half"), "the storage does not answer"),
        (Spoil("long"), "the storage "),
        (Spoil("short", method="GET"), ""),
        (Spoil("slow"), "the storage does not answer"),
        (Spoil("hang"), "the storage does not answer"),
        (
            Spoil(
                "error", status=301, code="PermanentRedirect", headers={"x-amz-bucket-region": "eu-west-1"}
            ),
            "in another region",
        ),
        (Spoil("error", status=400, code="AuthorizationHeaderMalformed"), "in another region"),
        (
            Spoil(
                "error", status=307, code="TemporaryRedirect", headers={"location": "http://127.0.0.1:9/x"}
            ),
            "the storage",
        ),
    ],
    ids=lambda value: f"{value.how} {value.status} {value.code}" if isinstance(value, Spoil) else "",
)
def test_trouble_that_stays_is_one_sentence(
    server: S3, front: SpoiledStorage, tmp_path: Path, spoil: Spoil, words: str
) -> None:
    """What always goes wrong is exit code 7, in time, with its cause, and leaves no file."""
    front.spoil = spoil
    error = timed(lambda: bucket(server, front, "values").read("base.yaml"))
    assert isinstance(error, Unreachable)
    if "region" in words:
        assert words in error.message
        assert "AWS_REGION" in error.hint
    elif words:
        assert f"s3://acme-faults/values/base.yaml cannot be read: {words}" in error.message
    else:
        assert "base.yaml came incomplete: 6000 of 12000 bytes" in error.message
    assert list(tmp_path.iterdir()) == []


def test_an_index_that_comes_in_part_is_not_built_on(server: S3, front: SpoiledStorage) -> None:
    """Helm's own index, cut where it reads as a whole one, is refused: the next push would lose what is missing."""
    store = BucketRepository(bucket(server, front, "cut"))
    lines = [f"  - {{name: backend, version: 0.{number}.0, urls: [a.tgz]}}\n" for number in range(100, 200)]
    head = "apiVersion: v1\nentries:\n  backend:\n"
    # As long as two lines: the half of it all ends with a line.
    head = f"#{' ' * (2 * len(lines[0]) - len(head) - 2)}\n{head}"
    store.write("index.yaml", (head + "".join(lines)).encode(), {})
    front.spoil = Spoil("short", 1, method="GET", ending="index.yaml")
    with pytest.raises(Unreachable, match=r"index\.yaml came incomplete"):
        push(repository(store), [parcel("1.0.0")])
    front.reset()
    push(repository(store), [parcel("1.0.0")])
    assert len(entries(repository(store))) == 101


@pytest.mark.parametrize("how", ["short", "half"])
def test_half_a_chart_is_never_used(server: S3, front: SpoiledStorage, tmp_path: Path, how: str) -> None:
    """An archive that comes in part, also where its length says that it is whole, is refused and not kept."""
    environ = {**server.env(), "AWS_ENDPOINT_URL": front.url, "TRUNKLINE_CACHE": str(tmp_path / "cache")}
    storage = FileStorage(environ, Redactor())
    wanted = ChartSettings(repository="s3://acme-faults/charts", name="backend", version="1.0.0")
    front.spoil = Spoil(how, ending=".tgz")
    (tmp_path / "out").mkdir()
    with pytest.raises(Unreachable):
        storage.chart(wanted, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
    front.reset()
    assert storage.chart(wanted, tmp_path / "out").path.read_bytes() == CHART


def parcel(version: str) -> Parcel:
    content = chart(version=version)
    return Parcel(open_archive(content), content)


def repository(store: ChartStore) -> Repository:
    return Repository(store, SystemClock())


SPOILED_WRITES = [
    Spoil("error", 2, method="PUT"),
    Spoil("error", 2, method="PUT", status=503, code="SlowDown"),
    Spoil("cut", 1, method="PUT"),
    Spoil("lost", 1, method="PUT", ending="index.yaml"),
    Spoil("lost", 1, method="PUT", ending=".tgz"),
    Spoil("lost", 2, method="PUT"),
    Spoil("half", 1, method="GET"),
    Spoil("hang", 1, method="PUT", ending="index.yaml"),
    Spoil("short", 1, method="GET", ending="index.yaml"),
    Spoil("long", 1, method="GET", ending="index.yaml"),
    Spoil("half", 9, method="GET", ending="index.yaml"),
]


@pytest.mark.parametrize("number", range(len(SPOILED_WRITES)))
def test_a_push_through_trouble_is_done_once(server: S3, front: SpoiledStorage, number: int) -> None:
    """However writes go wrong, also where only the answer is lost, a push ends with each version once in the index."""
    store = BucketRepository(bucket(server, front, f"push-{number}"))
    push(repository(store), [parcel("1.0.0")])
    front.spoil = SPOILED_WRITES[number]
    try:
        push(repository(store), [parcel("1.1.0")])
    except Unreachable:
        # It may end so; a second push by a person then finishes what was begun.
        front.reset()
        push(repository(store), [parcel("1.1.0")])
    front.reset()
    push(repository(store), [parcel("1.2.0")])
    assert [entry["version"] for entry in entries(repository(store))] == ["1.2.0", "1.1.0", "1.0.0"]


@pytest.mark.parametrize("how", ["error", "cut", "lost", "hang"])
@pytest.mark.parametrize("ending", [".tgz", "index.yaml"])
def test_a_push_that_cannot_be_done_ends(server: S3, front: SpoiledStorage, how: str, ending: str) -> None:
    """Where writes always fail, a push ends in time with one sentence, and the index holds what it held."""
    store = BucketRepository(bucket(server, front, f"never-{how}-{ending}"))
    push(repository(store), [parcel("1.0.0")])
    front.spoil = Spoil(how, method="PUT", ending=ending)
    begin = time.monotonic()
    # Lost answers are no lost writes: what stands there may say that it is done.
    with (
        contextlib.suppress(Unreachable)
        if how == "lost"
        else pytest.raises(Unreachable, match="cannot be written")
    ):
        push(repository(store), [parcel("1.1.0")])
    assert time.monotonic() - begin < 2 * BOUND_S
    front.reset()
    versions = [entry["version"] for entry in entries(repository(store))]
    assert versions in (["1.0.0"], ["1.1.0", "1.0.0"])
    push(repository(store), [parcel("1.1.0")])
    assert [entry["version"] for entry in entries(repository(store))] == ["1.1.0", "1.0.0"]
