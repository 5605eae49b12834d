"""The kubelet's work on one pod, from its first image to its last container.

Every step is taken by a timer of the cluster's clock or by a change of the pod; between two steps nothing is done, so
that a pod which runs well costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from trunkline.rehearsal.loop import Timer
from trunkline.rehearsal.nodes import pulls
from trunkline.rehearsal.nodes.described_probes import DescribedProbes
from trunkline.rehearsal.nodes.life import Life
from trunkline.rehearsal.nodes.pod_status import pod_status
from trunkline.rehearsal.nodes.probing import KEYS, Probing
from trunkline.rehearsal.nodes.pulling import Pulling
from trunkline.rehearsal.nodes.runs import Run, runs_of
from trunkline.rehearsal.nodes.shell.process import Answer
from trunkline.rehearsal.nodes.stopping import Stopping
from trunkline.rehearsal.objects import (
    Object,
    at,
    is_ending,
    metadata,
    uid_of,
)

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet

_MOUNT_RETRY_S = 2.0
_CONFIGURATION_RETRY_S = 10.0
_START_S = 0.1
_TERMINATED, _KILLED, _NOT_STARTED = 143, 137, 128


class Worker:
    """One pod on its node."""

    def __init__(self, kubelet: Kubelet, pod: Object) -> None:
        self._kubelet = kubelet
        self.uid = uid_of(pod)
        self.pod = pod
        self.ip = str(at(pod, "status", "podIP") or "")
        self.started_at = str(at(pod, "status", "startTime") or "")
        self.ending = False
        self.frozen = False
        self._is_mounted = False
        self.runs = runs_of(pod)
        self._deadline_set = False
        self._stopping = Stopping(self, kubelet)
        self._pulling = Pulling(self, kubelet)
        self._life = Life(self, kubelet)
        self._probes = DescribedProbes(self)

    @property
    def mains(self) -> list[Run]:
        """The containers that are no init containers."""
        return [run for run in self.runs if not run.is_init]

    @property
    def inits(self) -> list[Run]:
        """The init containers, in their order."""
        return [run for run in self.runs if run.is_init]

    def run_named(self, name: str) -> Run | None:
        """A container by its name."""
        return next((run for run in self.runs if run.name == name), None)

    # The pod as a whole.

    def begin(self) -> None:
        """Start what is new; what was running already goes on."""
        if any(run.is_running or run.has_ended for run in self.runs):
            self._is_mounted = True
            for run in self.runs:
                if run.is_running:
                    run.behaviour = self._kubelet.behaviour(self.pod, run)
                elif run.has_ended and not run.is_init:
                    self._life.after_end(run)
            return
        self.started_at = self.started_at or self._kubelet.stamp()
        for run in self.mains:
            run.wait("PodInitializing" if self.inits else "ContainerCreating")
        for run in self.inits:
            run.wait("PodInitializing")
        self._set_deadline()
        self._mount()

    def end(self, grace_s: float) -> None:
        """Let all containers end, and the pod be gone then."""
        if self.ending:
            return
        self.ending = True
        longest_s = 0.0
        for run in self.runs:
            run.stop_timers()
            if run.is_running:
                self.say(run, "Normal", "Killing", f"Stopping container {run.name}")
                longest_s = max(longest_s, self._stopping.stop(run, grace_s))
        self._kubelet.later(longest_s, self._ended_all)

    def stop(self) -> None:
        """The pod is gone: nothing that was planned happens."""
        for run in self.runs:
            run.stop_timers()

    def thaw(self) -> None:
        """Go on after the node was away: what had not begun begins anew."""
        self.frozen = False
        pod = self._kubelet.current(self)
        if pod is not None and is_ending(pod):
            self.end(float(metadata(pod).get("deletionGracePeriodSeconds") or 0))
            return
        for run in self.runs:
            if not run.is_running:
                run.stop_timers()
        if not self._is_mounted:
            self._mount()
            return
        for run in self.runs:
            if run.is_running:
                run.stop_timers()
                self._life.live(run)
            elif run.has_ended and not run.is_init:
                self._life.after_end(run)
        self.next()

    def fail(self, reason: str, message: str) -> None:
        """End the whole pod as failed."""
        for run in self.runs:
            if run.is_running:
                run.end(self._kubelet.now(), _KILLED)
            run.stop_timers()
        self._write(failed=(reason, message))

    def look_again(self) -> None:
        """Something that a container waits for may be there now."""
        if not self._is_mounted:
            self._mount()
            return
        for run in self.runs:
            if at(run.state, "waiting", "reason") == "CreateContainerConfigError":
                run.stop_timers()
                self.create(run)

    def write(self) -> None:
        """Write the status."""
        self._write()

    def _write(self, failed: tuple[str, str] | None = None) -> None:
        self._kubelet.write(self, pod_status(self, self._kubelet.stamp(), failed))

    def _ended_all(self) -> None:
        for run in self.runs:
            if run.is_running:
                run.end(self._kubelet.now(), *self._stopping.ended_as(run))
        self._write()
        self._kubelet.remove(self)

    def _set_deadline(self) -> None:
        seconds = at(self.pod, "spec", "activeDeadlineSeconds")
        if isinstance(seconds, int) and not self._deadline_set:
            self._deadline_set = True
            said = "Pod was active on the node longer than the specified deadline"
            self._kubelet.later(
                float(seconds), lambda: None if self.ending else self.fail("DeadlineExceeded", said)
            )

    # Volumes and the order of containers.

    def _mount(self) -> None:
        said = self._kubelet.references.unmounted(self.pod)
        if said:
            self._kubelet.say(self.pod, "Warning", "FailedMount", said)
            self._write()
            self._kubelet.later(_MOUNT_RETRY_S, self._retry_mount)
            return
        self._is_mounted = True
        self.ip = self.ip or self._kubelet.new_ip()
        self.next()

    def _retry_mount(self) -> None:
        if not self._is_mounted and not self.ending and self._kubelet.knows(self):
            self._mount()

    def next(self) -> None:
        """Start whatever is next: the first init container that is not done, then all others together."""
        for run in self.inits:
            if run.is_sidecar and run.is_running and run.started:
                continue
            if run.has_ended and run.exit_code == 0 and not run.is_sidecar:
                continue
            if not run.is_running and not run.timers and not run.has_ended:
                self._pulling.pull(run)
            self._write()
            return
        for run in self.mains:
            if not run.is_running and not run.has_ended and not run.timers and _waits_to_begin(run):
                run.wait("ContainerCreating")
                self._pulling.pull(run)
        self._write()

    # One container.

    def create(self, run: Run) -> None:
        """Create a container whose image is there."""
        run.image_id = pulls.image_id(run.image)
        missing = self._kubelet.references.missing_for(self.pod, run.spec)
        behaviour = run.behaviour
        if missing or behaviour.start_reason == "CreateContainerConfigError":
            said = missing or behaviour.start_message
            run.wait("CreateContainerConfigError", said)
            self.say(run, "Warning", "Failed", f"Error: {said}")
            self._later(run, _CONFIGURATION_RETRY_S, lambda: self._created_again(run))
            self._write()
            return
        self._later(run, _START_S, lambda: self._start(run))

    def _created_again(self, run: Run) -> None:
        self.create(run)

    def _start(self, run: Run) -> None:
        behaviour = run.behaviour
        self.say(run, "Normal", "Created", f"Created container: {run.name}")
        if behaviour.start_reason:
            self.say(run, "Warning", "Failed", f"Error: {behaviour.start_message}")
            run.end(self._kubelet.now(), _NOT_STARTED, "StartError", behaviour.start_message)
            if self._life.restarts(run):
                run.last = {"terminated": run.state["terminated"]}
                run.wait(behaviour.start_reason, behaviour.start_message)
            self._life.after_end(run)
            return
        run.begin(self._kubelet.now())
        run.process = self._kubelet.programs.begin(self.pod, run)
        self.say(run, "Normal", "Started", f"Started container {run.name}")
        if not self._stopping.post_start(run):
            return
        self._life.live(run)
        self._write()
        if run.is_sidecar and run.started:
            self.next()

    def kill(self, run: Run) -> None:
        """End a container that does not do well, so that it is started again."""
        run.stop_timers()
        grace_s = float(at(self.pod, "spec", "terminationGracePeriodSeconds") or 0)
        seconds = self._stopping.stop(run, grace_s)
        self._later(run, seconds, lambda: self._life.finish(run, *self._stopping.ended_as(run, _TERMINATED)))

    # What probes that are played ask for (the port `Patient`).

    def probe(self, run: Run) -> None:
        """Plan its probes."""
        self._probes.probe(run)

    def probing(self, run: Run) -> Probing | None:
        """Its probes, where they are played."""
        if run.probing is None:
            run.probing = Probing(self, run)
        return run.probing

    def answer(self, run: Run, words: Sequence[str]) -> Answer | None:
        """See the port."""
        return self._kubelet.programs.answer(self.pod, run, words)

    def elapsed_s(self, run: Run) -> float:
        """See the port."""
        return (self._kubelet.now() - run.began).total_seconds() if run.began is not None else 0.0

    def later(self, run: Run, seconds: float, deed: Callable[[], None]) -> Timer:
        """See the port."""
        return self._later(run, seconds, deed)

    def unhealthy(self, run: Run, word: str, output: str) -> None:
        """See the port."""
        self.say(run, "Warning", "Unhealthy", f"{word} probe failed: {output}")

    def passed(self, run: Run, key: str) -> None:
        """See the port."""
        if key == "startupProbe":
            self._probes.started(run)
        elif key == "readinessProbe":
            self._probes.ready(run)

    def failed(self, run: Run, key: str) -> None:
        """See the port."""
        if key == "readinessProbe":
            if run.ready:
                run.ready = False
                self._write()
            return
        word = KEYS[key].lower()
        self.say(run, "Normal", "Killing", f"Container {run.name} failed {word} probe, will be restarted")
        self.kill(run)

    def say(self, run: Run, type_: str, reason: str, message: str) -> None:
        """Record an event about a container."""
        self._kubelet.say(self.pod, type_, reason, message, run.path)

    def _later(self, run: Run, seconds: float, deed: Callable[[], None]) -> Timer:
        def act() -> None:
            run.timers = [item for item in run.timers if item.deed is not None]
            if not self.frozen and not (self.ending and not run.is_running):
                deed()

        timer = self._kubelet.later(seconds, act)
        run.timers.append(timer)
        return timer


def _waits_to_begin(run: Run) -> bool:
    return at(run.state, "waiting", "reason") in {"PodInitializing", "ContainerCreating"}
