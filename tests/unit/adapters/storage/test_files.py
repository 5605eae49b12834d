"""Directories and S3 buckets as places of charts and values, when they are odd, hostile or slow."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.unit.domain.charts.making import chart, special, tar
from trunkline.adapters.storage import FileStorage
from trunkline.adapters.storage.places import LARGEST
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable, UsageError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "secret-1", "AWS_REGION": "us-east-1"}


def storage(**environ: str) -> FileStorage:
    return FileStorage(environ, Redactor(), home=Path("/nonexistent"))


def s3(server: HTTPServer) -> FileStorage:
    return storage(**KEYS, AWS_ENDPOINT_URL=server.url_for(""))


def s3_error(code: str) -> str:
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>in words</Message></Error>'


def test_an_unpacked_chart_is_used_where_it_stands(tmp_path: Path) -> None:
    """A chart directory in a repository of directories is not copied."""
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "Chart.yaml").write_text("name: backend\nversion: 0.4.0\n")
    for version in ("", "0.4.0"):
        assert (
            storage()
            .chart(ChartSettings(repository=str(tmp_path), name="backend", version=version), tmp_path / "out")
            .path
            == tmp_path / "backend"
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("version", "chosen"),
    [
        ("~1.4", "1.4.10"),
        (">=1.2 <1.4.10", "1.4.9"),
        ("^1", "1.10.0"),
        ("1.4.x", "1.4.10"),
        (">=2-0", "2.0.0-rc.1"),
    ],
)
@pytest.mark.parametrize("indexed", [True, False])
def test_a_range_takes_the_newest_that_is_in_it(
    tmp_path: Path, version: str, chosen: str, indexed: bool
) -> None:
    """A range is resolved from the index, and from the archives' names where there is none."""
    versions = ["1.2.0", "1.4.9", "1.4.10", "1.10.0", "2.0.0-rc.1"]
    for item in versions:
        (tmp_path / f"backend-{item}.tgz").write_bytes(chart(version=item))
    if indexed:
        entries = "".join(f"  - version: {item}\n" for item in versions)
        (tmp_path / "index.yaml").write_text(f"entries:\n  backend:\n{entries}")
    path = (
        storage()
        .chart(ChartSettings(repository=str(tmp_path), name="backend", version=version), tmp_path / "out")
        .path
    )
    assert path.name == f"backend-{chosen}.tgz"


def test_a_range_without_a_version_tells_what_there_is(tmp_path: Path) -> None:
    """A range that no version is in is exit code 2, with the versions that there are."""
    for version in ("1.0.0", "2.0.0-rc.1"):
        (tmp_path / f"backend-{version}.tgz").write_bytes(chart(version=version))
    with pytest.raises(
        UsageError, match=r"No version of the chart backend in .* is in the range \^2\."
    ) as caught:
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version="^2"), tmp_path)
    assert "2.0.0-rc.1, 1.0.0" in caught.value.hint
    assert ">=1.0.0-0" in caught.value.hint


def test_an_unpacked_chart_of_another_version_is_refused(tmp_path: Path) -> None:
    """An exact version is exact for chart directories, too."""
    (tmp_path / "backend").mkdir()
    (tmp_path / "backend" / "Chart.yaml").write_text('name: backend\nversion: "0.4.0" # ours\n')
    with pytest.raises(UsageError, match=r"has the version 0\.4\.0, not 0\.5\.0"):
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version="0.5.0"), tmp_path)


@pytest.mark.parametrize("version", ["latest", "../1.0.0", ">=", "1.0.0/..", "^*", "1.2.3.4"])
def test_what_is_no_version_is_refused(tmp_path: Path, version: str) -> None:
    """A version that is neither exact nor a range is refused before anything is read."""
    with pytest.raises(UsageError, match=r"The chart version .* range"):
        storage().chart(
            ChartSettings(repository=str(tmp_path / "nowhere"), name="backend", version=version), tmp_path
        )


def test_a_missing_version_tells_what_there_is(tmp_path: Path) -> None:
    """The hint lists the newest versions that are there."""
    for version in ("1.0.0", "1.2.0", "1.10.0", "1.3.0", "1.4.0", "1.5.0"):
        (tmp_path / f"backend-{version}.tgz").write_bytes(chart(version=version))
    with pytest.raises(UsageError) as caught:
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version="9.0.0"), tmp_path)
    assert caught.value.hint == "There are 1.10.0, 1.5.0, 1.4.0, 1.3.0, 1.2.0 and 1 older."


