"""The faults: what each puts into the pod, and from when on its cause can be read from the API by anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
SLEEP = ["python3", "-c", "import time; time.sleep(3600)"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail.

    Attributes:
        visible: when the cause counts as visible, for people.
        container: changes to the only container.
        causes: Trunkline's codes for it.
        seen: whether a Pod or an Event shows it.
        pod: changes to the pod.
        hook: whether it is a hook of the chart that fails.
        quota: the namespace's quota.
    """

    name: str
    visible: str
    container: Json
    causes: tuple[str, ...]
    seen: Callable[[Json], bool]
    pod: Json = field(default_factory=dict)
    hook: bool = False
    quota: Mapping[str, str] = field(default_factory=dict)

    def values(self, image: str) -> Json:
        """The chart's values that make it happen."""
        container = {"name": "web", "image": image, "command": SLEEP, **self.container}
        sound = {"name": "web", "image": image, "command": SLEEP}
        pod = {
            "terminationGracePeriodSeconds": 1,
            "containers": [sound if self.hook else container],
            **self.pod,
        }
        if "initContainers" in self.pod:
            pod["initContainers"] = [{"image": image, **item} for item in self.pod["initContainers"]]
        hook = {"restartPolicy": "Never", "containers": [container]} if self.hook else {}
        return {"pod": pod, "hook": hook}


def _waiting(*reasons: str) -> Callable[[Json], bool]:
    return lambda thing: any(
        (status.get("state", {}).get("waiting") or {}).get("reason") in reasons for status in _statuses(thing)
    )


def _ended_again(thing: Json) -> bool:
    """A container that was restarted has ended once more: a loop, not a mishap."""
    return any(
        int(status.get("restartCount") or 0) >= 1
        and ("terminated" in status.get("state", {}) or "waiting" in status.get("state", {}))
        for status in _statuses(thing)
    )


def _start_error(thing: Json) -> bool:
    reasons = {"StartError", "ContainerCannotRun"}
    return _waiting("RunContainerError", "CreateContainerError")(thing) or any(
        (status.get(key, {}).get("terminated") or {}).get("reason") in reasons
        for status in _statuses(thing)
        for key in ("state", "lastState")
    )


def _unschedulable(thing: Json) -> bool:
    return any(
        condition.get("reason") == "Unschedulable"
        for condition in thing.get("status", {}).get("conditions") or ()
    )


def _event(reason: str, words: str) -> Callable[[Json], bool]:
    return lambda thing: thing.get("reason") == reason and words in str(thing.get("message"))


def _statuses(thing: Json) -> list[Json]:
    status = thing.get("status") or {}
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _python(script: str) -> list[str]:
    return ["python3", "-c", script]


_PULL = _waiting("ErrImagePull", "ImagePullBackOff")
_NOWHERE = "127.0.0.1:5000/nobody/nothing:0"
_PROBE = {"exec": {"command": ["false"]}, "periodSeconds": 1}

FAULTS = (
    Fault("tag does not exist", "the first failed pull", {"image": _NOWHERE}, ("image-not-found",), _PULL),
    Fault(
        "crash loop, exit 3",
        "the second crash",
        {"command": _python("print('no flags, no service'); raise SystemExit(3)")},
        ("crash-loop",),
        _ended_again,
    ),
    Fault(
        "out of memory at start",
        "the second kill",
        {
            "command": _python("bytearray(200_000_000)"),
            "resources": {"limits": {"memory": "50Mi"}, "requests": {"memory": "50Mi"}},
        },
        ("out-of-memory",),
        _ended_again,
    ),
    Fault(
        "command not found",
        "the first start",
        {"command": ["/no/such/program"]},
        ("command-not-found",),
        _start_error,
    ),
    Fault(
        "missing ConfigMap",
        "the container's state",
        {"envFrom": [{"configMapRef": {"name": "nowhere"}}]},
        ("configuration-missing",),
        _waiting("CreateContainerConfigError"),
    ),
    Fault(
        "init container exits 4",
        "the second crash",
        {},
        ("init-container-failing",),
        _ended_again,
        pod={"initContainers": [{"name": "migrate", "command": _python("raise SystemExit(4)")}]},
    ),
    Fault(
        "unschedulable (99 CPUs)",
        "the scheduler's condition (a grace of 30 s is kept: an autoscaler may come)",
        {"resources": {"requests": {"cpu": "99"}}},
        ("unschedulable-resources",),
        _unschedulable,
    ),
    Fault(
        "readiness never passes",
        "the first failed probe (nobody can know before the timeout that it never passes)",
        {"readinessProbe": _PROBE},
        ("never-ready",),
        _event("Unhealthy", "Readiness"),
    ),
    Fault(
        "liveness fails",
        "the second restart for it",
        {"livenessProbe": _PROBE | {"failureThreshold": 1}},
        ("liveness-restarts",),
        lambda thing: any(int(status.get("restartCount") or 0) >= 2 for status in _statuses(thing)),  # noqa: PLR2004 - the second
    ),
    Fault(
        "quota exceeded",
        "the ReplicaSet's event",
        {"resources": {"requests": {"cpu": "500m"}}},
        ("quota-exceeded",),
        _event("FailedCreate", "quota"),
        quota={"requests.cpu": "100m"},
    ),
    Fault(
        "hook's image does not exist",
        "the hook's first failed pull",
        {"image": _NOWHERE},
        ("image-not-found",),
        _PULL,
        hook=True,
    ),
)
