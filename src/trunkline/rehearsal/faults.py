"""Failures on demand: each strikes what is new in one namespace from the moment it is asked for, and nothing else.

New is a pod, or a workload's template, with an image that no pod of the namespace had before. So the revision that stands
stays well, and going back to it is never in the way of the failure itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.errors import ApiError, forbidden
from trunkline.rehearsal.kinds import POD, Kind
from trunkline.rehearsal.loop import Loop
from trunkline.rehearsal.nodes.behaviour import Behaviour, Line
from trunkline.rehearsal.objects import Object, at, name_of, namespace_of, owner_references
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Change, Store

_FROM_CLIENTS = {"Deployment", "StatefulSet", "DaemonSet"}
_CONTROLLERS = "kube-controller-manager"
_KILLED = 137
_BEYOND_ANY_NODE = "1000"


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure and where it strikes.

    Attributes:
        what: such as `crash-loop`.
        workload: the name of what makes the pods, empty for all.
        container: empty for the first of a pod.
        settings: by name, durations in seconds; see the scenarios that come along.
    """

    what: str
    namespace: str
    workload: str = ""
    container: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)

    def seconds(self, name: str) -> float:
        """A duration."""
        return float(self.settings.get(name) or 0.0)

    def lines(self) -> tuple[Line, ...]:
        """What the container says."""
        said = self.settings.get("logs") or ()
        return tuple(Line(str(text)) for text in said)


class Trouble(Protocol):
    """What can be done to the API's own face."""

    def refuse(self, code: int) -> None:
        """Answer with this status from now on."""
        ...

    def slow(self, delay_s: float) -> None:
        """Let each answer take so long."""
        ...

    def away(self) -> None:
        """Break off all connections, and take none."""
        ...

    def cut_watches(self) -> None:
        """Break off all watches, once."""
        ...

    def well(self) -> None:
        """Answer as ever."""
        ...


class Faults:
    """The failure that is on at the moment; there is one at most.

    Args:
        store: to know what was there before.
        loop: for what happens later.
        trouble: the API's face.
        lose_node: loses the node that a pod is on, for so many seconds.
    """

    def __init__(
        self, store: Store, loop: Loop, trouble: Trouble, lose_node: Callable[[Object, float], None]
    ) -> None:
        self._store, self._loop = store, loop
        self._trouble, self._lose_node = trouble, lose_node
        self._fault: Fault | None = None
        self._known: frozenset[str] = frozenset()
        self._begun = False
        store.listen(self._changed)

    def strike(self, fault: Fault) -> None:
        """Let it happen from now on."""
        with self._store.lock:
            self._known = frozenset(
                image
                for kind, value in self._store.everything()
                if kind.kind == "Pod" and namespace_of(value) == fault.namespace
                for image in _images(at(value, "spec"))
            )
            self._fault, self._begun = fault, False

    def mend(self) -> None:
        """Let it be over."""
        with self._store.lock:
            self._fault = None
            self._trouble.well()

    def of(self, pod: Object, container: Object, life: int) -> Behaviour | None:
        """What a struck container does; None for all others (the port `Behaviours`)."""
        fault = self._fault
        if fault is None or life < 0 or not self._is_struck(fault, pod):
            return None
        name = str(container.get("name"))
        if fault.what == "init-failing":
            first = _names(at(pod, "spec", "initContainers"))[:1]
            return _ending(fault, "") if [fault.container or (first or [""])[0]] == [name] else None
        mains = _names(at(pod, "spec", "containers"))
        if name != (fault.container or (mains or [""])[0]):
            return None
        play = _PLAYS.get(fault.what)
        return play(fault) if play else None

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """Refuse or change, in place, what is written, where that is the failure.

        Raises:
            ApiError: it is refused.
        """
        fault = self._fault
        if fault is None or how.subresource or namespace_of(value) != fault.namespace:
            return
        if kind.kind == "Pod" and previous is None and self._is_struck(fault, value):
            self._admit_pod(fault, value)
        elif kind.kind in _FROM_CLIENTS and how.manager != _CONTROLLERS and fault.what == "admission-denied":
            template = at(value, "spec", "template", "spec")
            if (not fault.workload or fault.workload == name_of(value)) and self._is_new(template):
                said = fault.settings.get("message") or "denied"
                message = f'admission webhook "policy.rehearsal.trunkline.dev" denied the request: {said}'
                raise ApiError(403, "Forbidden", message)

    def _admit_pod(self, fault: Fault, pod: Object) -> None:
        spec = pod["spec"]
        match fault.what:
            case "quota-exceeded":
                used = sum(
                    1 for kind, value in self._store.everything()
                    if kind.kind == "Pod" and namespace_of(value) == fault.namespace
                )  # fmt: skip
                why = f"exceeded quota: rehearsal, requested: pods=1, used: pods={used}, limited: pods={used}"
                raise forbidden("pods", "", name_of(pod), why)
            case "unschedulable":
                resources = spec["containers"][0].setdefault("resources", {})
                resources["requests"] = {**(resources.get("requests") or {}), "cpu": _BEYOND_ANY_NODE}
                resources.pop("limits", None)
            case "init-failing" if not spec.get("initContainers"):
                first = spec["containers"][0]
                kept = (
                    "image",
                    "imagePullPolicy",
                    "resources",
                    "terminationMessagePath",
                    "terminationMessagePolicy",
                )
                added = {key: first[key] for key in kept if key in first}
                spec["initContainers"] = [{"name": "prepare", "command": ["prepare"], **added}]
            case "never-ready" | "slow-start":
                for container in spec["containers"]:
                    container.setdefault("readinessProbe", {
                        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"}, "timeoutSeconds": 1,
                        "periodSeconds": 1, "successThreshold": 1, "failureThreshold": 3,
                    })  # fmt: skip

    def _changed(self, change: Change) -> None:
        """In the middle of a rollout is when the first pod of it is there."""
        fault = self._fault
        if fault is None or self._begun or change.kind.kind != "Pod" or change.type != "ADDED":
            return
        if not self._is_struck(fault, change.value):
            return
        self._begun = True
        begin, after_s = _TROUBLES.get(fault.what), fault.seconds("after")
        if begin is not None:
            self._loop.call_later(after_s, lambda: begin(self._trouble, fault))
            if fault.seconds("for"):
                self._loop.call_later(after_s + fault.seconds("for"), self._trouble.well)
        elif fault.what == "node-lost":
            self._loop.call_later(max(1.0, fault.seconds("after")), lambda: self._lose(change.value))

    def _lose(self, pod: Object) -> None:
        now = self._store.get(POD, namespace_of(pod), name_of(pod))
        if now is not None:
            self._lose_node(now, self._fault.seconds("for") if self._fault else 0.0)

    def _is_struck(self, fault: Fault, pod: Object) -> bool:
        """Whether a pod is what the fault is meant for: a Job's, such as a hook's, only where it is named."""
        if namespace_of(pod) != fault.namespace or not self._is_new(at(pod, "spec")):
            return False
        owners = owner_references(pod)
        if not fault.workload:
            return not any(item.get("kind") == "Job" for item in owners)
        return any(str(item.get("name", "")).startswith(fault.workload) for item in owners)

    def _is_new(self, spec: Any) -> bool:
        return not set(_images(spec)) <= self._known


