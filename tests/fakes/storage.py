"""Files in memory, by location and name; passes the same contract tests as directories and S3."""

from __future__ import annotations

from pathlib import Path

from trunkline.config.project import ChartSettings
from trunkline.domain.versions import newest
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.sources import Fetched, FetchedChart


class FakeStorage:
    """Implements the port `Storage`.

    Args:
        files: contents by location and name; a chart is the file `<name>-<version>.tgz`.

    A test sets `trouble` to make every call fail with that sentence, and gives a file `versions`: all its contents,
    by version, the newest last.
    """

    def __init__(self, files: dict[str, dict[str, bytes]] | None = None) -> None:
        self.files = files if files is not None else {}
        self.trouble = ""
        self.versions: dict[tuple[str, str], dict[str, bytes]] = {}
        self.fetched: list[str] = []

    def fetch(self, location: str, name: str, into: Path, version: str = "") -> Fetched:
        if name.startswith("/") or ".." in name.split("/"):
            raise UsageError(f"{name!r} is no name of a values file.")
        content = self._place(location).get(name)
        kept = self.versions.get((location, name), {})
        if version and version not in kept:
            raise UsageError(f"{location}/{name} has no version {version} any more.")
        if content is None and not version:
            raise UsageError(f"There is no {location}/{name}.")
        version = version or next(reversed(kept), "")
        content = kept.get(version, content) or b""
        return Fetched(self._write(into, f"{location}/{name}", name, content), f"{location}/{name}", version)

    def chart(self, chart: ChartSettings, into: Path) -> FetchedChart:
        repository, name, version = chart.repository, chart.name, chart.version
        if "/" in name or ".." in name:
            raise UsageError(f"{name!r} is no chart's name.")
        place = self._place(repository)
        begin, end = f"{name}-", ".tgz"
        if not version:
            texts = [item.removeprefix(begin).removesuffix(end) for item in place if item.startswith(begin)]
            chosen = newest(texts)
            if chosen is None:
                raise UsageError(f"There is no released version of the chart {name} in {repository}.")
            version = chosen.text
        archive = f"{begin}{version}{end}"
        if archive not in place:
            raise UsageError(f"There is no {repository}/{archive}.")
        address = f"{repository}/{archive}"
        return FetchedChart(self._write(into, address, archive, place[archive]), address)

    def check(self, location: str) -> str:
        return f"{location} answers and holds {len(self._place(location))} files."

    def _place(self, location: str) -> dict[str, bytes]:
        if self.trouble:
            raise Unreachable(self.trouble)
        if location not in self.files:
            raise UsageError(f"There is no {location}.")
        return self.files[location]

    def _write(self, into: Path, address: str, name: str, content: bytes) -> Path:
        self.fetched.append(address)
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        return target
