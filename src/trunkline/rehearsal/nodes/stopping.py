"""How containers end when they are told to: hooks, the signal, the grace, and what they do with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.nodes.shell.process import Answer, Ending
from trunkline.rehearsal.objects import at

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet
    from trunkline.rehearsal.nodes.worker import Worker

_SHORTLY_S = 0.1
_KILLED = 137


class Stopping:
    """Ends the containers of one pod."""

    def __init__(self, worker: Worker, kubelet: Kubelet) -> None:
        self._worker, self._kubelet = worker, kubelet
        self._endings: dict[str, Ending] = {}

    def stop(self, run: Run, grace_s: float) -> float:
        """Tell a container to end; in how many seconds it will have.

        What a played program does with its grace is played at once: nobody but itself takes part in it.
        """
        hook_s = min(grace_s, self._before_stop(run))
        rest_s = grace_s - hook_s
        process = run.process
        self._endings.pop(run.name, None)
        if process is None or process.is_unknown:
            if run.behaviour.ignores_sigterm:
                self._endings[run.name] = Ending(_KILLED)
                return grace_s
            return hook_s + min(rest_s, _SHORTLY_S)
        begun_s = self._worker.elapsed_s(run)
        process.go_on(begun_s + hook_s)
        process.signal("TERM")
        while process.due_s <= begun_s + grace_s:
            process.go_on(process.due_s)
        self._endings[run.name] = process.ending or Ending(_KILLED)
        return max(_SHORTLY_S, process.time_s - begun_s) if process.ending else max(grace_s, _SHORTLY_S)

    def ended_as(self, run: Run, otherwise: int = 0) -> tuple[int, str]:
        """The exit code and the reason of a container that was told to end."""
        ending = self._endings.get(run.name, Ending(otherwise))
        return ending.code, ending.reason

    def post_start(self, run: Run) -> bool:
        """Run the hook of a container's start; False if it failed, and the container is not to go on."""
        answer = self._hook(run, "postStart")
        if answer is None or answer.code == 0:
            return True
        said = f"PostStartHook failed: command exited with {answer.code}: {answer.output}"
        self._kubelet.say(self._worker.pod, "Warning", "FailedPostStartHook", said, run.path)
        self._kubelet.say(self._worker.pod, "Normal", "Killing", "FailedPostStartHook", run.path)
        self._worker.kill(run)
        return False

    def _before_stop(self, run: Run) -> float:
        seconds = at(run.spec, "lifecycle", "preStop", "sleep", "seconds")
        if isinstance(seconds, int):
            return float(max(0, seconds))
        answer = self._hook(run, "preStop")
        if answer is None:
            return 0.0
        if answer.code and math.isfinite(answer.seconds):
            said = f"PreStopHook failed: command exited with {answer.code}: {answer.output}"
            self._kubelet.say(self._worker.pod, "Warning", "FailedPreStopHook", said, run.path)
        return answer.seconds

    def _hook(self, run: Run, key: str) -> Answer | None:
        words = at(run.spec, "lifecycle", key, "exec", "command")
        if not isinstance(words, list) or not words:
            return None
        return self._kubelet.programs.answer(self._worker.pod, run, [str(word) for word in words])