def test_prereleases_alone_are_not_taken(tmp_path: Path) -> None:
    """Where only prereleases are, the person has to name one."""
    (tmp_path / "backend-1.0.0-rc.1.tgz").write_bytes(chart(version="1.0.0-rc.1"))
    with pytest.raises(UsageError, match="no released version of the chart backend") as caught:
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version=""), tmp_path)
    assert "1.0.0-rc.1" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("backend-1.0.0.tgz", "backend-1.0.0.tgz"),
        ("packages/b.tgz", "packages/b.tgz"),
        ("../../etc/b.tgz", "backend-1.0.0.tgz"),
        ("/etc/b.tgz", "backend-1.0.0.tgz"),
        ("https://elsewhere.example/b.tgz", "backend-1.0.0.tgz"),
        ("packages/../../b.tgz", "backend-1.0.0.tgz"),
        ("", "backend-1.0.0.tgz"),
    ],
)
def test_an_index_never_leads_out(tmp_path: Path, url: str, read: str) -> None:
    """Addresses in an index are followed inside of the repository and nowhere else."""
    repository = tmp_path / "charts"
    (repository / "packages").mkdir(parents=True)
    (repository / read).write_bytes(chart())
    (tmp_path / "b.tgz").write_bytes(b"not this")
    (repository / "index.yaml").write_text(f"entries:\n  backend:\n  - version: 1.0.0\n    urls: ['{url}']\n")
    found = (
        storage()
        .chart(ChartSettings(repository=str(repository), name="backend", version=""), tmp_path / "out")
        .path
    )
    assert found == tmp_path / "out" / "backend-1.0.0.tgz"
    assert found.read_bytes() == chart()


def test_a_version_in_an_index_is_no_path(tmp_path: Path) -> None:
    """A version that is none does not become a file name."""
    (tmp_path / "index.yaml").write_text("entries:\n  backend:\n  - version: ../../1.0.0\n")
    with pytest.raises(UsageError, match="no released version"):
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version=""), tmp_path)


