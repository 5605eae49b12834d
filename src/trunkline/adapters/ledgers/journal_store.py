"""What a ledger in objects needs of a storage: names that sort, whole files, and writes that may come too late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from trunkline.errors import Refused, Unreachable
from trunkline.ports.sources import File

Result = TypeVar("Result")


class JournalStore(Protocol):
    """Files in one folder, or below one prefix. Each method may raise UsageError, Refused or Unreachable."""

    def address(self, name: str = "") -> str:
        """The full address of a file, or of the whole."""
        ...

    def names(self, beginning: str) -> list[str]:
        """The names that begin so, in order."""
        ...

    def read(self, name: str) -> File | None:
        """A file, or None where there is none of that name."""
        ...

    def write(
        self, name: str, content: bytes, metadata: Mapping[str, str], expected: str | None = None
    ) -> str:
        """Write a whole file; see `ChartStore.write`."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...


def in_words(deed: Callable[[], Result]) -> Result:
    """A storage that refuses is, for a ledger, one that cannot be reached."""
    try:
        return deed()
    except Refused as error:
        raise Unreachable(f"The ledger cannot be used: {error.message}", error.hint) from error
