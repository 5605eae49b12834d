"""The kubelet of all nodes: keeps a worker for every pod that has a node, and writes what the workers say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.loop import Timer
from trunkline.rehearsal.nodes.behaviour import Behaviour, Behaviours
from trunkline.rehearsal.nodes.programs import Programs
from trunkline.rehearsal.nodes.pulls import Images
from trunkline.rehearsal.nodes.references import References
from trunkline.rehearsal.nodes.runs import Run, Said
from trunkline.rehearsal.nodes.worker import Worker
from trunkline.rehearsal.objects import Object, at, copy_of, is_ending, metadata, namespace_of, uid_of
from trunkline.rehearsal.registry import Deletion, Write
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "kubelet"
_REFERRED = {"ConfigMap", "Secret"}


class Kubelet:
    """Plays what containers do.

    Args:
        behaviours: says what containers do where it is asked for; else their own commands say it.
        programs: plays those.
    """

    def __init__(
        self, means: Means, references: References, behaviours: Behaviours, programs: Programs
    ) -> None:
        self.programs = programs
        self._means, self.references, self._behaviours = means, references, behaviours
        self.images = Images()
        self._workers: dict[str, Worker] = {}
        self._places: dict[Place, str] = {}
        self._waiting: set[Place] = set()
        self._next_ip = 1
        self.lost: set[str] = set()

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is POD:
            return [place_of(change.value)] if at(change.value, "spec", "nodeName") else []
        if change.kind.kind in _REFERRED and not change.kind.group and change.type != "DELETED":
            namespace = namespace_of(change.value)
            return [place for place in self._waiting if place[0] == namespace]
        return []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        pod = self._means.get(POD, place)
        known = self._places.get(place)
        if known is not None and (pod is None or uid_of(pod) != known):
            self._forget(place, known)
        # A pod may have taken the place of one that had a node, and have none itself yet.
        if pod is None or not at(pod, "spec", "nodeName"):
            return
        worker = self._workers.get(uid_of(pod))
        if worker is None:
            if at(pod, "status", "phase") in {"Succeeded", "Failed"} and not is_ending(pod):
                return
            worker = self._workers[uid_of(pod)] = Worker(self, pod)
            self._places[place] = uid_of(pod)
            worker.frozen = at(pod, "spec", "nodeName") in self.lost
            if not is_ending(pod) and not worker.frozen:
                worker.begin()
        worker.pod = pod
        if is_ending(pod):
            if not worker.frozen:
                worker.end(float(metadata(pod).get("deletionGracePeriodSeconds") or 0))
        elif place in self._waiting:
            worker.look_again()

    # What a worker asks for.

    def behaviour(self, pod: Object, run: Run) -> Behaviour:
        """What a container does in its next life."""
        said = self._behaviours.of(pod, run.spec, run.restarts)
        run.plays = False
        if said is not None:
            return said
        is_job = at(pod, "spec", "restartPolicy") in {"Never", "OnFailure"}
        return self.programs.behaviour(pod, run, ends=(run.is_init and not run.is_sidecar) or is_job)

    def restart_policy(self, pod: Object, run: Run) -> str:
        """When a container is started again."""
        if run.is_sidecar:
            return "Always"
        policy = str(at(pod, "spec", "restartPolicy") or "Always")
        return "OnFailure" if run.is_init and policy == "Always" else policy

    def later(self, seconds: float, deed: Callable[[], None]) -> Timer:
        """Do something later."""
        return self._means.loop.call_later(seconds, deed)

    def now(self) -> datetime:
        """This moment."""
        return self._means.now()

    def stamp(self) -> str:
        """This moment as a timestamp."""
        return self._means.stamp()

    def new_ip(self) -> str:
        """An address of the pods' network (RFC 6598's, so that nobody takes it for one of theirs)."""
        self._next_ip += 1
        return f"100.64.{self._next_ip // 250 % 250}.{self._next_ip % 250 + 1}"

    def say(self, pod: Object, type_: Any, reason: str, message: str, path: str = "") -> None:
        """Record an event about a pod."""
        node = str(at(pod, "spec", "nodeName") or "")
        self._means.events.record(pod, type_, reason, message, _COMPONENT, path, host=node)

    def write(self, worker: Worker, status: dict[str, Any]) -> None:
        """Write a pod's status."""
        pod = self._means.again(POD, worker.pod)
        if pod is None:
            return
        waits = any(
            at(run.state, "waiting", "reason")
            in {"CreateContainerConfigError", "ContainerCreating", "PodInitializing"}
            for run in worker.runs
        )
        (self._waiting.add if waits else self._waiting.discard)(place_of(pod))
        if pod.get("status") != status:
            changed = copy_of(pod)
            changed["status"] = copy_of(status)
            worker.pod = self._means.registry.update(POD, changed, Write(_COMPONENT, "status"))

    def remove(self, worker: Worker) -> None:
        """Take a pod away that has ended."""
        pod = self._means.again(POD, worker.pod)
        if pod is not None:
            how = Deletion(grace_s=0, uid=worker.uid)
            self._means.registry.delete(POD, *place_of(pod), how)

    def current(self, worker: Worker) -> Object | None:
        """The worker's pod as it is stored now."""
        return self._means.again(POD, worker.pod)

    def knows(self, worker: Worker) -> bool:
        """Whether a pod is still there."""
        return self._workers.get(worker.uid) is worker

    # What others ask.

    def read(self, pod: Object, container: str, *, previous: bool) -> list[Said]:
        """What a container has said (the port `Logs`)."""
        worker = self._workers.get(uid_of(pod))
        run = worker.run_named(container) if worker is not None else None
        if run is None:
            return []
        return run.said_before if previous and run.began is not None else run.said(self.now())

    def lose(self, node: str) -> None:
        """The kubelet of a node says nothing any more; its pods stay as they were, and nobody ends them."""
        self.lost.add(node)
        for worker in self._workers.values():
            if at(worker.pod, "spec", "nodeName") == node:
                worker.frozen = True

    def recover(self, node: str) -> None:
        """The node is back; what was under way there is begun anew."""
        self.lost.discard(node)
        for worker in list(self._workers.values()):
            if at(worker.pod, "spec", "nodeName") == node:
                worker.thaw()

    def _forget(self, place: Place, uid: str) -> None:
        worker = self._workers.pop(uid, None)
        if worker is not None:
            worker.stop()
        self.programs.forget(uid)
        self._places.pop(place, None)
        self._waiting.discard(place)
