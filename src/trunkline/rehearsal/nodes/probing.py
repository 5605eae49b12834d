"""Probes that run a command in a container whose program is played: each at its period, until nothing can change.

Probes of described programs, and those that ask a port, are the worker's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.loop import Timer
from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.nodes.shell.process import Answer
from trunkline.rehearsal.objects import Object, at

_MOST_UNHEALTHY = 20
_LONGEST_OUTPUT = 10_240
_FIRST_S = 0.1
KEYS = {"startupProbe": "Startup", "readinessProbe": "Readiness", "livenessProbe": "Liveness"}


class Patient(Protocol):
    """The pod whose containers are looked at."""

    def answer(self, run: Run, words: Sequence[str]) -> Answer | None:
        """What comes of a command in a container."""
        ...

    def elapsed_s(self, run: Run) -> float:
        """How long a container has been running."""
        ...

    def later(self, run: Run, seconds: float, deed: Callable[[], None]) -> Timer:
        """Do something later, unless the container has ended by then."""
        ...

    def unhealthy(self, run: Run, word: str, output: str) -> None:
        """Say that a probe failed."""
        ...

    def passed(self, run: Run, key: str) -> None:
        """A probe has passed as often as it has to."""
        ...

    def failed(self, run: Run, key: str) -> None:
        """A probe has failed as often as it may."""
        ...


@dataclass(slots=True)
class Probe:
    """One probe of one life of a container."""

    key: str
    spec: Object
    passes: int = 0
    failures: int = 0
    told: int = 0
    timer: Timer | None = None

    @property
    def words(self) -> list[str]:
        """What it runs."""
        return [str(word) for word in at(self.spec, "exec", "command") or ()]

    def number(self, key: str, default: int) -> int:
        """One of its numbers."""
        found = self.spec.get(key)
        return found if isinstance(found, int) and found > 0 else default


class Probing:
    """The probes of one container that are played."""

    def __init__(self, patient: Patient, run: Run) -> None:
        self._patient, self._run = patient, run
        self._probes: dict[str, Probe] = {}

    def takes(self, key: str) -> bool:
        """Begin a probe; False if it is none that is played."""
        spec = self._run.spec.get(key)
        if not isinstance(spec, dict) or not at(spec, "exec", "command"):
            return False
        probe = Probe(key, spec)
        if self._patient.answer(self._run, probe.words) is None:
            return False
        self._probes[key] = probe
        delay_s = float(probe.number("initialDelaySeconds", 0)) - self._patient.elapsed_s(self._run)
        self._plan(probe, max(_FIRST_S, delay_s))
        return True

    def look_again(self) -> None:
        """Something has happened in the pod: probes that rest may say something else now."""
        for probe in self._probes.values():
            if probe.timer is None or probe.timer.deed is None:
                self._plan(probe, self._period_s(probe))

    @staticmethod
    def _period_s(probe: Probe) -> float:
        return float(probe.number("periodSeconds", 10))

    def _plan(self, probe: Probe, seconds: float) -> None:
        probe.timer = self._patient.later(self._run, seconds, lambda: self._ask(probe))

    def _ask(self, probe: Probe) -> None:
        if not self._run.is_running:
            return
        probe.timer = None
        limit_s = probe.number("timeoutSeconds", 1)
        answer = self._patient.answer(self._run, probe.words)
        if answer is not None and answer.seconds > limit_s:
            answer = Answer(1, f'command "{" ".join(probe.words)}" timed out', answer.seconds)
        if answer is None or answer.code == 0:
            self._pass(probe)
        else:
            self._fail(probe, answer.output)

    def _pass(self, probe: Probe) -> None:
        probe.failures = probe.told = 0
        probe.passes += 1
        wanted = probe.number("successThreshold", 1)
        if probe.passes < wanted:
            self._plan(probe, self._period_s(probe))
            return
        if probe.passes == wanted:
            if probe.key == "startupProbe":
                del self._probes[probe.key]
            self._patient.passed(self._run, probe.key)

    def _fail(self, probe: Probe, output: str) -> None:
        probe.passes = 0
        probe.failures += 1
        probe.told += 1
        self._patient.unhealthy(self._run, KEYS[probe.key], output[:_LONGEST_OUTPUT])
        if probe.failures == probe.number("failureThreshold", 3):
            if probe.key != "readinessProbe":
                self._probes.clear()
                self._patient.failed(self._run, probe.key)
                return
            self._patient.failed(self._run, probe.key)
        # What says the same for ever need not be said for ever.
        if probe.told < _MOST_UNHEALTHY:
            self._plan(probe, self._period_s(probe))
