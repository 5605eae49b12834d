"""Chart archives from strangers."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.domain.charts.making import chart, chart_yaml, special, tar
from trunkline.domain.charts.archives import LARGEST_FILE, MOST_FILES, BadChart, open_archive

CHART = ("backend/Chart.yaml", chart_yaml().encode())


def test_a_good_archive_is_opened() -> None:
    """Name, version, digest and files of an archive come out as they are in it."""
    content = chart(more="description: One chart\n")
    archive = open_archive(content)
    assert (archive.facts.name, archive.facts.version) == ("backend", "1.0.0")
    assert archive.facts.fields["description"] == "One chart"
    assert archive.digest == hashlib.sha256(content).hexdigest()
    assert archive.files == ("Chart.yaml", "templates/a.yaml")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is no gzipped archive"),
        (b"PK\x03\x04", "is no gzipped archive"),
        (gzip.compress(b"no tar", mtime=0), "is damaged"),
        (chart()[:-9], "is damaged: it ends too early"),
        (chart()[:40], "is damaged"),
        (tar(("backend/values.yaml", b"")), r"holds no Chart\.yaml"),
        (tar(CHART, ("frontend/a", b"")), "more than one folder at its top"),
        (tar(("Chart.yaml", b"")), r"holds the file Chart\.yaml beside the chart's folder"),
        (tar(CHART, CHART), r"two files Chart\.yaml"),
        (tar(CHART, ("backend/../../etc/passwd", b"")), "leads out of the chart"),
        (tar(CHART, ("/etc/passwd", b"")), "leads out of the chart"),
        (tar(CHART, ("backend\\..\\..\\x", b"")), "leads out of the chart"),
        (tar(CHART, ("C:\\x", b"")), "leads out of the chart"),
        (tar(CHART, ("backend/a\x1b[2J", b"")), "leads out of the chart"),
        (tar(CHART, special("backend/a", tarfile.SYMTYPE, "/etc/passwd")), "a link"),
        (tar(CHART, special("backend/a", tarfile.LNKTYPE, "backend/b")), "a link"),
        (tar(CHART, special("backend/a", tarfile.FIFOTYPE)), "neither a file nor a folder"),
        (tar(CHART, special("backend/a", tarfile.CHRTYPE)), "neither a file nor a folder"),
        (tar(("backend/Chart.yaml", b"\xff\xfe")), "no UTF-8 text"),
        (tar(("backend/Chart.yaml", b"[a, b]")), "no mapping"),
        (tar(("backend/Chart.yaml", b"{")), "no valid YAML"),
        (tar(("backend/Chart.yaml", b"[" * 10_000)), "nested too deeply"),
        (tar(("backend/Chart.yaml", chart_yaml(version="1.0").encode())), "an exact version"),
        (tar(("backend/Chart.yaml", chart_yaml(version="../1.0.0").encode())), "an exact version"),
        (tar(("backend/Chart.yaml", chart_yaml(name="../a").encode())), "`name`"),
        (tar(("backend/Chart.yaml", b"name: a\nversion: 1.0.0\n")), "`apiVersion`"),
        (tar(CHART, ("backend/big", bytes(LARGEST_FILE + 1))), "larger than 5 MB"),
    ],
)
def test_a_bad_archive_is_refused(content: bytes, why: str) -> None:
    """Whatever no good chart holds is refused, with a sentence that says what it is."""
    with pytest.raises(BadChart, match=why):
        open_archive(content)


def test_a_bomb_ends_early() -> None:
    """An archive of 100 KB that unpacks to 105 MB is refused in a few megabytes of memory."""
    files = [(f"backend/{number}", bytes(LARGEST_FILE)) for number in range(21)]
    bomb = tar(CHART, *files)
    assert len(bomb) < 200_000
    tracemalloc.start()
    try:
        with pytest.raises(BadChart, match="unpacks to more than 100 MB"):
            open_archive(bomb)
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_header_that_asks_for_everything_is_refused() -> None:
    """A header that claims to be of many gigabytes ends as damage, not as memory."""
    entry = tarfile.TarInfo("backend/x")
    entry.type, entry.size = tarfile.XHDTYPE, 2**34
    with pytest.raises(BadChart):
        open_archive(gzip.compress(entry.tobuf() + bytes(10_000)))


def test_headers_without_end_are_refused() -> None:
    """Thousands of headers in a row, on which a reader may recurse, end as damage."""
    entry = tarfile.TarInfo("x")
    entry.type, entry.size = tarfile.XHDTYPE, 0
    with pytest.raises(BadChart):
        open_archive(gzip.compress(entry.tobuf() * 20_000))


def test_too_many_files_are_refused() -> None:
    """More files than any chart has are not looked at one by one."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for number in range(MOST_FILES + 1):
            archive.addfile(tarfile.TarInfo(f"backend/{number}"))
    with pytest.raises(BadChart, match="more than 10000 files"):
        open_archive(gzip.compress(target.getvalue()))


@given(st.binary(max_size=2000), st.integers(0, 400))
@example(b"", 0)
def test_any_damage_is_told_as_damage(noise: bytes, place: int) -> None:
    """Whatever bytes stand in an archive, it is read or refused with a sentence, and never anything else."""
    good = chart()
    for content in (noise, good[:place] + noise, good[:place] + noise + good[place + len(noise) :]):
        with suppress(BadChart):
            assert open_archive(content).facts.name


@given(st.binary(max_size=600), st.integers(0, 3000))
def test_any_tar_is_told_as_damage(noise: bytes, place: int) -> None:
    """The same for what is wrong below a good compression."""
    inner = gzip.decompress(chart())
    content = gzip.compress(inner[:place] + noise + inner[place + len(noise) :])
    with suppress(BadChart):
        assert open_archive(content).facts.name
