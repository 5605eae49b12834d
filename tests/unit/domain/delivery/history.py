"""Hand-made histories: deployments to one environment, told in a few words each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from trunkline.domain.attempts import Arrival, Attempt, AttemptRecord, Ending, Kind, Outcome, Stage
from trunkline.domain.delivery.changes import Changes, Shipped
from trunkline.domain.delivery.marks import Mark, Says

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def sha(name: str) -> str:
    """The commit of that name."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def at(hours: float) -> datetime:
    """So many hours after the beginning."""
    return DAY + timedelta(hours=hours)


def deployed(
    name: str,
    hours: float,
    commit: str,
    *,
    kind: Kind = Kind.RELEASE,
    base: str | None = None,
    brought: Sequence[tuple[str, float]] | None = (),
) -> Arrival:
    """A deployment that ended after so many hours.

    The base is the commit that stood before, "" for the first one and None where nobody looked; it brought commits,
    each with the hour of its making, or None where nobody knows.
    """
    changes = ""
    if base is not None:
        shipped = None if brought is None else tuple(Shipped(sha(item), at(hour)) for item, hour in brought)
        changes = Changes(sha(base) if base else "", shipped).dump()
    return Arrival(name, "shop", "prod", sha(commit), kind, "ada", at(hours), changes)


def tried(
    name: str,
    hours: float,
    outcome: Outcome | None = Outcome.SUCCEEDED,
    *,
    cause: str = "",
    minutes: float = 1.0,
    stage: Stage = Stage.DEPLOY,
) -> AttemptRecord:
    """An attempt that began after so many hours; without an outcome it is at work."""
    environment = "prod" if stage is Stage.DEPLOY else ""
    attempt = Attempt(name, "run", "shop", stage, sha("a"), "ada", at(hours), environment=environment)
    if outcome is None:
        return AttemptRecord(attempt)
    return AttemptRecord(attempt, Ending(name, at(hours) + timedelta(minutes=minutes), outcome, cause=cause))


def said(
    says: Says, hours: float, *, deployment: str = "", subject: str = "", later: float = 0.0, number: int = 0
) -> Mark:
    """Something that was so after so many hours, and was said `later`."""
    name = f"{says.value}-{hours}-{deployment}-{subject}-{number}"
    return Mark(name, says, "shop", "prod", deployment, subject, "", "ada", at(hours), at(hours + later))
