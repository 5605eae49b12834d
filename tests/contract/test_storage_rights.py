"""What keys with few rights may do at a real S3 server, and what each refusal says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest

from dev.s3 import S3
from tests.contract.test_storage import writer
from tests.unit.domain.charts.making import chart
from trunkline.adapters.storage import FileStorage
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused, UsageError

BUCKET = "acme-rights"
GRANTS = {
    "reader-of-all": [f"Read:{BUCKET}", f"List:{BUCKET}"],
    "reader-without-list": [f"Read:{BUCKET}"],
    "reader-of-one-prefix": [f"Read:{BUCKET}/one/*", f"List:{BUCKET}/one/*"],
    "writer-alone": [f"Write:{BUCKET}"],
    "nobody": ["Read:another-bucket"],
}
CHART = chart(version="1.0.0")


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=[BUCKET], grants=GRANTS) as server:
        for prefix in ("one", "two"):
            obstore.put(writer(server, BUCKET), f"{prefix}/base.yaml", b"replicas: 2\n")
            obstore.put(writer(server, BUCKET), f"{prefix}/backend-1.0.0.tgz", CHART)
        yield server


def storage(server: S3, name: str) -> FileStorage:
    keys = {"AWS_ACCESS_KEY_ID": name, "AWS_SECRET_ACCESS_KEY": f"{name}-secret-key"}
    return FileStorage({**server.env(), **keys, "TRUNKLINE_CACHE": "off"}, Redactor())


def wanted(prefix: str, version: str = "1.0.0") -> ChartSettings:
    return ChartSettings(repository=f"s3://{BUCKET}/{prefix}", name="backend", version=version)


@pytest.mark.parametrize("name", ["reader-of-all", "reader-without-list", "reader-of-one-prefix"])
def test_readers_read(server: S3, tmp_path: Path, name: str) -> None:
    """Values and charts of an exact version need no right but to read them."""
    files = storage(server, name)
    assert files.fetch(f"s3://{BUCKET}/one", "base.yaml", tmp_path).path.read_bytes() == b"replicas: 2\n"
    assert files.chart(wanted("one"), tmp_path).path.read_bytes() == CHART


@pytest.mark.parametrize(
    ("name", "prefix"), [("nobody", "one"), ("writer-alone", "one"), ("reader-of-one-prefix", "two")]
)
def test_others_are_refused(server: S3, tmp_path: Path, name: str, prefix: str) -> None:
    """A read that is not allowed is exit code 7, names the source of the keys and the right, and writes nothing."""
    files = storage(server, name)
    for deed in (
        lambda: files.fetch(f"s3://{BUCKET}/{prefix}", "base.yaml", tmp_path),
        lambda: files.chart(wanted(prefix), tmp_path),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert caught.value.exit_code == ExitCode.UNREACHABLE
        assert "may not be read with the AWS keys of the environment (AccessDenied)" in caught.value.message
        assert "s3:GetObject" in caught.value.hint
        assert "-secret-key" not in caught.value.message + caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["reader-of-all", "reader-of-one-prefix"])
def test_a_missing_file_is_missing(server: S3, tmp_path: Path, name: str) -> None:
    """Who may list is told of a missing file as such: exit code 2."""
    with pytest.raises(UsageError, match=rf"There is no s3://{BUCKET}/one/prod\.yaml"):
        storage(server, name).fetch(f"s3://{BUCKET}/one", "prod.yaml", tmp_path)


@pytest.mark.parametrize("name", ["reader-of-all", "reader-without-list", "reader-of-one-prefix", "nobody"])
@pytest.mark.parametrize("expected", [None, "", '"a-mark"'])
def test_readers_push_nothing(server: S3, name: str, expected: str | None) -> None:
    """A write that is not allowed is refused, conditional or not, and the hint names the rights."""
    store = storage(server, name).repository(f"s3://{BUCKET}/one")
    with pytest.raises(Refused, match="may not be written with the AWS keys of the environment") as caught:
        store.write("index.yaml", b"apiVersion: v1\n", {}, expected)
    assert "s3:PutObject" in caught.value.hint


def test_who_writes_alone_writes(server: S3) -> None:
    """Keys that may only write do, and are refused what they would read first."""
    store = storage(server, "writer-alone").repository(f"s3://{BUCKET}/three")
    assert store.write("a.tgz", b"content", {})
    with pytest.raises(Refused, match="may not be read"):
        store.read("a.tgz")


@pytest.mark.parametrize("name", ["reader-without-list", "nobody"])
def test_a_check_without_the_right_to_list(server: S3, name: str) -> None:
    """A place that may not be listed is no mistake in itself, and the check says what it means."""
    assert "may not list it" in storage(server, name).check(f"s3://{BUCKET}/one")
