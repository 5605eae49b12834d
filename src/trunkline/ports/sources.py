"""Where commits, charts and values come from."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from trunkline.config.charts import ChartSettings
from trunkline.dataclass import dataclass
from trunkline.domain.commits import Commit, Tag
from trunkline.domain.delivery.changes import Shipped


class SourceControl(Protocol):
    """What git knows."""

    def commit(self, trunk: str, revision: str = "HEAD") -> Commit:
        """The commit that `revision` names, with branch, trunk membership and the state of the work tree.

        Raises:
            UsageError: this is no git repository, or the revision is unknown.
        """
        ...

    def precedes(self, older: str, newer: str) -> bool | None:
        """Whether the first commit is an ancestor of the second; None where that cannot be told from here."""
        ...

    def shipped(self, base: str, commit: str) -> tuple[Shipped, ...] | None:
        """The commits that are in the second and not in the first, newest first and without merges.

        Where the project is a part of its repository, only those count that touch its folder.

        Returns:
            None where that cannot be told from here (a shallow clone, an unknown commit), or there are too many.
        """
        ...

    def tags(self, pattern: str) -> tuple[Tag, ...]:
        """The tags that a glob names, oldest first; none where git has none."""
        ...

    def remote(self) -> str:
        """Where it was cloned from, as it was written down: it may hold a login. Empty where nobody knows."""
        ...

    def export(self, commit: str, path: str, into: Path) -> Path | None:
        """Copy a file or folder of the project as a commit has it.

        Args:
            commit: its sha.
            path: below the project's folder; one that leads out of it is in no commit.
            into: the folder to make for the copy.

        Returns:
            Where the copy is; None where the commit or the path in it is not known here.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A copy of a file.

    Attributes:
        path: where the copy is.
        address: where it came from, for people.
        version: what brings the same bytes back from there (S3's version id, a git commit), or empty.
    """

    path: Path
    address: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class FetchedChart:
    """A copy of a chart's archive, or an unpacked chart where it stands.

    Attributes:
        path: the archive or the folder.
        address: where it came from, for people.
        commit: of the git repository that it came from, or empty.
    """

    path: Path
    address: str
    commit: str = ""


class Storage(Protocol):
    """Charts and values layers, from wherever they are kept."""

    def fetch(self, location: str, name: str, into: Path, version: str = "") -> Fetched:
        """Copy the file `name` below `location` (`s3://bucket/prefix` or a directory) to `into`.

        Args:
            location: where the layers are.
            name: the file's name below it.
            into: the folder for the copy.
            version: what an earlier call gave as the copy's version; empty for what is there now.

        Raises:
            UsageError: there is no such file or version; the message names the full address.
            Unreachable: the storage does not answer or refuses the credentials.
        """
        ...

    def chart(self, chart: ChartSettings, into: Path) -> FetchedChart:
        """A chart from its repository, the newest release when its version is empty.

        Args:
            chart: its name, version and repository (an absolute one), and how to log in there.
            into: the folder for the copy.

        Raises:
            UsageError: no such chart or version.
            Unreachable: as above.
        """
        ...

    def check(self, location: str) -> str:
        """One sentence on how the storage answered.

        Raises:
            UsageError, Unreachable: as above.
        """
        ...


class Decryptor(Protocol):
    """Reads values layers that are kept encrypted."""

    def decrypted(self, content: bytes, name: str) -> AbstractContextManager[Path]:
        """A file with the plain text, in memory alone and gone after the block; children of ours can open it.

        Args:
            content: the layer as it is kept.
            name: its file name, which says its format.

        Raises:
            UsageError: it was tampered with, or what decrypts is not installed.
            Refused: none of its keys is at hand. Unreachable: whoever keeps the key does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class File:
    """A file of a place.

    Attributes:
        metadata: what the storage keeps beside it, in its own words (`chart-digest`); keys are in lower case.
        mark: another one for every other content (S3's ETag); opaque.
        version: what brings the same bytes back (S3's version id, a git commit); empty where nothing does.
    """

    content: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
    mark: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing or a look at it shows it, without its content."""

    name: str
    modified: datetime
    mark: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


class Changed(Exception):
    """A conditional write came too late: the file is not, or no longer, what the writer takes it for."""


class ChartStore(Protocol):
    """The files of one chart repository, with writes that many may try at once.

    Every method raises UsageError where there is no such place, and Unreachable where it does not answer, refuses
    our credentials or fails.
    """

    def address(self, name: str = "") -> str:
        """The full address of a file, or of the repository."""
        ...

    def read(self, name: str) -> File | None:
        """A file, or None where there is none of that name."""
        ...

    def look(self, name: str) -> Listed | None:
        """The same without its content."""
        ...

    def listed(self) -> list[Listed]:
        """All files directly in the repository; their `metadata` are left empty."""
        ...

    def write(
        self, name: str, content: bytes, metadata: Mapping[str, str], expected: str | None = None
    ) -> str:
        """Write a whole file in one step; nobody ever sees half of it.

        Args:
            name: the file's name, without folders.
            content: all of it.
            metadata: what to keep beside it, where the storage can.
            expected: the mark of what stands there; empty for nothing, None for whatever.

        Returns:
            Its new mark.

        Raises:
            Changed: something else stands there than `expected`; nothing was written.
        """
        ...

    def remove(self, name: str) -> None:
        """Remove a file; one that is not there is removed already."""
        ...
