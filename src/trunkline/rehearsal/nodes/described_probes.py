"""Probes whose answers are described: when they pass, when they fail, and what is done about it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.objects import Object

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.worker import Worker

_START_S = 0.1
_MOST_UNHEALTHY = 20


class DescribedProbes:
    """Probes the containers of one pod; those that are played are left to `probing`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def probe(self, run: Run) -> None:
        """Plan the probes of a running container, played or described."""
        played = run.plays and self._worker.probing(run)
        if not run.started:
            if not (played and played.takes("startupProbe")):
                self._probe_startup(run)
            return
        if (
            run.spec.get("readinessProbe")
            and not run.ready
            and not (played and played.takes("readinessProbe"))
        ):
            self._probe_readiness(run)
        if played and run.spec.get("livenessProbe"):
            played.takes("livenessProbe")
        behaviour = run.behaviour
        if behaviour.unready_after_s is not None and run.spec.get("readinessProbe"):
            self._worker.later(run, behaviour.unready_after_s, lambda: self._unready(run))
        if behaviour.liveness_after_s is not None and run.spec.get("livenessProbe"):
            self._worker.later(
                run, behaviour.liveness_after_s, lambda: self._unhealthy(run, "livenessProbe", "Liveness", 1)
            )

    def _probe_startup(self, run: Run) -> None:
        probe, passes_s = run.spec["startupProbe"], run.behaviour.started_after_s
        if passes_s is not None:
            self._worker.later(run, max(_START_S, _first_probe_s(probe, passes_s)), lambda: self.started(run))
            return
        self._worker.later(
            run, _first_probe_s(probe, 0.0), lambda: self._unhealthy(run, "startupProbe", "Startup", 1)
        )

    def started(self, run: Run) -> None:
        """Its startup probe has passed."""
        run.started = True
        run.ready = not run.spec.get("readinessProbe")
        self.probe(run)
        if run.is_sidecar:
            self._worker.next()
        self._worker.write()

    def _probe_readiness(self, run: Run) -> None:
        probe, passes_s = run.spec["readinessProbe"], run.behaviour.ready_after_s
        first_s = _first_probe_s(probe, 0.0)
        if passes_s is not None:
            wanted_s = _first_probe_s(probe, passes_s) + (
                _count(probe, "successThreshold", 1) - 1
            ) * _period_s(probe)
            self._worker.later(run, max(_START_S, wanted_s), lambda: self.ready(run))
        if passes_s is None or passes_s > first_s:
            self._worker.later(run, max(_START_S, first_s), lambda: self._not_ready_yet(run))

    def _not_ready_yet(self, run: Run) -> None:
        if run.ready or not run.is_running:
            return
        run.failed_probes += 1
        self._worker.say(
            run, "Warning", "Unhealthy", f"Readiness probe failed: {run.behaviour.readiness_message}"
        )
        if run.failed_probes < _MOST_UNHEALTHY:
            self._worker.later(
                run, max(1.0, _period_s(run.spec["readinessProbe"])), lambda: self._not_ready_yet(run)
            )

    def ready(self, run: Run) -> None:
        """Its readiness probe has passed."""
        if run.is_running:
            run.ready = True
            self._worker.write()

    def _unready(self, run: Run) -> None:
        if run.is_running:
            run.ready = False
            self._worker.say(
                run, "Warning", "Unhealthy", f"Readiness probe failed: {run.behaviour.readiness_message}"
            )
            self._worker.write()

    def _unhealthy(self, run: Run, key: str, word: str, failures: int) -> None:
        """A liveness or startup probe fails for the nth time in a row; at its threshold the container is restarted."""
        if not run.is_running:
            return
        probe = run.spec[key]
        self._worker.say(
            run, "Warning", "Unhealthy", f"{word} probe failed: {run.behaviour.readiness_message}"
        )
        if failures < _count(probe, "failureThreshold", 3):
            self._worker.later(run, _period_s(probe), lambda: self._unhealthy(run, key, word, failures + 1))
            return
        self._worker.say(
            run, "Normal", "Killing", f"Container {run.name} failed {word.lower()} probe, will be restarted"
        )
        self._worker.kill(run)


def _period_s(probe: Object) -> float:
    return float(probe.get("periodSeconds") or 10)


def _count(probe: Object, key: str, default: int) -> int:
    return int(probe.get(key) or default)


def _first_probe_s(probe: Object, passes_s: float) -> float:
    """When the first probe is made that can pass, or fail, at or after a time."""
    delay_s, period_s = float(probe.get("initialDelaySeconds") or 0), _period_s(probe)
    return delay_s + math.ceil(max(0.0, passes_s - delay_s) / period_s) * period_s
