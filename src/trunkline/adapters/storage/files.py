"""The port `Storage`: finds the place that an address means, and writes what it gives into a private folder.

Values layers often hold secrets, so that what is written is readable by us alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from trunkline.adapters.storage.places import Directory, Place
from trunkline.config.charts import ChartSettings
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.sources import ChartStore, Fetched, FetchedChart

if TYPE_CHECKING:
    from trunkline.adapters.storage.aws import Access, Outside
    from trunkline.adapters.storage.bucket import Bucket, Handles
    from trunkline.adapters.storage.cache import ChartCache
    from trunkline.adapters.storage.repositories import BucketRepository
    from trunkline.ports import Artifacts, Http, Processes

_S3 = "s3://"
_GIT = ("git+https://", "git+ssh://", "git+file://", "git+http://")
_WEB = ("https://", "http://")


@dataclass(frozen=True, slots=True)
class Reach:
    """What sources elsewhere are asked through; each is made when the first source needs it."""

    http: Callable[[], Http]
    artifacts: Callable[[], Artifacts]
    processes: Callable[[], Processes]


class FileStorage:
    """Implements the port `Storage` for directories, S3 (with the extra `s3`), the web, OCI registries and git."""

    def __init__(
        self,
        environ: Mapping[str, str],
        redactor: Redactor,
        home: Path | None = None,
        reach: Reach | None = None,
        outside: Callable[[], Outside] | None = None,
    ) -> None:
        """Take the environment that says how to reach S3; `home` holds `.aws` (default: the user's).

        `outside` leads to whoever hands out temporary AWS keys; without it only static ones can be had.
        """
        self._environ = environ
        self._redactor = redactor
        self._home = home
        self._reach = reach
        self._outside = outside
        self._places: dict[str, Place] = {}
        self._found: Access | None = None
        self._handles: Handles = {}

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

        self._redactor.learn_login(chart.username, chart.password)
        commit = ""

        def write(file: str, content: bytes) -> Path:
            return _write(into, file, content)

        if chart.repository.startswith("oci://"):
            from trunkline.adapters.storage.oci import OciCharts  # noqa: PLC0415 - one of many sources

            reach = self._reached(chart.repository)
            found = OciCharts(reach.artifacts(), self._cache(), chart).find(write)
        else:
            place = self._chart_place(chart, into)
            found = charts.find(place, chart.name, chart.version, write)
            commit = place.commit
        if chart.keyring:
            from trunkline.adapters.storage.verification import verify_provenance  # noqa: PLC0415 - seldom wanted

            verify_provenance(found, Path(chart.keyring), self._reached(chart.repository).processes())
        return FetchedChart(found.path, found.address, commit)

    def repository(self, location: str) -> ChartStore:
        """The chart repository at an address, to be written as well.

        Raises:
            UsageError: the address is none of a directory or of S3.
        """
        from trunkline.adapters.storage import repositories  # noqa: PLC0415 - releases write nothing there

        if location.startswith(_S3):
            return repositories.BucketRepository(self._bucket(location))
        if "://" in location:
            raise UsageError(
                f"Charts cannot be pushed to {location.partition('://')[0]}:// addresses.",
                "Use s3://bucket/prefix or a directory.",
            )
        return repositories.DirectoryRepository(Path(location).expanduser())

    def journal(self, location: str) -> BucketRepository:
        """The objects below a prefix, which a ledger is kept in.

        Raises:
            UsageError: the address is none of S3.
        """
        from trunkline.adapters.storage import repositories  # noqa: PLC0415 - only such a ledger writes there

        return repositories.BucketRepository(self._bucket(location))

    def check(self, location: str) -> str:
        """See the port."""
        return self._place(location).describe()

    def _bucket(self, location: str) -> Bucket:
        from trunkline.adapters.storage.bucket import Bucket  # noqa: PLC0415 - directories need no S3

        return Bucket(location, self._access, handles=self._handles)

    def _place(self, location: str) -> Place:
        if location not in self._places:
            self._places[location] = self._new_place(location)
        return self._places[location]

    def _new_place(self, location: str) -> Place:
        if location.startswith(_S3):
            return self._bucket(location)
        if location.startswith(_GIT):
            return self._git(location, ChartSettings(), Path())
        scheme, separator, _ = location.partition("://")
        if separator:
            raise UsageError(
                f"Values cannot be read from {scheme}:// addresses.",
                "Use s3://bucket/prefix, git+https://host/repository.git//folder or a directory.",
            )
        return Directory(Path(location).expanduser())

    def _chart_place(self, chart: ChartSettings, into: Path) -> Place:
        """Where the chart is; what is worth it is asked only whether it has changed."""
        from trunkline.adapters.storage.cache import Cached  # noqa: PLC0415 - most commands need no chart

        location = chart.repository
        if location.startswith(_GIT):
            return self._git(location, chart, into)
        if location.startswith(_WEB):
            from trunkline.adapters.storage.web import Web, WebLogin  # noqa: PLC0415 - one of many sources

            login = WebLogin(chart.username, chart.password, chart.pass_credentials)
            return Cached(Web(location, self._reached(location).http(), login), self._cache())
        place = self._place(location)
        return Cached(place, self._cache()) if location.startswith(_S3) else place

    def _git(self, location: str, chart: ChartSettings, into: Path) -> Place:
        from trunkline.adapters.storage.git import GitFolder, GitLogin  # noqa: PLC0415 - one of many sources

        root = self._cache().root
        repositories = root.with_name("git") if root else None
        login = GitLogin(chart.username, chart.password)
        processes = self._reached(location).processes()
        return GitFolder(location, processes, self._environ, repositories, into, login)

    def _cache(self) -> ChartCache:
        from trunkline.adapters.storage.cache import ChartCache, cache_directory  # noqa: PLC0415 - as above

        return ChartCache(cache_directory(self._environ, self._home or Path.home()))

    def _reached(self, location: str) -> Reach:
        if self._reach is None:
            raise UsageError(
                f"{location.partition('://')[0]}:// addresses cannot be read by this command.",
                "Use s3://bucket/prefix or a directory.",
            )
        return self._reach

    def _access(self) -> Access:
        if self._found is None:
            from trunkline.adapters.storage.aws import resolve  # noqa: PLC0415 - as above

            outside = self._outside() if self._outside else None
            self._found = resolve(self._environ, self._home or Path.home(), self._redactor, outside)
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
