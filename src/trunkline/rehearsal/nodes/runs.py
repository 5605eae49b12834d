"""One container of one pod: what state it is in, what its probes say, and what it has said itself."""

from __future__ import annotations

import uuid
from dataclasses import field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.loop import Timer
from trunkline.rehearsal.nodes.behaviour import Behaviour
from trunkline.rehearsal.nodes.shell.process import Process
from trunkline.rehearsal.objects import Object, at, moment_of, timestamp

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.probing import Probing

_FIRST_BACKOFF_S = 10.0
_LONGEST_BACKOFF_S = 300.0
_FORGOTTEN_S = 600.0
_MOST_LINES = 500
Said = tuple[datetime, str]


@dataclass(slots=True)
class Run:
    """A container and its lives.

    Attributes:
        spec: of the pod's spec.
        state: `waiting`, `running` or `terminated`, as the status spells it.
        plays: whether its command is played, as far as it is known.
        probing: its probes that are played.
        process: what it runs in its present life, None if that is a described program.
        crashes: how often it has ended lately, which decides the back-off.
    """

    spec: Object
    is_init: bool = False
    is_sidecar: bool = False
    state: dict[str, Any] = field(default_factory=lambda: {"waiting": {"reason": "ContainerCreating"}})
    last: dict[str, Any] = field(default_factory=dict)
    restarts: int = 0
    crashes: int = 0
    ready: bool = False
    started: bool = False
    image_id: str = ""
    container_id: str = ""
    behaviour: Behaviour = field(default_factory=Behaviour)
    plays: bool = False
    process: Process | None = None
    probing: Probing | None = None
    began: datetime | None = None
    failed_pulls: int = 0
    pull_error: str = ""
    failed_probes: int = 0
    said_before: list[Said] = field(default_factory=list)
    timers: list[Timer] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.spec.get("name"))

    @property
    def image(self) -> str:
        """Its image as the spec has it."""
        return str(self.spec.get("image"))

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return "running" in self.state

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, for now or for good."""
        return "terminated" in self.state

    @property
    def exit_code(self) -> int:
        """How it ended, 0 if it has not."""
        return int(at(self.state, "terminated", "exitCode") or 0)

    @property
    def path(self) -> str:
        """The field path that events about it bear."""
        return f"spec.{'initContainers' if self.is_init else 'containers'}{{{self.name}}}"

    def wait(self, reason: str, message: str = "") -> None:
        """It is not running, and why."""
        self.state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
        self.ready = self.started = False

    def begin(self, now: datetime) -> None:
        """It runs from now on."""
        self.began = now
        self.process = self.probing = None
        self.state = {"running": {"startedAt": timestamp(now)}}
        self.container_id = f"containerd://{uuid.uuid4().hex}{uuid.uuid4().hex}"
        self.started = not self.spec.get("startupProbe")
        self.ready = (
            self.started
            and not self.spec.get("readinessProbe")
            and not (self.is_init and not self.is_sidecar)
        )
        self.failed_probes = 0

    def end(self, now: datetime, exit_code: int, reason: str = "", message: str = "") -> None:
        """It has ended."""
        began = self.began or now
        if self.began is not None and now - began > timedelta(seconds=_FORGOTTEN_S):
            self.crashes = 0
        self.said_before = self.said(now)
        ended: dict[str, Any] = {
            "exitCode": exit_code,
            "reason": reason or ("Error" if exit_code else "Completed"),
            "startedAt": timestamp(began),
            "finishedAt": timestamp(now),
        }
        if self.container_id:
            ended["containerID"] = self.container_id
        if message:
            ended["message"] = message
        self.state = {"terminated": ended}
        self.ready = self.started = False
        self.began = None
        self.stop_timers()

    def backoff_s(self) -> float:
        """How long it has to wait before it is started again; the first time is for nothing."""
        if self.crashes <= 1:
            return 0.0
        return float(min(_FIRST_BACKOFF_S * 2 ** min(self.crashes - 2, 10), _LONGEST_BACKOFF_S))

    def pull_backoff_s(self) -> float:
        """How long until its image is pulled again."""
        return float(min(_FIRST_BACKOFF_S * 2 ** min(max(0, self.failed_pulls - 1), 10), _LONGEST_BACKOFF_S))

    def said(self, now: datetime) -> list[Said]:
        """What it has said in its present life so far."""
        if self.began is None:
            return self.said_before
        began = self.began
        if self.process is not None:
            lines = [(began + timedelta(seconds=at_s), text) for at_s, text in self.process.log]
            return [line for line in lines if line[0] <= now]
        lines = [
            (began + timedelta(seconds=line.at_s), line.text) for line in self.behaviour.lines[:_MOST_LINES]
        ]
        return [line for line in lines if line[0] <= now]

    def stop_timers(self) -> None:
        """Nothing that was planned for it happens."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()

    def status(self) -> dict[str, Any]:
        """Its part of the pod's status."""
        found: dict[str, Any] = {
            "name": self.name,
            "state": self.state,
            "lastState": self.last,
            "ready": self.has_ended and self.exit_code == 0
            if self.is_init and not self.is_sidecar
            else self.ready,
            "restartCount": self.restarts,
            "image": self.image,
            "imageID": self.image_id,
            "started": self.started if self.is_running else False,
        }
        if self.container_id:
            found["containerID"] = self.container_id
        return found


def adopted(spec: Object, status: Object, *, is_init: bool, is_sidecar: bool, began: datetime | None) -> Run:
    """A container whose status somebody else has written: it goes on as it was."""
    run = Run(spec, is_init, is_sidecar)
    run.state, run.last = dict(status.get("state") or {}), dict(status.get("lastState") or {})
    run.restarts = run.crashes = int(status.get("restartCount") or 0)
    run.ready, run.started = bool(status.get("ready")), bool(status.get("started"))
    run.image_id, run.container_id = str(status.get("imageID") or ""), str(status.get("containerID") or "")
    run.began = began
    return run


def runs_of(pod: Object) -> list[Run]:
    """The containers of a pod, init containers first, as far as its status says that they are."""
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
