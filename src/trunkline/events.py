"""What happened, told once to everybody who listens: the terminal, the sinks, later the dashboard.

An event is frozen and complete; a listener needs nothing else to print it, count it or send it.
"""

from __future__ import annotations

from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt, Ending
from trunkline.domain.rollouts import Failure, Progress


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened during an attempt, at a moment in UTC."""

    at: datetime
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Started(Event):
    """An attempt was written to the ledger and begins now."""


@dataclass(frozen=True, slots=True)
class Noted(Event):
    """A line for a person: what a step found, or what a rollout waits for.

    Attributes:
        level: `info`, `warning`, or `output` for a line of another program.
    """

    text: str
    level: str = "info"


@dataclass(frozen=True, slots=True)
class Progressed(Event):
    """How far a rollout is: told whenever that changes, and at least once a minute.

    Attributes:
        progress: each resource that is waited for.
        elapsed_s: seconds since the wait began.
        timeout_s: when it will end at the latest.
        warning: the newest thing that the cluster complains of, or empty.
        trouble: why the cluster does not answer, or empty.
    """

    progress: tuple[Progress, ...]
    elapsed_s: float
    timeout_s: float
    warning: str = ""
    trouble: str = ""

    def __str__(self) -> str:
        parts = [
            "; ".join(map(str, self.progress)),
            self.warning and f"warning: {self.warning}",
            self.trouble,
        ]
        return " | ".join(filter(None, parts))


@dataclass(frozen=True, slots=True)
class Diagnosed(Event):
    """A deployment is going to fail: what is wrong, why, what shows it, and what to do next."""

    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """The attempt succeeded."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """The attempt failed; `ending` says why and what was undone."""

    ending: Ending


@dataclass(frozen=True, slots=True)
class Paused(Event):
    """The run waits for a person."""

    text: str


@dataclass(frozen=True, slots=True)
class Undone(Event):
    """A step of a failed deployment was taken back."""

    text: str


@dataclass(frozen=True, slots=True)
class Stranded(Event):
    """An undo failed: a person has to act; `commands` are what to type."""

    text: str
    commands: tuple[str, ...] = ()
