"""The kubelet's work on one pod, from its first image to its last container.

Every step is taken by a timer of the cluster's clock or by a change of the pod; between two steps nothing is done, so
that a pod which runs well costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from trunkline.rehearsal.loop import Timer
from trunkline.rehearsal.nodes import pulls
from trunkline.rehearsal.nodes.pod_status import pod_status
from trunkline.rehearsal.nodes.probing import KEYS, Probing
from trunkline.rehearsal.nodes.programs import termination_message
from trunkline.rehearsal.nodes.runs import Run, adopted
from trunkline.rehearsal.nodes.shell.process import Answer
from trunkline.rehearsal.nodes.stopping import Stopping
from trunkline.rehearsal.objects import (
    Object,
    at,
    is_ending,
    metadata,
    moment_of,
    name_of,
    namespace_of,
    uid_of,
)

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet

_MOUNT_RETRY_S = 2.0
_CONFIGURATION_RETRY_S = 10.0
_START_S = 0.1
_TERMINATED, _KILLED, _NOT_STARTED = 143, 137, 128
_MOST_UNHEALTHY = 20


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
        self.runs = _runs(pod)
        self._deadline_set = False
        self._stopping = Stopping(self, kubelet)

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
                    self._after_end(run)
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
                self._say(run, "Normal", "Killing", f"Stopping container {run.name}")
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
                self._live(run)
            elif run.has_ended and not run.is_init:
                self._after_end(run)
        self._next()

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
                self._create(run)

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
        self._next()

    def _retry_mount(self) -> None:
        if not self._is_mounted and not self.ending and self._kubelet.knows(self):
            self._mount()

    def _next(self) -> None:
        """Start whatever is next: the first init container that is not done, then all others together."""
        for run in self.inits:
            if run.is_sidecar and run.is_running and run.started:
                continue
            if run.has_ended and run.exit_code == 0 and not run.is_sidecar:
                continue
            if not run.is_running and not run.timers and not run.has_ended:
                self._pull(run)
            self._write()
            return
        for run in self.mains:
            if not run.is_running and not run.has_ended and not run.timers and _waits_to_begin(run):
                run.wait("ContainerCreating")
                self._pull(run)
        self._write()

    # One container.

    def _pull(self, run: Run) -> None:
        run.behaviour = self._kubelet.behaviour(self.pod, run)
        if not pulls.is_valid_name(run.image):
            why = pulls.parse_failure(run.image)
            said = f'Failed to apply default image tag "{run.image}": {why}'
            run.wait("InvalidImageName", said)
            self._say(run, "Warning", "InspectFailed", said)
            self._say(run, "Warning", "Failed", "Error: InvalidImageName")
            return
        policy, images = pulls.policy_of(run), self._kubelet.images
        plain = run.behaviour.pull == "ok" and not run.behaviour.failing_pulls
        if images.has(run.image) and (policy != "Always") and plain:
            self._say(run, "Normal", "Pulled", f'Container image "{run.image}" already present on machine')
            self._create(run)
            return
        if policy == "Never":
            said = f'Container image "{run.image}" is not present with pull policy of Never'
            run.wait("ErrImageNeverPull", said)
            self._say(run, "Warning", "ErrImageNeverPull", said)
            self._say(run, "Warning", "Failed", "Error: ErrImageNeverPull")
            return
        self._say(run, "Normal", "Pulling", f'Pulling image "{run.image}"')
        seconds = _START_S if images.has(run.image) and plain else run.behaviour.pull_s
        self._later(run, seconds, lambda: self._pulled(run, seconds))

    def _pulled(self, run: Run, seconds: float) -> None:
        behaviour = run.behaviour
        if behaviour.pull != "ok" or run.failed_pulls < behaviour.failing_pulls:
            said = pulls.failure_message(run)
            run.failed_pulls += 1
            run.pull_error = said
            run.wait("ErrImagePull", said)
            self._say(run, "Warning", "Failed", f'Failed to pull image "{run.image}": {said}')
            self._say(run, "Warning", "Failed", "Error: ErrImagePull")
            self._later(run, 1.0, lambda: self._back_off_pull(run))
            self._write()
            return
        self._kubelet.images.add(run.image)
        took = f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"
        said = f'Successfully pulled image "{run.image}" in {took} ({took} including waiting). Image size: 52428800 bytes.'
        self._say(run, "Normal", "Pulled", said)
        self._create(run)
        self._write()

    def _back_off_pull(self, run: Run) -> None:
        said = f'Back-off pulling image "{run.image}"'
        run.wait("ImagePullBackOff", f"{said}: ErrImagePull: {run.pull_error}")
        self._say(run, "Normal", "BackOff", said)
        self._say(run, "Warning", "Failed", "Error: ImagePullBackOff")
        self._later(run, run.pull_backoff_s(), lambda: self._pull_again(run))
        self._write()

    def _pull_again(self, run: Run) -> None:
        self._pull(run)
        self._write()

    def _create(self, run: Run) -> None:
        run.image_id = pulls.image_id(run.image)
        missing = self._kubelet.references.missing_for(self.pod, run.spec)
        behaviour = run.behaviour
        if missing or behaviour.start_reason == "CreateContainerConfigError":
            said = missing or behaviour.start_message
            run.wait("CreateContainerConfigError", said)
            self._say(run, "Warning", "Failed", f"Error: {said}")
            self._later(run, _CONFIGURATION_RETRY_S, lambda: self._created_again(run))
            self._write()
            return
        self._later(run, _START_S, lambda: self._start(run))

    def _created_again(self, run: Run) -> None:
        self._create(run)

    def _start(self, run: Run) -> None:
        behaviour = run.behaviour
        self._say(run, "Normal", "Created", f"Created container: {run.name}")
        if behaviour.start_reason:
            self._say(run, "Warning", "Failed", f"Error: {behaviour.start_message}")
            run.end(self._kubelet.now(), _NOT_STARTED, "StartError", behaviour.start_message)
            if self._restarts(run):
                run.last = {"terminated": run.state["terminated"]}
                run.wait(behaviour.start_reason, behaviour.start_message)
            self._after_end(run)
            return
        run.begin(self._kubelet.now())
        run.process = self._kubelet.programs.begin(self.pod, run)
        self._say(run, "Normal", "Started", f"Started container {run.name}")
        if not self._stopping.post_start(run):
            return
        self._live(run)
        self._write()
        if run.is_sidecar and run.started:
            self._next()

    def _live(self, run: Run) -> None:
        """Plan what a running container is going to do."""
        if run.process is not None and not run.process.is_unknown:
            self._play(run)
            self._probe(run)
            return
        ends_after_s = run.behaviour.ends_after_s
        if ends_after_s is not None and math.isfinite(ends_after_s):
            self._later(run, ends_after_s, lambda: self._ends(run))
        self._probe(run)

    def _play(self, run: Run) -> None:
        """Plan the next moment of a program that is played."""
        process = run.process
        if process is None:
            return
        if process.ending is not None:
            self._later(run, 0.0, lambda: self._program_ended(run))
        elif process.is_unknown:
            process.container.files.open_up()
            ends_after_s = run.behaviour.ends_after_s
            if ends_after_s is not None:
                self._later(run, ends_after_s, lambda: self._ends(run))
        elif math.isfinite(due_s := process.due_s):
            self._later(run, due_s - self.elapsed_s(run), lambda: self._go_on(run, due_s))

    def _go_on(self, run: Run, due_s: float) -> None:
        if run.process is not None and run.is_running:
            run.process.go_on(max(due_s, self.elapsed_s(run)))
            self._play(run)
            for other in self.runs:
                if other.probing is not None:
                    other.probing.look_again()

    def _program_ended(self, run: Run) -> None:
        if run.process is not None and run.process.ending is not None:
            self._finish(run, run.process.ending.code, run.process.ending.reason)

    def _ends(self, run: Run) -> None:
        behaviour = run.behaviour
        self._finish(run, behaviour.exit_code, behaviour.reason)

    def _finish(self, run: Run, exit_code: int, reason: str = "") -> None:
        lines = [text for _, text in run.said(self._kubelet.now())]
        message = termination_message(run, exit_code, lines)
        run.end(self._kubelet.now(), exit_code, reason, message)
        self._after_end(run)

    def _after_end(self, run: Run) -> None:
        if not self._restarts(run):
            if run.is_init and run.exit_code == 0:
                self._next()
                return
            self._write()
            return
        run.crashes += 1
        self._write()
        seconds = run.backoff_s()
        self._later(run, 1.0, lambda: self._back_off(run, seconds) if seconds else self._restart(run))

    def _restarts(self, run: Run) -> bool:
        policy = self._kubelet.restart_policy(self.pod, run)
        return policy == "Always" or (policy == "OnFailure" and (run.exit_code != 0 or not run.has_ended))

    def _back_off(self, run: Run, seconds: float) -> None:
        place = f"{name_of(self.pod)}_{namespace_of(self.pod)}({self.uid})"
        run.last = {"terminated": run.state["terminated"]} if run.has_ended else run.last
        spelled = _go_duration(seconds)
        run.wait("CrashLoopBackOff", f"back-off {spelled} restarting failed container={run.name} pod={place}")
        self._say(
            run, "Warning", "BackOff", f"Back-off restarting failed container {run.name} in pod {place}"
        )
        self._write()
        self._later(run, max(0.0, seconds - 1.0), lambda: self._restart(run))

    def _restart(self, run: Run) -> None:
        if run.has_ended:
            run.last = {"terminated": run.state["terminated"]}
        run.restarts += 1
        run.behaviour = self._kubelet.behaviour(self.pod, run)
        self._say(run, "Normal", "Pulled", f'Container image "{run.image}" already present on machine')
        run.stop_timers()
        self._create(run)

    # Probes.

    def _probe(self, run: Run) -> None:
        played = run.plays and self._probing(run)
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
            self._later(run, behaviour.unready_after_s, lambda: self._unready(run))
        if behaviour.liveness_after_s is not None and run.spec.get("livenessProbe"):
            self._later(
                run, behaviour.liveness_after_s, lambda: self._unhealthy(run, "livenessProbe", "Liveness", 1)
            )

    def _probe_startup(self, run: Run) -> None:
        probe, passes_s = run.spec["startupProbe"], run.behaviour.started_after_s
        if passes_s is not None:
            self._later(run, max(_START_S, _first_probe_s(probe, passes_s)), lambda: self._started(run))
            return
        self._later(
            run, _first_probe_s(probe, 0.0), lambda: self._unhealthy(run, "startupProbe", "Startup", 1)
        )

    def _started(self, run: Run) -> None:
        run.started = True
        run.ready = not run.spec.get("readinessProbe")
        self._probe(run)
        if run.is_sidecar:
            self._next()
        self._write()

    def _probe_readiness(self, run: Run) -> None:
        probe, passes_s = run.spec["readinessProbe"], run.behaviour.ready_after_s
        first_s = _first_probe_s(probe, 0.0)
        if passes_s is not None:
            wanted_s = _first_probe_s(probe, passes_s) + (
                _count(probe, "successThreshold", 1) - 1
            ) * _period_s(probe)
            self._later(run, max(_START_S, wanted_s), lambda: self._ready(run))
        if passes_s is None or passes_s > first_s:
            self._later(run, max(_START_S, first_s), lambda: self._not_ready_yet(run))

    def _not_ready_yet(self, run: Run) -> None:
        if run.ready or not run.is_running:
            return
        run.failed_probes += 1
        self._say(run, "Warning", "Unhealthy", f"Readiness probe failed: {run.behaviour.readiness_message}")
        if run.failed_probes < _MOST_UNHEALTHY:
            self._later(
                run, max(1.0, _period_s(run.spec["readinessProbe"])), lambda: self._not_ready_yet(run)
            )

    def _ready(self, run: Run) -> None:
        if run.is_running:
            run.ready = True
            self._write()

    def _unready(self, run: Run) -> None:
        if run.is_running:
            run.ready = False
            self._say(
                run, "Warning", "Unhealthy", f"Readiness probe failed: {run.behaviour.readiness_message}"
            )
            self._write()

    def _unhealthy(self, run: Run, key: str, word: str, failures: int) -> None:
        """A liveness or startup probe fails for the nth time in a row; at its threshold the container is restarted."""
        if not run.is_running:
            return
        probe = run.spec[key]
        self._say(run, "Warning", "Unhealthy", f"{word} probe failed: {run.behaviour.readiness_message}")
        if failures < _count(probe, "failureThreshold", 3):
            self._later(run, _period_s(probe), lambda: self._unhealthy(run, key, word, failures + 1))
            return
        self._say(
            run, "Normal", "Killing", f"Container {run.name} failed {word.lower()} probe, will be restarted"
        )
        self.kill(run)

    def kill(self, run: Run) -> None:
        """End a container that does not do well, so that it is started again."""
        run.stop_timers()
        grace_s = float(at(self.pod, "spec", "terminationGracePeriodSeconds") or 0)
        seconds = self._stopping.stop(run, grace_s)
        self._later(run, seconds, lambda: self._finish(run, *self._stopping.ended_as(run, _TERMINATED)))

    # What probes that are played ask for (the port `Patient`).

    def _probing(self, run: Run) -> Probing | None:
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
        self._say(run, "Warning", "Unhealthy", f"{word} probe failed: {output}")

    def passed(self, run: Run, key: str) -> None:
        """See the port."""
        if key == "startupProbe":
            self._started(run)
        elif key == "readinessProbe":
            self._ready(run)

    def failed(self, run: Run, key: str) -> None:
        """See the port."""
        if key == "readinessProbe":
            if run.ready:
                run.ready = False
                self._write()
            return
        word = KEYS[key].lower()
        self._say(run, "Normal", "Killing", f"Container {run.name} failed {word} probe, will be restarted")
        self.kill(run)

    def _say(self, run: Run, type_: str, reason: str, message: str) -> None:
        self._kubelet.say(self.pod, type_, reason, message, run.path)

    def _later(self, run: Run, seconds: float, deed: Callable[[], None]) -> Timer:
        def act() -> None:
            run.timers = [item for item in run.timers if item.deed is not None]
            if not self.frozen and not (self.ending and not run.is_running):
                deed()

        timer = self._kubelet.later(seconds, act)
        run.timers.append(timer)
        return timer


def _runs(pod: Object) -> list[Run]:
    known = {
        str(status.get("name")): status
        for key in ("initContainerStatuses", "containerStatuses")
        for status in at(pod, "status", key) or ()
    }
    found = []
    for key in ("initContainers", "containers"):
        for spec in at(pod, "spec", key) or ():
            is_init = key == "initContainers"
            is_sidecar = is_init and spec.get("restartPolicy") == "Always"
            status = known.get(str(spec.get("name")))
            if status is None:
                found.append(Run(spec, is_init, is_sidecar))
                continue
            began = moment_of(at(status, "state", "running", "startedAt"))
            found.append(adopted(spec, status, is_init=is_init, is_sidecar=is_sidecar, began=began))
    return found


def _waits_to_begin(run: Run) -> bool:
    return at(run.state, "waiting", "reason") in {"PodInitializing", "ContainerCreating"}


def _period_s(probe: Object) -> float:
    return float(probe.get("periodSeconds") or 10)


def _count(probe: Object, key: str, default: int) -> int:
    return int(probe.get(key) or default)


def _first_probe_s(probe: Object, passes_s: float) -> float:
    """When the first probe is made that can pass, or fail, at or after a time."""
    delay_s, period_s = float(probe.get("initialDelaySeconds") or 0), _period_s(probe)
    return delay_s + math.ceil(max(0.0, passes_s - delay_s) / period_s) * period_s


def _go_duration(seconds: float) -> str:
    """As Go spells a duration: `1m20s`."""
    whole = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(whole.total_seconds()), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
