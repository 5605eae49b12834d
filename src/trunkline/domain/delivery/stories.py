"""What became of each deployment to one environment: rollback or redeployment, failed or not, and how it was mended.

The rules are those of DORA (https://dora.dev/guides/dora-metrics/), made exact where its text leaves a choice;
docs/reference/delivery.md has them with their reasons.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import UTC, datetime

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Arrival, Kind
from trunkline.domain.delivery.changes import Changes, parse_changes
from trunkline.domain.delivery.marks import Mark, Says


@dataclass(slots=True)
class Story:
    """One successful deployment, and what is known of it since.

    Attributes:
        changes: what it brought; None where nobody looked.
        redeployment: the commit that stood already was deployed again.
        rollback: it went back to a commit that had stood before.
        inferred: that, or whose fault something was, follows from the order of things; nobody said so.
        failed: it had to be mended.
        remedied_at: when it was; None while it is not.
        rework: it was made to mend: a rollback, a hotfix, or the answer to an incident.
        leads_s: for each commit that it was the first to bring here, the seconds since it was committed.
        skewed: commits that seem younger than their deployment.
    """

    deployment: Arrival
    changes: Changes | None
    redeployment: bool = False
    rollback: bool = False
    inferred: bool = False
    failed: bool = False
    remedied_at: datetime | None = None
    rework: bool = False
    leads_s: tuple[float, ...] = ()
    skewed: int = 0

    @property
    def recovery_s(self) -> float | None:
        """From the end of the failed deployment to the end of what mended it."""
        if self.remedied_at is None:
            return None
        return max(0.0, (self.remedied_at - self.deployment.deployed_at).total_seconds())

    @property
    def unknown(self) -> bool:
        """Whether it should have brought commits, and nobody knows which."""
        if self.redeployment or self.rollback:
            return False
        return self.changes is None or self.changes.commits is None

    def remedy(self, at: datetime, *, inferred: bool) -> None:
        """Something mended it; what did so first counts."""
        self.failed = True
        self.inferred = self.inferred or inferred
        if at >= self.deployment.deployed_at and (self.remedied_at is None or at < self.remedied_at):
            self.remedied_at = at


@dataclass(slots=True)
class _Place:
    """The deployments to one environment in order."""

    stories: list[Story]
    by_id: dict[str, Story] = field(default_factory=dict)

    def standing(self, at: datetime) -> Story | None:
        """What stood at a moment."""
        return next((story for story in reversed(self.stories) if story.deployment.deployed_at <= at), None)


def stories(
    deployments: Iterable[Arrival],
    marks: Iterable[Mark] = (),
    parse: Callable[[str], Changes | None] = parse_changes,
) -> tuple[Story, ...]:
    """What became of the deployments to one environment, oldest first.

    Args:
        deployments: of one service in one environment, all that are known, in any order; doubles count once.
        marks: of the same, likewise.
        parse: reads what a deployment brought; environments mostly get the same from each other, so that it may remember.
    """
    unique = {item.id: _in_utc(item) for item in deployments}
    ordered = sorted(unique.values(), key=lambda item: (item.deployed_at, item.id))
    place = _Place([Story(item, parse(item.changes)) for item in ordered])
    place.by_id = {story.deployment.id: story for story in place.stories}
    _sort_out(place.stories)
    heard = {mark.id: replace(mark, at=mark.at.astimezone(UTC)) for mark in marks}
    _hear(place, sorted(heard.values(), key=lambda mark: (mark.said_at, mark.id)))
    return tuple(place.stories)


def _in_utc(item: Arrival) -> Arrival:
    """Python subtracts moments of one zone by the clock on the wall; the ledger's are in UTC already."""
    moment = item.deployed_at
    return item if moment.tzinfo is UTC else item._replace(deployed_at=moment.astimezone(UTC))


def _sort_out(ordered: Sequence[Story]) -> None:
    """What follows from the deployments alone."""
    last_with: dict[str, int] = {}
    reached: set[str] = set()
    for index, story in enumerate(ordered):
        commit = story.deployment.commit
        before = ordered[index - 1] if index else None
        explicit = story.deployment.kind is Kind.ROLLBACK
        story.redeployment = not explicit and before is not None and before.deployment.commit == commit
        inferred = not story.redeployment and commit in last_with and _is_ancestor(story)
        story.rollback = explicit or inferred
        story.inferred = story.rollback and not explicit
        if story.rollback:
            story.rework = True
            _blame(ordered, last_with.get(commit), index)
        elif not story.redeployment:
            _arrive(story, reached)
        reached.add(commit)
        last_with[commit] = index


def _is_ancestor(story: Story) -> bool:
    """Whether what came is part of what stood: nothing lies between the two."""
    return story.changes is not None and bool(story.changes.base) and story.changes.commits == ()


def _blame(ordered: Sequence[Story], target: int | None, index: int) -> None:
    """The first deployment behind the one that was gone back to is the one that failed."""
    rollback = ordered[index]
    if index == 0:
        return
    after = index - 1 if target is None else target + 1
    failed = next((item for item in ordered[after:index] if not item.redeployment), None)
    if failed is not None:
        failed.remedy(rollback.deployment.deployed_at, inferred=rollback.inferred)


def _arrive(story: Story, reached: set[str]) -> None:
    """Count the commits that are here for the first time."""
    changes = story.changes
    if changes is None or not changes.base:
        return
    leads = []
    for item in changes.commits or ():
        if item.commit in reached:
            continue
        reached.add(item.commit)
        lead_s = (story.deployment.deployed_at - item.committed_at).total_seconds()
        if lead_s < 0:
            story.skewed += 1
        else:
            leads.append(lead_s)
    story.leads_s = tuple(leads)


def _hear(place: _Place, marks: Sequence[Mark]) -> None:
    """What people said counts more than what follows from the order of things; the last word counts."""
    blamed: dict[str, Story] = {}
    for mark in marks:
        if mark.says is Says.OPENED and (found := _blamed(place, mark)) is not None:
            blamed[mark.subject] = found
            found.failed = True
    _close(blamed, {mark.subject: mark.at for mark in marks if mark.says is Says.CLOSED})
    for mark in marks:
        story = place.by_id.get(mark.deployment)
        match mark.says:
            case Says.REMEDIATES if story is not None:
                story.rework = True
                mended = place.by_id.get(mark.subject) or blamed.get(mark.subject)
                if mended is not None:
                    mended.remedy(story.deployment.deployed_at, inferred=False)
            case Says.FAILED if story is not None:
                story.failed = True
            case Says.GOOD if story is not None:
                story.failed, story.remedied_at = False, None
            case _:
                pass


def _close(blamed: Mapping[str, Story], closed: Mapping[str, datetime]) -> None:
    """A deployment is mended when the last of its incidents is over."""
    ends: dict[str, list[datetime | None]] = {}
    for incident, story in blamed.items():
        ends.setdefault(story.deployment.id, []).append(closed.get(incident))
    for story in blamed.values():
        known = [end for end in ends[story.deployment.id] if end is not None]
        if len(known) == len(ends[story.deployment.id]):
            story.remedy(max(known), inferred=False)


def _blamed(place: _Place, mark: Mark) -> Story | None:
    if mark.deployment:
        return place.by_id.get(mark.deployment)
    standing = place.standing(mark.at)
    if standing is not None:
        standing.inferred = True
    return standing
