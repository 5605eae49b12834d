"""Finds a chart in a chart repository laid out as Helm and its S3 plug-in lay it out.

`<name>-<version>.tgz` beside an `index.yaml`. An exact version is fetched directly: the index of a large
repository costs more than the chart, and an index that lost a race (it is rewritten without a lock) does not
know charts that are there. Only ranges and the newest version are looked up in the index. An unpacked chart directory is
used where it stands.

Digests are checked where there are any: the index's, and the `chart-digest` that the S3 plug-in leaves on the
object. Every archive is looked through before Helm sees it: it holds this chart, and nothing that a chart has no need for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from trunkline.adapters.storage.cache import Cached
from trunkline.adapters.storage.choice import choose, some, wanted_range
from trunkline.adapters.storage.places import Place
from trunkline.adapters.storage.verification import Found, verify
from trunkline.domain.chart_index import ChartVersion, chart_versions
from trunkline.domain.charts.ranges import Range, is_exact
from trunkline.domain.versions import in_order
from trunkline.errors import Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports.sources import File

_NAME = expression(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CHART_VERSION = expression(r"^version:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)

Write = Callable[[str, bytes], Path]


def find(place: Place, name: str, version: str, write: Write) -> Found:
    """The chart `name`: an archive written by `write(name, content)`, or an unpacked directory.

    Raises:
        UsageError: no such chart or version, or no exact version.
        Unreachable: the place does not answer, or the archive is damaged.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no chart's name.", "Correct chart.name: letters, digits, '.', '_' and '-'."
        )
    wanted = wanted_range(version)
    unpacked = place.folder(name)
    chart = place.read(f"{name}/Chart.yaml") if unpacked is not None else None
    if unpacked is not None and chart is not None:
        _check_version(unpacked, chart, wanted)
        return Found(unpacked, place.address(name), lambda: None)
    if is_exact(version):
        return _exact(place, name, version, write)
    return _newest(place, name, wanted, write)


def _check_version(folder: Path, chart: File, wanted: Range | None) -> None:
    found = _CHART_VERSION.search(chart.content.decode("utf-8", "replace"))
    if wanted and found and wanted.newest([found[1]]) is None:
        raise UsageError(
            f"The chart in {folder} has the version {found[1]}, not {wanted.text}.",
            "Correct chart.version, or leave it empty to take the chart as it is.",
        )


def _exact(place: Place, name: str, version: str, write: Write) -> Found:
    archive = f"{name}-{version}.tgz"
    file, digest = place.read(archive), ""
    if file is None:
        # Archives may lie elsewhere, or bear other names: the index knows.
        entry = next((item for item in _indexed(place, name) if item.version == version), None)
        if entry is not None:
            archive, digest = _archive(place, name, entry), entry.digest
            file = place.read(archive)
    if file is None:
        raise UsageError(
            f"There is no {place.address(archive)}.",
            _known(place, name) or "Correct the chart's name, its version or the repository.",
        )
    return _verified(place, archive, file, ChartVersion(version, digest), name, write)


def _newest(place: Place, name: str, wanted: Range | None, write: Write) -> Found:
    entries = _indexed(place, name)
    if not entries:
        entries = [ChartVersion(version) for version in _listed(place, name)]
    chosen = choose((entry.version for entry in entries), wanted, name, place.address())
    entry = next(entry for entry in entries if entry.version == chosen)
    archive = _archive(place, name, entry)
    file = place.read(archive)
    if file is None:
        raise UsageError(
            f"{place.address('index.yaml')} names {place.address(archive)}, which is not there.",
            "Rebuild the index, or set chart.version to a version that is there.",
        )
    return _verified(place, archive, file, entry, name, write)


def _verified(place: Place, archive: str, file: File, entry: ChartVersion, name: str, write: Write) -> Found:
    address = place.address(archive)
    try:
        verify(file, name, entry.version, entry.digest, address)
    except Unreachable:
        _forget(place, archive)
        raise
    path = write(f"{name}-{entry.version}.tgz", file.content)

    def provenance() -> bytes | None:
        # An address on the web may bear a signature behind its `?`.
        bare, mark, query = archive.partition("?")
        signed = place.read(f"{bare}.prov{mark}{query}")
        return signed.content if signed else None

    return Found(path, address, provenance)


def _forget(place: Place, name: str) -> None:
    """It may have been damaged on its way alone: under the same mark, it would be taken from the cache for ever."""
    if isinstance(place, Cached):
        place.forget(name)


def _indexed(place: Place, name: str) -> list[ChartVersion]:
    file = place.read("index.yaml")
    if file is None:
        return []
    try:
        return list(chart_versions(file.content.decode().removeprefix("\ufeff"), name))
    except ValueError as error:
        _forget(place, "index.yaml")
        reason = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
        raise UsageError(
            f"{place.address('index.yaml')} cannot be read: {reason}.",
            "Rebuild the index, or set chart.version, which needs no index.",
        ) from None


def _listed(place: Place, name: str) -> list[str]:
    """Versions by the names of the archives; `other-chart-1.0.0.tgz` is no version of `other`."""
    archives = (file for file in place.names(f"{name}-") if file.endswith(".tgz"))
    versions = in_order(file.removeprefix(f"{name}-").removesuffix(".tgz") for file in archives)
    return [version.text for version in versions]


def _archive(place: Place, name: str, entry: ChartVersion) -> str:
    """Where the archive is: as the index says if that is inside of this place, else by the usual name."""
    for url in entry.urls:
        if name_there := place.inside(url):
            return name_there
    return f"{name}-{entry.version}.tgz"


def _known(place: Place, name: str) -> str:
    """What there is instead, for the hint; a place that cannot be listed has nothing to say."""
    try:
        versions = _listed(place, name) or [entry.version for entry in _indexed(place, name)]
    except (UsageError, Unreachable):
        return ""
    return f"There are {some(versions)}." if some(versions) else ""
