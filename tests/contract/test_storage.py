"""The fake storage, a directory and a real S3 server give the same files and the same refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.store import S3Store

from dev.ready import free_port
from dev.s3 import S3
from tests.fakes.storage import FakeStorage
from tests.unit.domain.charts.making import chart
from trunkline.adapters.storage import FileStorage
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused, Unreachable, UsageError
from trunkline.ports import Storage

VALUES = b"replicas: 2\n"
NEWER = b"replicas: 3\n"
KEYS = {"AWS_ACCESS_KEY_ID": "an-access-key", "AWS_SECRET_ACCESS_KEY": "a-secret-key"}


FILES = {
    "values/base.yaml": VALUES,
    "values/acme/dev.yaml": b"replicas: 1\n",
    "charts/backend-1.9.0.tgz": chart(version="1.9.0"),
    "charts/backend-1.10.0.tgz": chart(version="1.10.0"),
    "charts/backend-2.0.0-rc.1.tgz": chart(version="2.0.0-rc.1"),
    "charts/backend-jobs-7.0.0.tgz": chart("backend-jobs", "7.0.0"),
    "charts/backend-1.10.1+build.5.tgz": chart(version="1.10.1+build.5"),
}


@dataclass(frozen=True)
class Stage:
    """A storage with `FILES` below `root`; `versioned` is a place with two versions of `base.yaml`, if it can be."""

    storage: Storage
    root: str
    versioned: str = ""

    @property
    def values(self) -> str:
        return f"{self.root}/values"

    @property
    def charts(self) -> str:
        return f"{self.root}/charts"


@contextmanager
def fake(_: pytest.FixtureRequest) -> Iterator[Stage]:
    places: dict[str, dict[str, bytes]] = {"memory:/values": {}, "memory:/charts": {}}
    for path, content in FILES.items():
        place, name = path.split("/", 1)
        places[f"memory:/{place}"][name] = content
    storage = FakeStorage({**places, "memory:/kept": {"base.yaml": NEWER}})
    storage.versions["memory:/kept", "base.yaml"] = {"1": VALUES, "2": NEWER}
    yield Stage(storage, "memory:", "memory:/kept")


@contextmanager
def directory(request: pytest.FixtureRequest) -> Iterator[Stage]:
    root = request.getfixturevalue("tmp_path_factory").mktemp("storage")
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    yield Stage(FileStorage({}, Redactor()), str(root))


@contextmanager
def bucket(request: pytest.FixtureRequest) -> Iterator[Stage]:
    server: S3 = request.getfixturevalue("server")
    for path, content in FILES.items():
        obstore.put(writer(server), f"live/{path}", content)
    keys = {
        "AWS_ACCESS_KEY_ID": server.reader_access_key,
        "AWS_SECRET_ACCESS_KEY": server.reader_secret_key,
    }
    server.keep_versions("acme-kept")
    for content in (VALUES, NEWER):
        obstore.put(writer(server, "acme-kept"), "base.yaml", content)
    yield Stage(FileStorage({**server.env(), **keys}, Redactor()), "s3://acme-files/live", "s3://acme-kept")


def writer(server: S3, bucket: str = "acme-files") -> S3Store:
    return server.writer(bucket)


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=["acme-files", "acme-empty", "acme-kept"]) as server:
        yield server


@pytest.fixture(scope="module", params=[fake, directory, bucket])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    begin: Callable[[pytest.FixtureRequest], AbstractContextManager[Stage]] = request.param
    with begin(request) as stage:
        yield stage


def test_a_file_is_fetched(stage: Stage, tmp_path: Path) -> None:
    """A values layer arrives with its content, below the given folder."""
    path = stage.storage.fetch(stage.values, "base.yaml", tmp_path).path
    assert path.is_relative_to(tmp_path)
    assert path.read_bytes() == VALUES


def test_files_of_one_name_do_not_meet(stage: Stage, tmp_path: Path) -> None:
    """A file in a folder keeps its folder."""
    path = stage.storage.fetch(stage.values, "acme/dev.yaml", tmp_path).path
    assert path == tmp_path / "acme" / "dev.yaml"


def test_a_missing_file_is_named_in_full(stage: Stage, tmp_path: Path) -> None:
    """A file that is not there is exit code 2, with its whole address."""
    with pytest.raises(UsageError) as caught:
        stage.storage.fetch(stage.values, "prod.yaml", tmp_path)
    assert caught.value.exit_code == ExitCode.USAGE
    assert f"{stage.values}/prod.yaml" in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_without_versions_there_is_none(stage: Stage, tmp_path: Path) -> None:
    """A place that keeps no versions gives none, and one that is asked for is exit code 2."""
    assert stage.storage.fetch(stage.values, "base.yaml", tmp_path).version == ""
    with pytest.raises(UsageError, match=f"{stage.values}/base.yaml") as caught:
        stage.storage.fetch(stage.values, "base.yaml", tmp_path, "1234")
    assert "1234" in caught.value.message


@pytest.mark.parametrize("stage", [fake, bucket], indirect=True)
def test_a_version_brings_its_bytes_back(stage: Stage, tmp_path: Path) -> None:
    """What a fetch says of the version brings the same bytes back, whatever was written since."""
    now = stage.storage.fetch(stage.versioned, "base.yaml", tmp_path / "now")
    again = stage.storage.fetch(stage.versioned, "base.yaml", tmp_path / "again", now.version)
    assert now.version
    assert (now.path.read_bytes(), again.path.read_bytes(), again.version) == (NEWER, NEWER, now.version)
    with pytest.raises(UsageError, match=f"{stage.versioned}/base.yaml has no version 0000 any more"):
        stage.storage.fetch(stage.versioned, "base.yaml", tmp_path, "0000")


def test_an_overwritten_and_deleted_object_comes_back(server: S3, tmp_path: Path) -> None:
    """S3's versions outlive a write and a deletion; only a version that was removed itself is gone."""
    server.keep_versions("acme-kept")
    store, files = writer(server, "acme-kept"), storage(server)
    obstore.put(store, "dev.yaml", b"a: 1\n")
    first = files.fetch("s3://acme-kept", "dev.yaml", tmp_path / "1").version
    obstore.put(store, "dev.yaml", b"a: 2\n")
    obstore.delete(store, "dev.yaml")
    with pytest.raises(UsageError, match=r"There is no s3://acme-kept/dev\.yaml"):
        files.fetch("s3://acme-kept", "dev.yaml", tmp_path / "2")
    assert files.fetch("s3://acme-kept", "dev.yaml", tmp_path / "3", first).path.read_bytes() == b"a: 1\n"


