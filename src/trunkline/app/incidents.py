"""What people say afterwards: incidents, and what became of deployments. All of it are new rows in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Arrival, Deployment
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.delivery.stories import Story, stories
from trunkline.domain.parcels import Message
from trunkline.errors import UsageError
from trunkline.ports.ledger import Ledger

_ALL = 2**62
Tell = Callable[[Mark, datetime], Iterable[Message]]
"""What is to be told of a mark on an incident, and since when that has been."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who says something, and when.

    Attributes:
        new_id: makes a time-ordered id.
    """

    actor: str
    now: datetime
    new_id: Callable[[], str]


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident, as far as it is known."""

    id: str
    service: str
    environment: str
    title: str
    deployment: str
    opened_at: datetime
    opened_by: str
    closed_at: datetime | None = None
    closed_by: str = ""


def open_incident(
    ledger: Ledger,
    speaker: Speaker,
    service: str,
    environment: str,
    title: str,
    at: datetime | None = None,
    deployment: str = "",
    tell: Tell = lambda _, __: (),
) -> Incident:
    """Write down that something is wrong in an environment, since now or since `at`.

    Raises:
        UsageError: the deployment that is to blame is not there, or of another place; nothing was ever deployed there.
    """
    if deployment:
        blamed = _deployment(ledger, deployment)
        if (blamed.service, blamed.environment) != (service, environment):
            raise UsageError(
                f"The deployment {deployment} is one of {blamed.service} to {blamed.environment}.",
                f"Name one of {service} to {environment}: trunkline deployment list",
            )
        deployment = blamed.id
    elif not ledger.deployments(service=service, environment=environment, limit=1):
        raise UsageError(
            f"The ledger knows no deployment of {service} to {environment}.",
            "Correct the names, or set TRUNKLINE_LEDGER to the ledger that your jobs write to.",
        )
    number = speaker.new_id()
    mark = Mark(
        number,
        Says.OPENED,
        service,
        environment,
        deployment,
        number,
        title,
        speaker.actor,
        _past(at, speaker),
        speaker.now,
    )
    ledger.mark(mark, tell(mark, mark.at))
    return _incident(mark, ())


def close_incident(
    ledger: Ledger,
    speaker: Speaker,
    incident: str,
    at: datetime | None = None,
    tell: Tell = lambda _, __: (),
) -> Incident:
    """Write down that it is over, since now or since `at`.

    Raises:
        UsageError: there is no such open incident, or it would end before it began.
    """
    marks = ledger.marks(limit=_ALL)
    opened = _one([mark for mark in marks if mark.says is Says.OPENED], incident)
    known = _incident(opened, marks)
    if known.closed_at is not None:
        raise UsageError(
            f"The incident {known.id} is closed since {known.closed_at:%Y-%m-%d %H:%M} UTC.",
            "Look at all of them: trunkline incident list --all",
        )
    moment = _past(at, speaker)
    if moment < opened.at:
        raise UsageError(
            f"The incident {known.id} began at {opened.at:%Y-%m-%d %H:%M} UTC and cannot end before.",
            "Give a later moment with --at.",
        )
    closed = Mark(
        speaker.new_id(),
        Says.CLOSED,
        opened.service,
        opened.environment,
        opened.deployment,
        opened.subject,
        opened.title,
        speaker.actor,
        moment,
        speaker.now,
    )
    ledger.mark(closed, tell(closed, opened.at))
    return _incident(opened, (closed,))


def incidents(ledger: Ledger, service: str = "", *, every: bool = False) -> tuple[Incident, ...]:
    """The open ones, newest first; all of them with `every`."""
    marks = ledger.marks(service=service, limit=_ALL)
    found = (_incident(mark, marks) for mark in marks if mark.says is Says.OPENED)
    return tuple(item for item in found if every or item.closed_at is None)


@dataclass(frozen=True, slots=True)
class Told:
    """A deployment, and what became of it.

    Attributes:
        commits: how many it brought; None where nobody knows.
    """

    id: str
    service: str
    environment: str
    commit: str
    deployed_at: datetime
    actor: str
    commits: int | None
    redeployment: bool
    rollback: bool
    inferred: bool
    failed: bool
    recovery_s: float | None


