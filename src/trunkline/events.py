"""What happened, told once to everybody who listens: the terminal, the sinks, later the dashboard.

An event is frozen and complete; a listener needs nothing else to print it, count it or send it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from trunkline.domain.attempts import Attempt, Ending


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
