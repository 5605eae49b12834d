"""Who acts, who is asked, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import (
    Decision,
)
from trunkline.events import Event


class Listener(Protocol):
    """Somebody who is told of events. Must never raise and never make anybody wait."""

    def on_event(self, event: Event) -> None:
        """Take note of an event."""
        ...

    def close(self, deadline_s: float) -> None:
        """Deliver what is left, within `deadline_s` seconds."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person said when asked."""

    decision: Decision
    actor: str
    reason: str = ""


class Approver(Protocol):
    """Asks a person at the terminal, if there is one."""

    def ask(self, question: str, elsewhere: Callable[[], Answer | None]) -> Answer | None:
        """The answer given here or, as `elsewhere` reports it, from another terminal; None without a terminal."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who and what is running us: a person at a machine, or a CI job.

    Attributes:
        actor: the person's name, or the CI's.
        host: this machine.
        ci: what the CI says of itself (`CIRCLE_*` without secrets), empty elsewhere.
        link: the CI job's page, or empty.
        pipeline: the number of the CI's pipeline, or empty.
    """

    actor: str
    host: str
    ci: Mapping[str, str] = field(default_factory=dict)
    link: str = ""
    pipeline: str = ""
