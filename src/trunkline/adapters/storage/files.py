"""The port `Storage`: finds the place that an address means, and writes what it gives into a private folder.

Values layers often hold secrets, so that what is written is readable by us alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trunkline.adapters.storage.places import Directory, Place
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.sources import ChartStore, Fetched, FetchedChart

if TYPE_CHECKING:
    from trunkline.adapters.storage.aws import Access

_S3 = "s3://"


class FileStorage:
    """Implements the port `Storage` for directories and, with the extra `s3`, for `s3://bucket/prefix`."""

    def __init__(self, environ: Mapping[str, str], redactor: Redactor, home: Path | None = None) -> None:
        """Take the environment that says how to reach S3; `home` holds `.aws` (default: the user's)."""
        self._environ = environ
        self._redactor = redactor
        self._home = home
        self._places: dict[str, Place] = {}
        self._found: Access | None = None

    def fetch(self, location: str, name: str, into: Path, version: str = "") -> Fetched:
        """See the port."""
        name = _checked(name)
        place = self._place(location)
        file = place.read(name, version)
        if file is None:
            raise UsageError(
                f"There is no {place.address(name)}.", f"Put the file there, or correct its name: {name}."
            )
        return Fetched(_write(into, name, file.content), place.address(name), file.version)

    def chart(self, chart: ChartSettings, into: Path) -> FetchedChart:
        """See the port; an unpacked chart in a directory is returned where it stands."""
        from trunkline.adapters.storage import charts  # noqa: PLC0415 - most commands need no chart

        place = self._place(chart.repository)
        path = charts.find(
            place, chart.name, chart.version, lambda file, content: _write(into, file, content)
        )
        return FetchedChart(path, place.address(path.name))

    def repository(self, location: str) -> ChartStore:
        """The chart repository at an address, to be written as well.

        Raises:
            UsageError: the address is none of a directory or of S3.
        """
        from trunkline.adapters.storage import repositories  # noqa: PLC0415 - releases write nothing there

        if location.startswith(_S3):
            from trunkline.adapters.storage.bucket import Bucket  # noqa: PLC0415 - directories need no S3

            return repositories.BucketRepository(Bucket(location, self._access))
        if "://" in location:
            raise UsageError(
                f"Charts cannot be pushed to {location.partition('://')[0]}:// addresses.",
                "Use s3://bucket/prefix or a directory.",
            )
        return repositories.DirectoryRepository(Path(location).expanduser())

    def check(self, location: str) -> str:
        """See the port."""
        return self._place(location).describe()

    def _place(self, location: str) -> Place:
        if location not in self._places:
            self._places[location] = self._new_place(location)
        return self._places[location]

    def _new_place(self, location: str) -> Place:
        if location.startswith(_S3):
            from trunkline.adapters.storage.bucket import Bucket  # noqa: PLC0415 - directories need no S3

            return Bucket(location, self._access)
        scheme, separator, _ = location.partition("://")
        if separator:
            raise UsageError(
                f"Charts and values cannot be read from {scheme}:// addresses.",
                "Use s3://bucket/prefix or a directory.",
            )
        return Directory(Path(location).expanduser())

    def _access(self) -> Access:
        if self._found is None:
            from trunkline.adapters.storage.aws import resolve  # noqa: PLC0415 - as above

            self._found = resolve(self._environ, self._home or Path.home(), self._redactor)
        return self._found


def _checked(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or not name.isprintable() or "\\" in name:
        raise UsageError(
            f"{name!r} is no name of a values file.",
            "Name a file below the values location, without '..' and without a leading '/'.",
        )
    return str(path)


def _write(into: Path, name: str, content: bytes) -> Path:
    target = into / name
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise Unreachable(
            f"{target} cannot be written: {error.strerror}.",
            "Make room there, or set TMPDIR to another folder.",
        ) from error
    return target
