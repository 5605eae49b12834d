"""What a deployment brought: the commits between what stood before and what stands now.

They are looked up when the deployment is made, as a clone may be shallow and a branch gone when somebody asks. One
commit counts once for an environment, when it reaches it for the first time.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.commits import is_sha

# A first deployment after years, or a wrong base: more than this is nothing that a lead time says anything about.
MOST_COMMITS = 2000


@dataclass(frozen=True, slots=True)
class Shipped:
    """A commit that a deployment brought, with the time at which it was committed."""

    commit: str
    committed_at: datetime


@dataclass(frozen=True, slots=True)
class Changes:
    """What a deployment brought.

    Attributes:
        base: the commit that stood before; empty for the first deployment.
        commits: those that came, without merges, newest first; None where nobody knows (a shallow clone, a base that
            is not in this repository).
    """

    base: str
    commits: tuple[Shipped, ...] | None = ()

    def dump(self) -> str:
        """As text for the ledger."""
        commits = (
            None
            if self.commits is None
            else [[item.commit, int(item.committed_at.timestamp())] for item in self.commits]
        )
        return json.dumps({"base": self.base, "commits": commits}, separators=(",", ":"))


def parse_changes(text: str) -> Changes | None:
    """What `dump` wrote; None for anything else, such as the empty text of deployments before there was one."""
    try:
        read = json.loads(text)
        base, commits = read["base"], read["commits"]
        if not isinstance(base, str):
            return None
        return Changes(base, None if commits is None else tuple(_shipped(item) for item in commits))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _shipped(item: Any) -> Shipped:
    commit, seconds = item
    if not (isinstance(commit, str) and is_sha(commit)):
        raise ValueError("no commit")
    return Shipped(commit, datetime.fromtimestamp(int(seconds), UTC))


def describe(changes: Changes | None) -> Mapping[str, object]:
    """The same for people and JSON."""
    if changes is None or changes.commits is None:
        return {"known": False, "base": changes.base if changes else ""}
    return {"known": True, "base": changes.base, "commits": len(changes.commits)}
