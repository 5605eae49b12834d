"""A commit and what its work tree was like: the identity from which an image's tag is made."""

from __future__ import annotations

from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

SHORT_LENGTH = 7
_SHA = expression(r"[0-9a-f]{7,64}")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as git or the CI names it.

    Attributes:
        sha: the full hexadecimal name.
        branch: the branch it was taken from, if one is known.
        on_trunk: whether the trunk branch contains it; None when that could not be found out.
        dirty_tree: empty for a clean work tree, else the git tree id of what lies in it.
        committed_at: in UTC, None when the history is not here.
        source_url: the repository's address without credentials, or empty.
    """

    sha: str
    branch: str | None = None
    on_trunk: bool | None = None
    dirty_tree: str = ""
    subject: str = ""
    author: str = ""
    committed_at: datetime | None = None
    source_url: str = ""

    @property
    def short(self) -> str:
        """The first seven digits, as the tag and every title use them."""
        return self.sha[:SHORT_LENGTH]

    @property
    def dirty(self) -> bool:
        """Whether the work tree holds something that the commit does not."""
        return bool(self.dirty_tree)

    @property
    def tag(self) -> str:
        """The image tag: the short sha; a dirty tree adds its own id, so that it never passes for the commit."""
        return f"{self.short}-dirty-{self.dirty_tree[:8]}" if self.dirty else self.short


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of the repository: what it names, and who made it when (for a light one, the commit's own author and time)."""

    name: str
    commit: str
    made_at: datetime
    made_by: str


def is_sha(text: str) -> bool:
    """Whether `text` could be a commit's (short or full) name."""
    return _SHA.fullmatch(text) is not None


def dirty_tree_in(tag: str) -> str:
    """The beginning of the tree id that `Commit.tag` wrote into an image tag; empty for a clean commit's."""
    sha, _, tree = tag.partition("-dirty-")
    return tree if is_sha(sha) else ""
