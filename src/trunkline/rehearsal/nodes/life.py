"""The life of a container that has begun: its program goes on, ends, and is started again or not."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes.programs import termination_message
from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.objects import name_of, namespace_of

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet
    from trunkline.rehearsal.nodes.worker import Worker


class Life:
    """Lives through the containers of one pod."""

    def __init__(self, worker: Worker, kubelet: Kubelet) -> None:
        self._worker, self._kubelet = worker, kubelet

    def live(self, run: Run) -> None:
        """Plan what a running container is going to do."""
        if run.process is not None and not run.process.is_unknown:
            self._play(run)
            self._worker.probe(run)
            return
        ends_after_s = run.behaviour.ends_after_s
        if ends_after_s is not None and math.isfinite(ends_after_s):
            self._worker.later(run, ends_after_s, lambda: self._ends(run))
        self._worker.probe(run)

    def _play(self, run: Run) -> None:
        """Plan the next moment of a program that is played."""
        process = run.process
        if process is None:
            return
        if process.ending is not None:
            self._worker.later(run, 0.0, lambda: self._program_ended(run))
        elif process.is_unknown:
            process.container.files.open_up()
            ends_after_s = run.behaviour.ends_after_s
            if ends_after_s is not None:
                self._worker.later(run, ends_after_s, lambda: self._ends(run))
        elif math.isfinite(due_s := process.due_s):
            self._worker.later(run, due_s - self._worker.elapsed_s(run), lambda: self._go_on(run, due_s))

    def _go_on(self, run: Run, due_s: float) -> None:
        if run.process is not None and run.is_running:
            run.process.go_on(max(due_s, self._worker.elapsed_s(run)))
            self._play(run)
            for other in self._worker.runs:
                if other.probing is not None:
                    other.probing.look_again()

    def _program_ended(self, run: Run) -> None:
        if run.process is not None and run.process.ending is not None:
            self.finish(run, run.process.ending.code, run.process.ending.reason)

    def _ends(self, run: Run) -> None:
        behaviour = run.behaviour
        self.finish(run, behaviour.exit_code, behaviour.reason)

    def finish(self, run: Run, exit_code: int, reason: str = "") -> None:
        """End it, and do what its policy says then."""
        lines = [text for _, text in run.said(self._kubelet.now())]
        message = termination_message(run, exit_code, lines)
        run.end(self._kubelet.now(), exit_code, reason, message)
        self.after_end(run)

    def after_end(self, run: Run) -> None:
        """Restart what has ended, or go on without it."""
        if not self.restarts(run):
            if run.is_init and run.exit_code == 0:
                self._worker.next()
                return
            self._worker.write()
            return
        run.crashes += 1
        self._worker.write()
        seconds = run.backoff_s()
        self._worker.later(run, 1.0, lambda: self._back_off(run, seconds) if seconds else self._restart(run))

    def restarts(self, run: Run) -> bool:
        """Whether its policy has it restarted."""
        policy = self._kubelet.restart_policy(self._worker.pod, run)
        return policy == "Always" or (policy == "OnFailure" and (run.exit_code != 0 or not run.has_ended))

    def _back_off(self, run: Run, seconds: float) -> None:
        place = f"{name_of(self._worker.pod)}_{namespace_of(self._worker.pod)}({self._worker.uid})"
        run.last = {"terminated": run.state["terminated"]} if run.has_ended else run.last
        spelled = _go_duration(seconds)
        run.wait("CrashLoopBackOff", f"back-off {spelled} restarting failed container={run.name} pod={place}")
        self._worker.say(
            run, "Warning", "BackOff", f"Back-off restarting failed container {run.name} in pod {place}"
        )
        self._worker.write()
        self._worker.later(run, max(0.0, seconds - 1.0), lambda: self._restart(run))

    def _restart(self, run: Run) -> None:
        if run.has_ended:
            run.last = {"terminated": run.state["terminated"]}
        run.restarts += 1
        run.behaviour = self._kubelet.behaviour(self._worker.pod, run)
        self._worker.say(run, "Normal", "Pulled", f'Container image "{run.image}" already present on machine')
        run.stop_timers()
        self._worker.create(run)


def _go_duration(seconds: float) -> str:
    """As Go spells a duration: `1m20s`."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(whole.total_seconds()), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
