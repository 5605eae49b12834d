"""What has reached one environment of a service and not yet another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.delivery.stories import Story


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands in an environment, and what waits for it.

    Attributes:
        commit: of the newest successful deployment.
        since: when that ended.
        waiting: commits that other environments of the service got after they had this one, and that are not here.
        oldest: when the first of these got there; None where none waits.
    """

    commit: str
    since: datetime
    waiting: int = 0
    oldest: datetime | None = None


def drift(places: Mapping[str, Sequence[Story]]) -> Mapping[str, Standing]:
    """What stands and waits, by environment, in the order in which commits mostly come to them.

    Args:
        places: the deployments to each environment, oldest first.
    """
    arrivals = {name: _arrivals(known) for name, known in places.items() if known}
    return {name: _standing(name, places[name][-1], arrivals) for name in _ordered(arrivals)}


def _arrivals(known: Sequence[Story]) -> dict[str, datetime]:
    """When each commit came for the first time."""
    came: dict[str, datetime] = {}
    for story in known:
        at = story.deployment.deployed_at
        came.setdefault(story.deployment.commit, at)
        if story.changes and story.changes.base:
            for item in story.changes.commits or ():
                came.setdefault(item.commit, at)
    return came


def _ordered(arrivals: Mapping[str, Mapping[str, datetime]]) -> list[str]:
    """By the mean place that an environment has among those that a commit came to."""
    ranks: dict[str, list[int]] = {name: [] for name in arrivals}
    for commit in set().union(*arrivals.values()):
        came = sorted((known[commit], name) for name, known in arrivals.items() if commit in known)
        # Who gets a commit that nobody else has got is neither first nor last.
        for rank, (_, name) in enumerate(came if len(came) > 1 else ()):
            ranks[name].append(rank)
    return sorted(arrivals, key=lambda name: (sum(ranks[name]) / max(len(ranks[name]), 1), name))


def _standing(name: str, newest: Story, arrivals: Mapping[str, Mapping[str, datetime]]) -> Standing:
    here, commit = arrivals[name], newest.deployment.commit
    waiting: dict[str, datetime] = {}
    for other, came in arrivals.items():
        if other == name or commit not in came:
            continue
        for item, at in came.items():
            if item not in here and at >= came[commit]:
                waiting[item] = min(at, waiting.get(item, at))
    return Standing(commit, newest.deployment.deployed_at, len(waiting), min(waiting.values(), default=None))
