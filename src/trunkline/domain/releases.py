"""A Helm release as Trunkline sees it: where it is, its revisions, and the marks we leave on them.

The marks travel in a revision's description, the one free text that Helm 3 and 4 keep in every storage
driver and print in `helm history`: `trunkline commit=… image=… run=… ci=…`. They are how an environment says
what it runs without asking anybody's database.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_PAIR = expression(r"(?<!\S)(commit|image|release|run|kind|actor|pipeline|ci)=(\S*)")
_SIGNATURE = "trunkline "
# How the description of a revision begins that Trunkline marked as failed in the place of a dead Helm client.
DEAD_CLIENT = "its client died"
# Helm calls superseded also what had failed and was upgraded from; its description still tells.
_NEVER_STOOD = expression(rf'(?:Release|Upgrade|Rollback) "[^"]*" failed|{DEAD_CLIENT}')
_ROLLBACK = expression(r"Rollback to (\d{1,18})", re.ASCII)


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
        pipeline: the CI's number of the pipeline, empty where it is not known; they grow with time.
        ci: the CI's link or id, empty outside CI.
    """

    commit: str
    image: str = ""
    release: str = ""
    run: str = ""
    kind: str = ""
    actor: str = ""
    pipeline: str = ""
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
            ("pipeline", self.pipeline),
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
    def removed(self) -> bool:
        """Whether the release was uninstalled at this revision, or is being."""
        return self.status in {"uninstalled", "uninstalling"}

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

    @property
    def stood(self) -> tuple[Revision, ...]:
        """The revisions that stand or stood since the last uninstall, newest first, good or not."""
        since = itertools.takewhile(lambda item: not item.removed, reversed(self.revisions))
        return tuple(
            item
            for item in since
            if item.deployed or (item.status == "superseded" and not _NEVER_STOOD.match(item.description))
        )

    def without(self, number: int) -> History:
        """The history as if that revision had never been."""
        return History(tuple(item for item in self.revisions if item.number != number))

    def find(self, number: int) -> Revision | None:
        """The revision of that number, if it is still kept."""
        return next((revision for revision in self.revisions if revision.number == number), None)

    def last_good(self, verified: Collection[int]) -> Revision | None:
        """Where an undo goes: the newest revision that stood and that we have no reason to doubt.

        A revision of ours whose rollout nobody saw succeed (its Trunkline was killed while it waited) is
        doubted; one that Helm was told to make by somebody else is not.

        Args:
            verified: the revisions whose rollouts Trunkline saw succeed.
        """
        return next((item for item in self.stood if self._trusted(item, verified)), None)

    def _trusted(self, revision: Revision, verified: Collection[int]) -> bool:
        if revision.number in verified:
            return True
        origin = self.origin(revision)
        return origin is not None and (origin.number in verified or parse_marks(origin.description) is None)

    def origin(self, revision: Revision) -> Revision | None:
        """The revision that a chain of Helm rollbacks leads back to; None when Helm has forgotten it."""
        seen: set[int] = set()
        origin: Revision | None = revision
        while origin and (back := _ROLLBACK.fullmatch(origin.description)) and origin.number not in seen:
            seen.add(origin.number)
            origin = self.find(int(back[1]))
        return origin

    def marks(self, revision: Revision) -> Marks | None:
        """The marks of `revision`; a Helm rollback leads to those of the revision it returned to."""
        origin = self.origin(revision)
        return parse_marks(origin.description) if origin else None


def parse_marks(description: str) -> Marks | None:
    """The marks in a Helm description, or None where Trunkline did not write it."""
    if not description.startswith(_SIGNATURE):
        return None
    pairs = dict(_PAIR.findall(description))
    if "commit" not in pairs:
        return None
    return Marks(**pairs)


def _bare(value: str) -> str:
    return re.sub(r"[\s\0]+", "_", value)