@pytest.mark.parametrize("name", ["../values/base.yaml", "/etc/hostname", "a/../../x", ".."])
def test_a_name_never_leads_out(stage: Stage, tmp_path: Path, name: str) -> None:
    """Names that lead out of their place are refused before anything is read."""
    with pytest.raises(UsageError, match="is no name of a values file"):
        stage.storage.fetch(stage.values, name, tmp_path)
    with pytest.raises(UsageError, match="is no chart's name"):
        stage.storage.chart(ChartSettings(repository=stage.charts, name=name, version="1.0.0"), tmp_path)


@pytest.mark.parametrize("version", ["1.9.0", "1.10.0", "2.0.0-rc.1", "1.10.1+build.5"])
def test_an_exact_version_is_fetched(stage: Stage, tmp_path: Path, version: str) -> None:
    """A chart of an exact version is fetched without any index, prereleases and build metadata included."""
    path = stage.storage.chart(
        ChartSettings(repository=stage.charts, name="backend", version=version), tmp_path
    ).path
    assert path.name == f"backend-{version}.tgz"
    assert path.read_bytes() == FILES[f"charts/backend-{version}.tgz"]


def test_the_newest_release_is_found(stage: Stage, tmp_path: Path) -> None:
    """Without a version the highest release is taken: no prerelease, no other chart whose name begins so."""
    path = stage.storage.chart(
        ChartSettings(repository=stage.charts, name="backend", version=""), tmp_path
    ).path
    assert path.name == "backend-1.10.1+build.5.tgz"


