"""Telling the listeners: a screen or a sink that fails never fails a deployment."""

from __future__ import annotations

import contextlib
from dataclasses import replace

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt
from trunkline.domain.rollouts import Failure, Progress
from trunkline.events import Diagnosed, Event, Noted, Progressed
from trunkline.ports import World


def announce(world: World, event: Event) -> None:
    """Tell everybody who listens."""
    for listener in world.listeners:
        # A listener promises not to raise; one that breaks its promise must not break a deployment.
        with contextlib.suppress(Exception):
            listener.on_event(event)


@dataclass(frozen=True, slots=True)
class Voice:
    """Says lines about one attempt."""

    world: World
    attempt: Attempt

    def note(self, text: str) -> None:
        """What was found or is being done."""
        self._say(text, "info")

    def warn(self, text: str) -> None:
        """What a person should look at."""
        self._say(text, "warning")

    def output(self, line: str) -> None:
        """A line of another program."""
        self._say(line, "output")

    def progress(
        self, states: tuple[Progress, ...], elapsed_s: float, timeout_s: float, warning: str, trouble: str
    ) -> None:
        """How far a rollout is."""
        world, hide = self.world, self.world.redactor.text
        event = Progressed(
            world.clock.now(), self.attempt, states, elapsed_s, timeout_s, hide(warning), hide(trouble)
        )
        announce(world, event)

    def diagnosis(self, failures: tuple[Failure, ...]) -> None:
        """What is wrong."""
        announce(self.world, Diagnosed(self.world.clock.now(), self.attempt, self._hidden(failures)))

    def _hidden(self, failures: tuple[Failure, ...]) -> tuple[Failure, ...]:
        hide = self.world.redactor.text
        return tuple(
            replace(
                failure,
                sentence=hide(failure.sentence),
                evidence=tuple(map(hide, failure.evidence)),
                advice=hide(failure.advice),
            )
            for failure in failures
        )

    def _say(self, text: str, level: str) -> None:
        world = self.world
        announce(world, Noted(world.clock.now(), self.attempt, world.redactor.text(text), level))
