"""Who takes part in a rehearsal: git says what it is told to, and everybody approves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from trunkline.domain.attempts import Decision
from trunkline.domain.commits import Commit, Tag
from trunkline.domain.delivery.changes import Shipped
from trunkline.ports import Answer


class RehearsedSource:
    """The port `SourceControl`: one commit on trunk is checked out; the versions of a rehearsal follow each other.

    Args:
        sha: the commit that is checked out.
        order: all commits of the rehearsal, oldest first.
    """

    def __init__(self, sha: str, order: Sequence[str]) -> None:
        self._sha, self._order = sha, list(order)

    def commit(self, trunk: str, revision: str = "HEAD") -> Commit:
        """See the port."""
        sha = self._sha if revision == "HEAD" else revision
        return Commit(sha, branch=trunk, on_trunk=True, subject="a rehearsed version", author="rehearsal")

    def precedes(self, older: str, newer: str) -> bool | None:
        """See the port."""
        if older not in self._order or newer not in self._order:
            return None
        return self._order.index(older) <= self._order.index(newer)

    def shipped(self, base: str, commit: str) -> tuple[Shipped, ...] | None:
        """See the port. The versions of a rehearsal are no commits."""
        return None

    def tags(self, pattern: str) -> tuple[Tag, ...]:
        """See the port."""
        return ()

    def remote(self) -> str:
        """See the port."""
        return ""

    def export(self, commit: str, path: str, into: Path) -> Path | None:
        """See the port. The versions of a rehearsal are in no repository; all have the chart that lies there."""
        return None


class Approving:
    """The port `Approver`: yes."""

    def ask(self, question: str, elsewhere: Callable[[], Answer | None]) -> Answer | None:
        """See the port."""
        return Answer(Decision.APPROVED, "rehearsal", "the rehearsal says so")
