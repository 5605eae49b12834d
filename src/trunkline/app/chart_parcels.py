"""From what a person names to what is pushed: an archive with its provenance, or a folder that is packed first."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from trunkline.dataclass import dataclass
from trunkline.domain.charts.archives import (
    LARGEST_FILE,
    LARGEST_UNPACKED,
    MOST_FILES,
    Archive,
    BadChart,
    open_archive,
)
from trunkline.domain.charts.metadata import read_metadata
from trunkline.domain.charts.packing import ignoring, pack
from trunkline.errors import UsageError

_LARGEST_ARCHIVE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parcel:
    """A chart that is to be pushed.

    Attributes:
        provenance: the signature that `helm package --sign` leaves beside the archive; empty without one.
    """

    archive: Archive
    provenance: bytes = b""


def parcel(path: Path) -> Parcel:
    """Read and look through what is to be pushed.

    Raises:
        UsageError: it is not there, cannot be read, or is no chart that Helm would take.
    """
    try:
        if path.is_dir():
            return Parcel(_packed(path))
        return Parcel(open_archive(_content(path)), _provenance(path))
    except BadChart as error:
        raise UsageError(
            f"The chart {path} {error}.",
            "Mend the chart; `helm lint` and `helm package` show what Helm makes of it.",
        ) from None
    except OSError as error:
        raise UsageError(
            f"The chart {path} cannot be read: {error.strerror}.", "Name a chart's folder or archive."
        ) from None


def _content(path: Path) -> bytes:
    if path.stat().st_size > _LARGEST_ARCHIVE:
        raise BadChart(f"is larger than {_LARGEST_ARCHIVE // 2**20} MB")
    return path.read_bytes()


def _provenance(path: Path) -> bytes:
    beside = path.with_name(f"{path.name}.prov")
    if not beside.is_file():
        return b""
    content = beside.read_bytes()
    # A signature of other bytes would make `helm verify` refuse the chart wherever it is installed.
    if hashlib.sha256(path.read_bytes()).hexdigest().encode() not in content:
        raise BadChart(f"has a provenance file {beside.name} that was made for another archive")
    return content


def _packed(folder: Path) -> Archive:
    try:
        facts = read_metadata((folder / "Chart.yaml").read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise BadChart("has a Chart.yaml that is no UTF-8 text") from None
    except FileNotFoundError:
        raise BadChart("holds no Chart.yaml") from None
    except ValueError as error:
        raise BadChart(f"has a Chart.yaml that Helm would refuse: {error}") from None
    files: dict[str, bytes] = {}
    size = 0
    for name, path in _files(folder):
        if path.stat().st_size > LARGEST_FILE:
            raise BadChart(f"holds {name}, which is larger than {LARGEST_FILE // 2**20} MB, Helm's limit")
        files[name] = path.read_bytes()
        size += len(files[name])
        if size > LARGEST_UNPACKED or len(files) > MOST_FILES:
            raise BadChart("holds more than a chart may; name what does not belong to it in its .helmignore")
    return open_archive(pack(facts, files))


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    root = folder.resolve()
    rules = folder / ".helmignore"
    ignored = ignoring(rules.read_text(encoding="utf-8", errors="replace") if rules.is_file() else "")
    for above, folders, names in os.walk(root):
        here = Path(above).relative_to(root)
        folders[:] = sorted(name for name in folders if not ignored(str(here / name), True))
        for name in (*folders, *names):
            path = Path(above) / name
            if path.is_symlink() and not path.resolve().is_relative_to(root):
                raise BadChart(f"holds the link {here / name}, which leads out of the chart")
        for name in sorted(names):
            below = str(here / name)
            if below == "Chart.yaml" or not ignored(below, False):
                yield below, Path(above) / name