@pytest.mark.parametrize(
    "index",
    [b"\xff\xfe\x00", b"entries: [", b"just text", b"{", b"entries:\n  backend:\n  - [" + b"[" * 99999],
)
def test_a_broken_index_names_its_address(tmp_path: Path, index: bytes) -> None:
    """An index that cannot be read is named, with the way around it."""
    (tmp_path / "index.yaml").write_bytes(index)
    with pytest.raises(UsageError, match=r"index\.yaml cannot be read: ") as caught:
        storage().chart(ChartSettings(repository=str(tmp_path), name="backend", version=""), tmp_path)
    assert "chart.version" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"<html>404</html>", "is no gzipped archive", id="error page"),
        pytest.param(chart()[:-10], "is damaged: it ends too early", id="cut off"),
        pytest.param(tar(("../evil", b"")), "leads out of the chart", id="traversal"),
        pytest.param(tar(special("backend/x", tarfile.SYMTYPE, "/etc")), "which is a link", id="link"),
        pytest.param(tar(("backend/zeros", bytes(6 * 2**20))), "larger than 5 MB", id="bomb"),
        pytest.param(chart("frontend"), "holds the chart frontend 1.0.0, not backend 1.0.0", id="other"),
        pytest.param(chart(version="1.0.1"), "holds the chart backend 1.0.1, not", id="other version"),
    ],
)
def test_what_is_no_such_archive_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """What is stored as a chart and is none, or another one, does not reach Helm, and nothing of it is written."""
    (tmp_path / "backend-1.0.0.tgz").write_bytes(content)
    settings = ChartSettings(repository=str(tmp_path), name="backend", version="1.0.0")
    with pytest.raises(Unreachable, match=re.escape(message)):
        storage().chart(settings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    """A file beyond all charts is refused by its size."""
    with (tmp_path / "base.yaml").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(UsageError, match="is larger than 64 MB"):
        storage().fetch(str(tmp_path), "base.yaml", tmp_path / "out")


@pytest.mark.parametrize("location", ["https://charts.example", "oci://quay.io/charts", "gs://bucket"])
def test_other_schemes_are_told(tmp_path: Path, location: str) -> None:
    """An address that cannot be read is an error that names its scheme."""
    with pytest.raises(UsageError, match="cannot be read from " + location.split("/", maxsplit=1)[0]):
        storage().fetch(location, "base.yaml", tmp_path)


@pytest.mark.parametrize("location", ["s3://", "s3://Not_A_Bucket/x", "s3:///x", "s3://b"])
def test_an_address_without_bucket_is_a_mistake(tmp_path: Path, location: str) -> None:
    """A bucket's name has rules; an address that breaks them is refused without asking anybody."""
    with pytest.raises(UsageError, match="is no address of a bucket"):
        storage(**KEYS).fetch(location, "base.yaml", tmp_path)


def test_a_missing_folder_is_told_from_a_missing_file(tmp_path: Path) -> None:
    """A place that is not there is another mistake than a file that is not."""
    with pytest.raises(UsageError, match="There is no folder"):
        storage().fetch(str(tmp_path / "nowhere"), "base.yaml", tmp_path)


def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    """A file that cannot be written names itself and the reason."""
    (tmp_path / "base.yaml").write_text("a: 1\n")
    full = Path("/dev/full")
    into = tmp_path / "into"
    into.mkdir()
    (into / "base.yaml").symlink_to(full)
    with pytest.raises(Unreachable, match=os.strerror(errno.ENOSPC)):
        storage().fetch(str(tmp_path), "base.yaml", into)


def test_a_missing_extra_is_told(tmp_path: Path) -> None:
    """Without obstore, an s3:// address says which extra to install."""
    program = (
        "import sys; sys.modules['obstore.store'] = None; sys.modules['obstore'] = None\n"
        "from pathlib import Path\n"
        "from trunkline.adapters.storage import FileStorage\n"
        "from trunkline.domain.redaction import Redactor\n"
        "keys = {'AWS_ACCESS_KEY_ID': 'a', 'AWS_SECRET_ACCESS_KEY': 'b'}\n"
        "try: FileStorage(keys, Redactor()).fetch('s3://bucket', 'x', Path('.')).path\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout == "UsageError Run `pip install 'trunkline[s3]'`.\n"


def test_a_refusal_says_that_s3_hides_missing_files(httpserver: HTTPServer, tmp_path: Path) -> None:
    """403 without ListBucket may be a missing file; the hint says so."""
    httpserver.expect_request("/bucket/live/base.yaml").respond_with_data(
        s3_error("AccessDenied"), status=403
    )
    with pytest.raises(
        Refused, match=r"may not be read with the AWS keys of the environment \(AccessDenied\)"
    ) as caught:
        s3(httpserver).fetch("s3://bucket/live", "base.yaml", tmp_path)
    assert "missing file" in caught.value.hint


def test_a_bucket_that_may_not_be_listed_is_no_failure_of_a_check(httpserver: HTTPServer) -> None:
    """A deployment needs to read files, not to list them: the check says what it could not see."""
    httpserver.expect_request("/bucket").respond_with_data(s3_error("AccessDenied"), status=403)
    assert "may not list" in s3(httpserver).check("s3://bucket/live")


def test_a_bucket_elsewhere_names_the_variable(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A bucket of another region is not a riddle."""
    error = s3_error("AuthorizationHeaderMalformed")
    httpserver.expect_request("/bucket/base.yaml").respond_with_data(error, status=400)
    with pytest.raises(Unreachable, match="another region") as caught:
        s3(httpserver).fetch("s3://bucket", "base.yaml", tmp_path)
    assert "AWS_REGION" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (s3_error("NoSuchBucket"), 404, "There is no bucket"),
        (
            "<ListBucketResult><Name>bucket</Name><KeyCount>0</KeyCount></ListBucketResult>",
            200,
            "There is no s3://",
        ),
        (s3_error("AccessDenied"), 403, "There is no s3://"),
    ],
)
def test_a_404_without_a_word_is_looked_at_twice(
    httpserver: HTTPServer, tmp_path: Path, answer: str, status: int, said: str
) -> None:
    """A server whose 404 does not say what is missing is asked whether the bucket is there."""
    httpserver.expect_request("/bucket/base.yaml").respond_with_data("", status=404)
    httpserver.expect_request("/bucket").respond_with_data(answer, status=status)
    with pytest.raises(UsageError, match=said):
        s3(httpserver).fetch("s3://bucket", "base.yaml", tmp_path)


def test_a_server_in_trouble_is_unreachable_soon(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A storage that answers 500 to everything ends the command within seconds, not minutes."""
    httpserver.expect_request("/bucket/base.yaml").respond_with_data("", status=500)
    begin = time.perf_counter()
    with pytest.raises(Unreachable, match="the storage answers with HTTP 500"):
        s3(httpserver).fetch("s3://bucket", "base.yaml", tmp_path)
    assert time.perf_counter() - begin < 5
    assert len(httpserver.log) == 4


def test_the_error_of_a_server_is_not_repeated(httpserver: HTTPServer, tmp_path: Path) -> None:
    """Nothing of what a server says but its code gets into a message."""
    body = s3_error("Evil\x1b[31m") + "secret-1"
    httpserver.expect_request("/bucket/base.yaml").respond_with_data(body, status=403)
    with pytest.raises(Refused) as caught:
        s3(httpserver).fetch("s3://bucket", "base.yaml", tmp_path)
    assert "secret-1" not in caught.value.message
    assert "\x1b" not in caught.value.message
    assert caught.value.__cause__ is None


def test_only_what_is_listed_of_the_chart_is_read(httpserver: HTTPServer, tmp_path: Path) -> None:
    """In a repository without an index the listing begins at the chart's name and ends after it."""
    keys = ["charts/backend-1.0.0.tgz", "charts/backend-1.1.0.tgz"]
    keys += [f"charts/frontend-{number}.0.0.tgz" for number in range(1000, 1100)]
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>"
        for key in keys
    )
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>"
    listing = f"<ListBucketResult>{contents}<KeyCount>102</KeyCount>{more}</ListBucketResult>"
    httpserver.expect_request("/bucket/charts/index.yaml").respond_with_data(
        s3_error("NoSuchKey"), status=404
    )
    httpserver.expect_oneshot_request("/bucket", query_string=None).respond_with_data(listing)
    httpserver.expect_request("/bucket/charts/backend-1.1.0.tgz").respond_with_data(chart(version="1.1.0"))
    found = (
        s3(httpserver)
        .chart(ChartSettings(repository="s3://bucket/charts", name="backend", version=""), tmp_path)
        .path
    )
    assert found.read_bytes() == chart(version="1.1.0")
    (asked,) = [request for request, _ in httpserver.log if request.path == "/bucket"]
    assert asked.args["start-after"] == "charts/backend-"