def _images(spec: Any) -> list[str]:
    found = [*(at(spec, "initContainers") or ()), *(at(spec, "containers") or ())]
    return [str(item.get("image")) for item in found if isinstance(item, dict)]


def _names(containers: Any) -> list[str]:
    return [str(item.get("name")) for item in containers or () if isinstance(item, dict)]


def _ending(fault: Fault, reason: str) -> Behaviour:
    code = fault.settings.get("exit_code")
    return Behaviour(
        ends_after_s=fault.seconds("after"),
        # What ends at its start never answers before.
        ready_after_s=fault.seconds("after") / 2 if fault.what == "ready-then-failing" else None,
        exit_code=_KILLED if reason else int(1 if code is None else code),
        reason=reason,
        lines=fault.lines(),
    )


def _missing(fault: Fault) -> Behaviour:
    message = f'configmap "{fault.settings.get("missing") or "settings"}" not found'
    return Behaviour(start_reason="CreateContainerConfigError", start_message=message)


_PLAYS: Mapping[str, Callable[[Fault], Behaviour]] = {
    "image-missing": lambda fault: Behaviour(pull="not found"),  # noqa: ARG005 - a play of the same shape as the others
    "image-refused": lambda fault: Behaviour(pull="denied"),  # noqa: ARG005 - as above
    "registry-away": lambda fault: Behaviour(pull="unreachable"),  # noqa: ARG005 - as above
    "crash-loop": lambda fault: _ending(fault, ""),
    "out-of-memory": lambda fault: _ending(fault, "OOMKilled"),
    "configuration-missing": _missing,
    "never-ready": lambda fault: Behaviour(
        ready_after_s=None, readiness_message=str(fault.settings.get("message") or "")
    ),
    "ready-then-failing": lambda fault: _ending(fault, ""),
    "slow-start": lambda fault: Behaviour(ready_after_s=fault.seconds("after")),
}
_TROUBLES: Mapping[str, Callable[[Trouble, Fault], None]] = {
    "api-refusing": lambda trouble, fault: trouble.refuse(int(fault.settings.get("code") or 500)),
    "api-slow": lambda trouble, fault: trouble.slow(fault.seconds("delay")),
    "api-restarting": lambda trouble, fault: trouble.away(),  # noqa: ARG005 - as above
    "watch-cut": lambda trouble, fault: trouble.cut_watches(),  # noqa: ARG005 - as above
}
