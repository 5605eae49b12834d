"""Finds a chart in a chart repository laid out as Helm and its S3 plug-in lay it out.

`<name>-<version>.tgz` beside an `index.yaml`. An exact version is fetched directly: the index of a large
repository costs more than the chart, and an index that lost a race (it is rewritten without a lock) does not
know charts that are there. Only ranges and the newest version are looked up in the index. An unpacked chart directory is
used where it stands.

Digests are checked where there are any: the index's, and the `chart-digest` that the S3 plug-in leaves on the
object. Every archive is looked through before Helm sees it: it holds this chart, and nothing that a chart has no need for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from trunkline.adapters.storage.places import Place
from trunkline.domain.chart_index import ChartVersion, chart_versions
from trunkline.domain.charts.archives import BadChart, open_archive
from trunkline.domain.charts.ranges import Range, is_exact, parse_range
from trunkline.domain.versions import in_order, newest
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.sources import File

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHART_VERSION = re.compile(r"^version:[ \t]*[\"']?([^\s\"'#]+)", re.MULTILINE)
_SHOWN = 5

Write = Callable[[str, bytes], Path]


def find(place: Place, name: str, version: str, write: Write) -> Path:
    """The path of chart `name`: an archive written by `write(name, content)`, or an unpacked directory.

    Raises:
        UsageError: no such chart or version, or no exact version.
        Unreachable: the place does not answer, or the archive is damaged.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no chart's name.", "Correct chart.name: letters, digits, '.', '_' and '-'."
        )
    wanted = _wanted(version)
    unpacked = place.folder(name)
    chart = place.read(f"{name}/Chart.yaml") if unpacked is not None else None
    if unpacked is not None and chart is not None:
        return _unpacked(unpacked, chart, wanted)
    if is_exact(version):
        return _exact(place, name, version, write)
    return _newest(place, name, wanted, write)


def _wanted(version: str) -> Range | None:
    """The range that a version means; None for the newest release."""
    try:
        return parse_range(version) if version else None
    except ValueError as error:
        raise UsageError(
            f"The chart version {error}.",
            "Set chart.version to one version, or to a range as Helm spells it.",
        ) from None


def _unpacked(folder: Path, chart: File, wanted: Range | None) -> Path:
    found = _CHART_VERSION.search(chart.content.decode("utf-8", "replace"))
    if wanted and found and wanted.newest([found[1]]) is None:
        raise UsageError(
            f"The chart in {folder} has the version {found[1]}, not {wanted.text}.",
            "Correct chart.version, or leave it empty to take the chart as it is.",
        )
    return folder


def _exact(place: Place, name: str, version: str, write: Write) -> Path:
    archive = f"{name}-{version}.tgz"
    file = place.read(archive)
    if file is None:
        known = _known(place, name)
        raise UsageError(
            f"There is no {place.address(archive)}.",
            known or "Correct the chart's name, its version or the repository.",
        )
    _verify(file, name, version, "", place.address(archive))
    return write(archive, file.content)


def _newest(place: Place, name: str, wanted: Range | None, write: Write) -> Path:
    entries = _indexed(place, name)
    if not entries:
        entries = [ChartVersion(version) for version in _listed(place, name)]
    texts = [entry.version for entry in entries]
    chosen = wanted.newest(texts) if wanted else newest(texts)
    if chosen is None:
        raise _none_fits(place, name, wanted, entries)
    entry = next(entry for entry in entries if entry.version == chosen.text)
    archive = _archive(place, name, entry)
    file = place.read(archive)
    if file is None:
        raise UsageError(
            f"{place.address('index.yaml')} names {place.address(archive)}, which is not there.",
            "Rebuild the index, or set chart.version to a version that is there.",
        )
    _verify(file, name, entry.version, entry.digest, place.address(archive))
    return write(f"{name}-{entry.version}.tgz", file.content)


def _none_fits(place: Place, name: str, wanted: Range | None, entries: list[ChartVersion]) -> UsageError:
    if wanted is None:
        hint = f"Only prereleases are there ({_some(entries)}): set chart.version to the one you mean."
        text = f"There is no released version of the chart {name} in {place.address()}."
    else:
        hint = (
            f"There are {_some(entries)}; prereleases count only where the range names one, as in >=1.0.0-0."
        )
        text = f"No version of the chart {name} in {place.address()} is in the range {wanted.text}."
    return UsageError(text, hint if entries else "Correct the chart's name or the repository.")


def _indexed(place: Place, name: str) -> list[ChartVersion]:
    file = place.read("index.yaml")
    if file is None:
        return []
    try:
        return list(chart_versions(file.content.decode("utf-8-sig"), name))
    except ValueError as error:
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
    inside = f"{place.address()}/"
    for url in entry.urls:
        relative = url.removeprefix(inside)
        parts = relative.split("/")
        if "://" not in relative and all(_NAME.fullmatch(part.replace("+", "")) for part in parts):
            return relative
    return f"{name}-{entry.version}.tgz"


def _verify(file: File, name: str, version: str, digest: str, address: str) -> None:
    told = file.metadata.get("chart-digest", "").lower()
    found = hashlib.sha256(file.content).hexdigest()
    for expected, source in ((digest, "the index"), (told, "its own metadata")):
        if _SHA256.fullmatch(expected) and expected != found:
            raise Unreachable(
                f"{address} is damaged: its sha256 is {found}, but {source} says {expected}.",
                "Push the chart again, under a new version; then rebuild the index.",
            )
    try:
        facts = open_archive(file.content).facts
    except BadChart as error:
        raise Unreachable(
            f"{address} {error}.", "Push the chart again: `helm package` makes the archive."
        ) from None
    if (facts.name, facts.version) != (name, version):
        raise Unreachable(
            f"{address} holds the chart {facts.name} {facts.version}, not {name} {version}.",
            "Push the chart again under its own name and version; then rebuild the index.",
        )


def _known(place: Place, name: str) -> str:
    """What there is instead, for the hint; a place that cannot be listed has nothing to say."""
    try:
        versions = _listed(place, name)
    except (UsageError, Unreachable):
        return ""
    entries = [ChartVersion(version) for version in versions]
    return f"There are {_some(entries)}." if entries else ""


def _some(entries: list[ChartVersion]) -> str:
    ordered = in_order(entry.version for entry in entries)[::-1]
    more = len(ordered) - _SHOWN
    shown = ", ".join(version.text for version in ordered[:_SHOWN])
    return shown + (f" and {more} older" if more > 0 else "")
