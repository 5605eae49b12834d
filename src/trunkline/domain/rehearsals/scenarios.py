"""What a scenario says: where a failure strikes, what it is, and how the train is expected to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from trunkline.dataclass import dataclass


class What(StrEnum):
    """A failure that the simulated cluster can play."""

    IMAGE_MISSING = "image-missing"
    IMAGE_REFUSED = "image-refused"
    REGISTRY_AWAY = "registry-away"
    CRASH_LOOP = "crash-loop"
    OUT_OF_MEMORY = "out-of-memory"
    CONFIGURATION_MISSING = "configuration-missing"
    INIT_FAILING = "init-failing"
    NEVER_READY = "never-ready"
    READY_THEN_FAILING = "ready-then-failing"
    SLOW_START = "slow-start"
    UNSCHEDULABLE = "unschedulable"
    QUOTA_EXCEEDED = "quota-exceeded"
    ADMISSION_DENIED = "admission-denied"
    NODE_LOST = "node-lost"
    API_REFUSING = "api-refusing"
    API_SLOW = "api-slow"
    API_RESTARTING = "api-restarting"
    WATCH_CUT = "watch-cut"
    HELM_KILLED = "helm-killed"


class Ending(StrEnum):
    """How a train ends."""

    STOPPED = "stopped"
    DELIVERED = "delivered"


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that a scenario may say about its failure.

    Attributes:
        kind: `duration` (held in seconds), `count`, `text` or `lines`.
        default: of that kind.
    """

    kind: str
    default: Any
    help: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What has to hold at the end.

    Attributes:
        ending: whether the train is to be stopped there, or to come through.
        causes: the causes, one of which has to be named; empty for any.
        undone: whether what was begun has to be taken back.
        within_s: how long it may take from the deployment's start to its end, 0 for as long as it likes.
    """

    ending: Ending = Ending.STOPPED
    causes: tuple[str, ...] = ()
    undone: bool = True
    within_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A failure, the place where it strikes, and what is expected then.

    Attributes:
        environment: where it strikes; empty for the last but one, the place where one would like to be warned.
        workload: the name of a Deployment, StatefulSet, DaemonSet or Job; empty for all of them.
        container: the name of a container; empty for the first one.
        rollout: which deployment to that environment is struck, counted from 1; the first is a healthy one.
        parameters: what this failure knows, by name; what is left out has its default.
    """

    name: str
    what: What
    story: str = ""
    environment: str = ""
    workload: str = ""
    container: str = ""
    rollout: int = 2
    parameters: Mapping[str, Any] = field(default_factory=dict)
    expect: Expectation = Expectation()

    def value(self, name: str) -> Any:
        """A parameter, or its default."""
        return self.parameters.get(name, FAILURES[self.what][name].default)


_LOG = ("starting", "panic: cannot go on")
_INTO = Parameter("duration", 1.0, "how long after the first new pod it begins")
_FOR = Parameter("duration", 8.0, "how long it lasts")
FAILURES: Mapping[What, Mapping[str, Parameter]] = {
    What.IMAGE_MISSING: {},
    What.IMAGE_REFUSED: {},
    What.REGISTRY_AWAY: {},
    What.CRASH_LOOP: {
        "after": Parameter("duration", 1.0, "how long the container lives each time"),
        "exit_code": Parameter("count", 1, "how it ends"),
        "logs": Parameter("lines", _LOG, "its last log lines"),
    },
    What.OUT_OF_MEMORY: {"after": Parameter("duration", 2.0, "how long the container lives each time")},
    What.CONFIGURATION_MISSING: {"missing": Parameter("text", "settings", "the ConfigMap that is not there")},
    What.INIT_FAILING: {
        "exit_code": Parameter("count", 1, "how the init container ends"),
        "logs": Parameter("lines", ("migrating", "cannot reach the database"), "its last log lines"),
    },
    What.NEVER_READY: {
        "message": Parameter(
            "text", "HTTP probe failed with statuscode: 503", "what the readiness probe says"
        ),
    },
    What.READY_THEN_FAILING: {
        "after": Parameter("duration", 2.0, "how long after its start it fails"),
        "exit_code": Parameter("count", 1, "how it ends"),
        "logs": Parameter("lines", ("serving", "lost the database"), "its last log lines"),
    },
    What.SLOW_START: {"after": Parameter("duration", 20.0, "how long it takes to become ready")},
    What.UNSCHEDULABLE: {},
    What.QUOTA_EXCEEDED: {},
    What.ADMISSION_DENIED: {"message": Parameter("text", "images must be signed", "what the webhook says")},
    What.NODE_LOST: {
        "after": _INTO,
        "for": Parameter("duration", 20.0, "how long the node is away"),
    },
    What.API_REFUSING: {
        "after": _INTO,
        "for": _FOR,
        "code": Parameter("count", 500, "the HTTP status, such as 429 or 500"),
    },
    What.API_SLOW: {
        "after": _INTO,
        "for": _FOR,
        "delay": Parameter("duration", 0.3, "how long each answer takes"),
    },
    What.API_RESTARTING: {"after": _INTO, "for": Parameter("duration", 4.0, "how long it is away")},
    What.WATCH_CUT: {"after": _INTO},
    What.HELM_KILLED: {},
}
"""What each failure may be told, by name."""
