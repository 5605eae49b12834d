"""A place that holds files by name, and the simplest one: a directory.

Names come from configuration and from indexes that others write, so a name never leads out of its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from trunkline.errors import Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports.sources import File

# Charts and values layers are far smaller; an index of ten thousand versions has 12 MB.
LARGEST = 64 * 1024 * 1024
_NAME = expression(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Unchanged(Exception):
    """The file is the one that the reader knows already."""


class Place(Protocol):
    """Files by name: a directory, a prefix in a bucket, a folder of a web server or of a git repository."""

    @property
    def commit(self) -> str:
        """The commit that files were read at; empty where there are no commits, or nothing was read yet."""
        ...

    def address(self, name: str = "") -> str:
        """The full address of a name, for people."""
        ...

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:
        """A file, or None when the place is there and the file is not; of one `version` if that is given.

        Args:
            name: the file's.
            version: what an earlier read gave as its version.
            unless: a mark that an earlier read gave: only a file that has another one is wanted.

        Raises:
            Unchanged: it still has that mark.
            UsageError: there is no such place or version, the place keeps none, or the file is too large.
            Unreachable: it does not answer or does not let us in.
        """
        ...

    def inside(self, url: str) -> str | None:
        """The name by which the place reads what an index of its own calls `url`; None for what is not its to read."""
        ...

    def names(self, beginning: str) -> list[str]:
        """Names directly in this place that begin so.

        Raises:
            UsageError, Unreachable: as `read`.
        """
        ...

    def folder(self, name: str) -> Path | None:
        """A folder of this place on this machine, or None."""
        ...

    def describe(self) -> str:
        """One sentence on how the place answered.

        Raises:
            UsageError, Unreachable: as `read`.
        """
        ...


class Directory:
    """A place on this machine."""

    commit = ""

    def __init__(self, root: Path) -> None:
        self._root = root

    def address(self, name: str = "") -> str:
        """See `Place`."""
        return str(self._root / name) if name else str(self._root)

    def inside(self, url: str) -> str | None:
        """See `Place`."""
        return inside(self.address(), url)

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:  # noqa: ARG002 - no file bears a mark
        """See `Place`."""
        path = self._root / name
        if version:
            raise UsageError(
                f"The version {version} of {path} cannot be had: a folder keeps no versions.",
                "Keep the layers in a bucket with versioning, or deploy what the folder holds now.",
            )
        try:
            if path.stat().st_size > LARGEST:
                raise too_large(self.address(name))
            return File(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            self._require_root()
            return None
        except IsADirectoryError:
            return None
        except OSError as error:
            raise self._unreadable(path, error) from error

    def names(self, beginning: str) -> list[str]:
        """See `Place`."""
        self._require_root()
        try:
            return sorted(path.name for path in self._root.iterdir() if path.name.startswith(beginning))
        except OSError as error:
            raise self._unreadable(self._root, error) from error

    def folder(self, name: str) -> Path | None:
        """See `Place`."""
        path = self._root / name
        return path if path.is_dir() else None

    def describe(self) -> str:
        """See `Place`."""
        count = len(self.names(""))
        return f"The folder {self._root} is there, with {count} {'entry' if count == 1 else 'entries'}."

    def _require_root(self) -> None:
        if not self._root.is_dir():
            raise UsageError(
                f"There is no folder {self._root}.", "Correct its path: it is where charts or values are."
            )

    def _unreadable(self, path: Path, error: OSError) -> Unreachable:
        return Unreachable(
            f"{path} cannot be read: {error.strerror}.", "Give this user the permission to read it."
        )


def inside(address: str, url: str) -> str | None:
    """The part of an index's `url` below a place at `address`; None for what leads out of it."""
    relative = url.removeprefix(f"{address}/")
    parts = relative.split("/")
    safe = "://" not in relative and all(_NAME.fullmatch(part.replace("+", "")) for part in parts)
    return relative if safe else None


def too_large(address: str) -> UsageError:
    """The error for a file that is no chart, index or values layer by its size alone."""
    return UsageError(
        f"{address} is larger than {LARGEST // (1024 * 1024)} MB.", "Check that this is the right file."
    )
