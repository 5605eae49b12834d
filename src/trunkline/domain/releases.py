"""A Helm release as Trunkline sees it: where it is, its revisions, and the marks we leave on them.

The marks travel in a revision's description, the one free text that Helm 3 and 4 keep in every storage
driver and print in `helm history`: `trunkline commit=… image=… run=… ci=…`. They are how an environment says
what it runs without asking anybody's database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_PAIR = re.compile(r"(commit|image|release|run|kind|actor|ci)=(\S*)")
_SIGNATURE = "trunkline "
_ROLLBACK = re.compile(r"^Rollback to (\d+)")


@dataclass(frozen=True, slots=True)
class ClusterTarget:
    """Which cluster: a kubeconfig file and a context; None means what kubectl would take."""

    kubeconfig: str | None = None
    context: str | None = None


@dataclass(frozen=True, slots=True)
class ReleaseTarget:
    """One Helm release: its cluster, its namespace and its exact name."""

    cluster: ClusterTarget
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Marks:
    """What Trunkline writes onto each revision that it makes.

    Attributes:
        commit: the full sha.
        image: repository, tag and digest.
        release: digest of everything that went in (chart, values, image), to know a repetition again.
        run: the run's id.
        kind: why (`release`, `promotion`, `rollback`).
        actor: who.
        ci: the CI's link or id, empty outside CI.
    """

    commit: str
    image: str = ""
    release: str = ""
    run: str = ""
    kind: str = ""
    actor: str = ""
    ci: str = ""

    def description(self) -> str:
        """The marks as a Helm description."""
        fields = (
            ("commit", self.commit),
            ("image", self.image),
            ("release", self.release),
            ("run", self.run),
            ("kind", self.kind),
            ("actor", self.actor),
            ("ci", self.ci),
        )
        return _SIGNATURE + " ".join(f"{key}={_bare(value)}" for key, value in fields if value)


@dataclass(frozen=True, slots=True)
class Revision:
    """One entry of a release's history, as Helm tells it."""

    number: int
    status: str
    updated_at: datetime
    chart: str
    description: str = ""

    @property
    def pending(self) -> bool:
        """Whether a Helm client began this revision and never said how it ended."""
        return self.status.startswith("pending-")

    @property
    def deployed(self) -> bool:
        """Whether this revision is the one that stands."""
        return self.status == "deployed"


@dataclass(frozen=True, slots=True)
class History:
    """All revisions of one release that Helm still keeps, oldest first."""

    revisions: tuple[Revision, ...] = ()

    @property
    def exists(self) -> bool:
        """Whether Helm knows the release at all, in whatever state."""
        return bool(self.revisions)

    @property
    def latest(self) -> Revision | None:
        """The newest revision, whatever became of it."""
        return self.revisions[-1] if self.revisions else None

    @property
    def current(self) -> Revision | None:
        """The revision that stands: the newest `deployed` one."""
        return next((revision for revision in reversed(self.revisions) if revision.deployed), None)

    def find(self, number: int) -> Revision | None:
        """The revision of that number, if it is still kept."""
        return next((revision for revision in self.revisions if revision.number == number), None)

    def last_good(self) -> Revision | None:
        """Where an undo would go: what is deployed, else the newest revision that once was."""
        return self.current or next(
            (revision for revision in reversed(self.revisions) if revision.status == "superseded"), None
        )

    def marks(self, revision: Revision) -> Marks | None:
        """The marks of `revision`; a Helm rollback leads to those of the revision it returned to."""
        seen: set[int] = set()
        while (back := _ROLLBACK.match(revision.description)) and revision.number not in seen:
            seen.add(revision.number)
            target = self.find(int(back[1]))
            if target is None:
                return None
            revision = target
        return parse_marks(revision.description)


def parse_marks(description: str) -> Marks | None:
    """The marks in a Helm description, or None where Trunkline did not write it."""
    if not description.startswith(_SIGNATURE):
        return None
    pairs = dict(_PAIR.findall(description))
    if "commit" not in pairs:
        return None
    return Marks(**pairs)


def _bare(value: str) -> str:
    return re.sub(r"\s+", "_", value)
