"""Where commits, charts and values come from."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from trunkline.domain.commits import Commit


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


class Storage(Protocol):
    """Files from a directory or from S3: charts and values layers."""

    def fetch(self, location: str, name: str, into: Path) -> Path:
        """Copy the file `name` below `location` (`s3://bucket/prefix` or a directory) to `into`; its path.

        Raises:
            UsageError: there is no such file; the message names the full address.
            Unreachable: the storage does not answer or refuses the credentials.
        """
        ...

    def chart(self, repository: str, name: str, version: str, into: Path) -> Path:
        """A chart archive from the chart repository, the newest one when `version` is empty; its path.

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