def test_a_missing_version_is_named_in_full(stage: Stage, tmp_path: Path) -> None:
    """A version that is not there is exit code 2, with the archive's whole address."""
    with pytest.raises(UsageError) as caught:
        stage.storage.chart(ChartSettings(repository=stage.charts, name="backend", version="9.9.9"), tmp_path)
    assert f"{stage.charts}/backend-9.9.9.tgz" in caught.value.message


def test_a_missing_chart_is_named(stage: Stage, tmp_path: Path) -> None:
    """A chart that is not there at all is exit code 2 and names chart and repository."""
    with pytest.raises(UsageError) as caught:
        stage.storage.chart(ChartSettings(repository=stage.charts, name="frontend", version=""), tmp_path)
    assert "frontend" in caught.value.message
    assert stage.charts in caught.value.message


def test_a_check_names_the_place(stage: Stage) -> None:
    """The check's sentence names what answered."""
    assert stage.values in stage.storage.check(stage.values)


def test_a_place_that_is_not_there_is_named(stage: Stage) -> None:
    """A check of a place that is not there is exit code 2."""
    with pytest.raises(UsageError, match="nowhere"):
        stage.storage.check(f"{stage.root}/nowhere")


def storage(server: S3, **environ: str) -> FileStorage:
    return FileStorage({**server.env(), **environ}, Redactor())


def test_a_missing_bucket_is_told_from_a_missing_file(server: S3, tmp_path: Path) -> None:
    """S3 answers 404 to both; the error says which one it is."""
    with pytest.raises(UsageError, match="There is no bucket acme-nowhere"):
        storage(server).fetch("s3://acme-nowhere/live", "base.yaml", tmp_path)
    with pytest.raises(UsageError, match=r"There is no s3://acme-empty/base\.yaml"):
        storage(server).fetch("s3://acme-empty", "base.yaml", tmp_path)


@pytest.mark.parametrize(
    ("variable", "code"),
    [("AWS_ACCESS_KEY_ID", "InvalidAccessKeyId"), ("AWS_SECRET_ACCESS_KEY", "SignatureDoesNotMatch")],
)
def test_wrong_keys_are_refused(server: S3, tmp_path: Path, variable: str, code: str) -> None:
    """Wrong keys end with exit code 7, S3's own word for it, and no key in the message."""
    with pytest.raises(Refused) as caught:
        storage(server, **{variable: "wr0ng-secret-key"}).fetch("s3://acme-files", "base.yaml", tmp_path)
    assert code in caught.value.message
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.hint
    assert "wr0ng-secret-key" not in caught.value.message + caught.value.hint + str(caught.value.__cause__)


