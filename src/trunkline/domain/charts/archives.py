"""Opens a chart's archive that somebody else made, without believing any of it.

A good one is a gzipped tar of plain files and folders below one folder, with a `Chart.yaml` at its top. It is read
as a stream and counted while it is unpacked, so that a bomb ends early and in little memory; nothing is written.
The limits are Helm's own where Helm has them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from pathlib import PurePosixPath

from trunkline.dataclass import dataclass
from trunkline.domain.charts.metadata import ChartFacts, read_metadata
from trunkline.expressions import expression

# What Helm 4 unpacks at most, of a chart and of one of its files.
LARGEST_UNPACKED = 100 * 1024 * 1024
LARGEST_FILE = 5 * 1024 * 1024
MOST_FILES = 10_000
_LARGEST_METADATA = 1024 * 1024
_GZIP = b"\x1f\x8b"
_DRIVE = expression(r"[A-Za-z]:")
_DAMAGED = (EOFError, OSError, zlib.error, tarfile.TarError, RecursionError, ValueError, OverflowError)


class BadChart(ValueError):
    """The archive is none that may be used; the message is the end of a sentence about it."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A chart's archive that was looked through.

    Attributes:
        content: its bytes.
        digest: their sha256 in hex.
        files: names below the chart's folder, in the archive's order.
    """

    facts: ChartFacts
    content: bytes
    digest: str
    files: tuple[str, ...]


def open_archive(content: bytes) -> Archive:
    """Look through an archive.

    Raises:
        BadChart: it is damaged, is no chart's, or does what a chart's has no need for.
    """
    described, files = look_through(content)
    try:
        facts = read_metadata(described)
    except ValueError as error:
        raise BadChart(f"has a Chart.yaml that Helm would refuse: {error}") from None
    return Archive(facts, content, hashlib.sha256(content).hexdigest(), files)


def look_through(content: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of an archive's Chart.yaml, and the names of its files.

    Raises:
        BadChart: as `open_archive`, but for what Chart.yaml says.
    """
    if not content.startswith(_GZIP):
        raise BadChart("is no gzipped archive")
    counted = _Counted(gzip.GzipFile(fileobj=io.BytesIO(content)))
    try:
        with tarfile.open(fileobj=counted, mode="r|") as archive:
            described, files = _looked_through(archive)
        # Only its end proves that the archive came whole.
        while counted.read(_LARGEST_METADATA):
            pass
    except BadChart:
        raise
    except _DAMAGED as error:
        raise BadChart(f"is damaged: {_reason(error)}") from None
    if described is None:
        raise BadChart("holds no Chart.yaml")
    return described, files


def _looked_through(archive: tarfile.TarFile) -> tuple[str | None, tuple[str, ...]]:
    """The text of its Chart.yaml, and the names of its files."""
    described: str | None = None
    tops: set[str] = set()
    files: list[str] = []
    for number, member in enumerate(archive):
        if number >= MOST_FILES:
            raise BadChart(f"holds more than {MOST_FILES} files")
        path = _checked(member)
        tops.add(path.parts[0])
        if len(tops) > 1:
            raise BadChart("holds more than one folder at its top")
        if member.isdir():
            continue
        if len(path.parts) == 1:
            raise BadChart(f"holds the file {path} beside the chart's folder")
        name = str(PurePosixPath(*path.parts[1:]))
        files.append(name)
        if name == "Chart.yaml":
            if described is not None:
                raise BadChart("holds two files Chart.yaml")
            described = _text(archive, member)
    return described, tuple(files)


def _checked(member: tarfile.TarInfo) -> PurePosixPath:
    name = member.name
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or _DRIVE.match(name) or not name.isprintable():
        raise BadChart(f"holds {name!a}, which leads out of the chart")
    if not path.parts:
        raise BadChart("holds an entry without a name")
    if not (member.isdir() or member.isreg()) or member.issparse():
        what = "a link" if member.issym() or member.islnk() else "neither a file nor a folder"
        raise BadChart(f"holds {path}, which is {what}")
    if member.size > LARGEST_FILE:
        raise BadChart(f"holds {path}, which is larger than {LARGEST_FILE // 2**20} MB, Helm's limit")
    return path


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    if member.size > _LARGEST_METADATA:
        raise BadChart("holds a Chart.yaml of more than 1 MB")
    file = archive.extractfile(member)
    content = file.read() if file else b""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadChart("has a Chart.yaml that is no UTF-8 text") from None


def _reason(error: BaseException) -> str:
    if isinstance(error, EOFError):
        return "it ends too early"
    return "it is no tar archive" if isinstance(error, tarfile.ReadError) else "it cannot be unpacked"


class _Counted(io.RawIOBase):
    """Unpacked bytes, until there are too many."""

    def __init__(self, source: gzip.GzipFile) -> None:
        super().__init__()
        self._source = source
        self._left = LARGEST_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        # A header may ask for any number of bytes; one more than allowed is enough to know.
        wanted = self._left + 1 if size < 0 else min(size, self._left + 1)
        content = self._source.read(wanted)
        self._left -= len(content)
        if self._left < 0:
            raise BadChart(f"unpacks to more than {LARGEST_UNPACKED // 2**20} MB, Helm's limit")
        return content