def told(ledger: Ledger, service: str, environment: str, limit: int) -> tuple[Told, ...]:
    """The newest deployments with what became of them, newest first."""
    grouped: dict[tuple[str, str], list[Arrival]] = {}
    for item in ledger.arrivals(service=service, environment=environment):
        grouped.setdefault((item.service, item.environment), []).append(item)
    marks = ledger.marks(service=service, environment=environment, limit=_ALL)
    found = [
        _told(story)
        for place, items in grouped.items()
        for story in stories(items, [mark for mark in marks if (mark.service, mark.environment) == place])
    ]
    found.sort(key=lambda item: (item.deployed_at, item.id), reverse=True)
    return tuple(found[:limit])


def _told(story: Story) -> Told:
    item, changes = story.deployment, story.changes
    return Told(
        item.id,
        item.service,
        item.environment,
        item.commit,
        item.deployed_at,
        item.actor,
        len(changes.commits) if changes is not None and changes.commits is not None else None,
        story.redeployment,
        story.rollback,
        story.inferred,
        story.failed,
        story.recovery_s,
    )


def mark_deployment(
    ledger: Ledger, speaker: Speaker, deployment: str, says: Says, subject: str = "", reason: str = ""
) -> Mark:
    """Write down that a deployment failed, did not, or mends another one or an incident.

    Raises:
        UsageError: there is no such deployment, or nothing that it could mend by that name.
    """
    told = _deployment(ledger, deployment)
    if says is Says.REMEDIATES:
        subject = _mended(ledger, told, subject)
    mark = Mark(
        speaker.new_id(),
        says,
        told.service,
        told.environment,
        told.id,
        subject,
        reason,
        speaker.actor,
        speaker.now,
        speaker.now,
    )
    ledger.mark(mark)
    return mark


def _mended(ledger: Ledger, told: Deployment, subject: str) -> str:
    place = {"service": told.service, "environment": told.environment}
    known = {item.id for item in ledger.deployments(**place, limit=_ALL) if item.id != told.id}
    known |= {item.subject for item in ledger.marks(**place, limit=_ALL) if item.says is Says.OPENED}
    found = [name for name in known if name == subject] or [
        name for name in known if name.startswith(subject)
    ]
    if len(found) != 1:
        raise UsageError(
            f"There is no deployment and no incident {subject!r} of {told.service} in {told.environment}.",
            "Look at them: trunkline deployment list, trunkline incident list --all",
        )
    return found[0]


def _deployment(ledger: Ledger, name: str) -> Deployment:
    known = ledger.deployments(limit=_ALL)
    found = [item for item in known if item.id == name] or [
        item for item in known if item.id.startswith(name)
    ]
    if len(found) != 1:
        trouble = "There is no deployment" if not found else f"{len(found)} deployments begin with"
        raise UsageError(f"{trouble} {name!r}.", "Look at them: trunkline deployment list")
    return found[0]


def _one(opened: list[Mark], name: str) -> Mark:
    found = [mark for mark in opened if mark.subject == name] or [
        mark for mark in opened if mark.subject.startswith(name)
    ]
    if len(found) != 1:
        trouble = "There is no incident" if not found else f"{len(found)} incidents begin with"
        raise UsageError(f"{trouble} {name!r}.", "Look at them: trunkline incident list")
    return found[0]


def _incident(opened: Mark, marks: tuple[Mark, ...]) -> Incident:
    closed = next(
        (mark for mark in marks if mark.says is Says.CLOSED and mark.subject == opened.subject), None
    )
    return Incident(
        opened.subject,
        opened.service,
        opened.environment,
        opened.title,
        opened.deployment,
        opened.at,
        opened.actor,
        closed.at if closed else None,
        closed.actor if closed else "",
    )


def _past(at: datetime | None, speaker: Speaker) -> datetime:
    if at is not None and at > speaker.now:
        raise UsageError(
            f"{at:%Y-%m-%d %H:%M} UTC is still to come.", "Give a moment that has passed with --at."
        )
    return at or speaker.now