def test_a_storage_that_is_down_is_unreachable(tmp_path: Path) -> None:
    """Nobody listening is exit code 7, with the address that was asked for."""
    gone = FileStorage({**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{free_port()}"}, Redactor())
    with pytest.raises(Unreachable, match=r"s3://acme-files/base\.yaml cannot be read: .* does not answer"):
        gone.fetch("s3://acme-files", "base.yaml", tmp_path)


def publish(server: S3, prefix: str, index: object, charts: dict[str, bytes] | None = None) -> str:
    store = writer(server)
    for name, content in (charts or {}).items():
        obstore.put(store, f"{prefix}/{name}", content)
    obstore.put(store, f"{prefix}/index.yaml", json.dumps({"apiVersion": "v1", "entries": index}).encode())
    return f"s3://acme-files/{prefix}"


def entry(version: str, content: bytes | None = None, **more: Any) -> dict[str, Any]:
    digest = {} if content is None else {"digest": hashlib.sha256(content).hexdigest()}
    return {"name": "backend", "version": version, **digest, **more}


def test_an_index_in_s3_names_the_newest(server: S3, tmp_path: Path) -> None:
    """With an index its newest release is taken and its digest is verified; absolute addresses are understood."""
    good = chart(version="1.2.0")
    url = "s3://acme-files/indexed/backend-1.2.0.tgz"
    index = {"backend": [entry("1.2.0", good, urls=[url]), entry("1.3.0-rc.1"), entry("1.1.0")]}
    place = publish(server, "indexed", index, {"backend-1.2.0.tgz": good})
    assert (
        storage(server)
        .chart(ChartSettings(repository=place, name="backend", version=""), tmp_path)
        .path.read_bytes()
        == good
    )


def test_a_chart_that_was_changed_is_refused(server: S3, tmp_path: Path) -> None:
    """An archive whose sha256 is not the index's is damaged, and nothing of it is written."""
    place = publish(
        server,
        "changed",
        {"backend": [entry("1.2.0", chart(version="1.2.0"))]},
        {"backend-1.2.0.tgz": chart(version="1.2.0", more="description: bad\n")},
    )
    with pytest.raises(
        Unreachable, match=r"backend-1\.2\.0\.tgz is damaged: its sha256 is .* the index says"
    ):
        storage(server).chart(ChartSettings(repository=place, name="backend", version=""), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_digest_on_the_object_is_verified(server: S3, tmp_path: Path) -> None:
    """What the S3 plug-in wrote onto the object holds for exact versions, too."""
    store, content = writer(server), chart()
    digest = hashlib.sha256(content).hexdigest()
    obstore.put(store, "marked/backend-1.0.0.tgz", content, attributes={"chart-digest": digest})
    obstore.put(store, "marked/backend-1.0.1.tgz", content, attributes={"chart-digest": "0" * 64})
    place = "s3://acme-files/marked"
    assert (
        storage(server)
        .chart(ChartSettings(repository=place, name="backend", version="1.0.0"), tmp_path)
        .path.read_bytes()
        == content
    )
    with pytest.raises(Unreachable, match="its own metadata says"):
        storage(server).chart(ChartSettings(repository=place, name="backend", version="1.0.1"), tmp_path)


def test_an_index_that_names_a_lost_chart_is_told(server: S3, tmp_path: Path) -> None:
    """An index ahead of the repository is an error that names both."""
    place = publish(server, "ahead", {"backend": [entry("1.2.0")]})
    with pytest.raises(
        UsageError, match=r"ahead/index\.yaml names .*ahead/backend-1\.2\.0\.tgz, which is not there"
    ):
        storage(server).chart(ChartSettings(repository=place, name="backend", version=""), tmp_path)


def test_a_profile_opens_the_storage(server: S3, tmp_path: Path) -> None:
    """Static keys of an AWS profile work like keys in the environment."""
    obstore.put(writer(server), "profiled/base.yaml", VALUES)
    (tmp_path / ".aws").mkdir()
    keys = f"[ci]\naws_access_key_id = {server.reader_access_key}\naws_secret_access_key = {server.reader_secret_key}\n"
    (tmp_path / ".aws" / "credentials").write_text(keys)
    environ = {"AWS_PROFILE": "ci", "AWS_ENDPOINT_URL_S3": server.endpoint, "AWS_REGION": server.region}
    redactor = Redactor()
    files = FileStorage(environ, redactor, home=tmp_path)
    assert files.fetch("s3://acme-files/profiled", "base.yaml", tmp_path / "out").path.read_bytes() == VALUES
    assert server.reader_secret_key not in redactor.text(server.reader_secret_key)


def test_values_are_for_us_alone(server: S3, tmp_path: Path) -> None:
    """A fetched file, which may hold secrets, can be read by nobody else."""
    obstore.put(writer(server), "private/base.yaml", VALUES)
    path = storage(server).fetch("s3://acme-files/private", "base.yaml", tmp_path).path
    assert path.stat().st_mode & 0o077 == 0
