"""What a container does, as data: how its image is pulled, how it starts, lives, answers and ends."""

from __future__ import annotations

from typing import Literal, Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.objects import Object

Pull = Literal[
    "ok", "not found", "denied", "unauthorized", "forbidden", "broken", "unreachable", "unknown host"
]
"""What comes of pulling an image: `denied` is what a public registry says of what one may not see; `broken` is a 500."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a container's log, so many seconds after its start."""

    text: str
    at_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One life of a container.

    Attributes:
        pull: what becomes of pulling its image.
        pull_s: how long the pull takes where the image is not on the node yet.
        failing_pulls: how many pulls fail, with a registry that is out of order, before that comes of it.
        start_reason: why it cannot be started, such as CreateContainerConfigError or RunContainerError; empty if it can.
        start_message: what the kubelet says then.
        ends_after_s: when it ends by itself, None for never.
        exit_code: how it ends.
        reason: of that end where it is neither Error nor Completed, such as OOMKilled.
        lines: what it says.
        ready_after_s: when its readiness probe passes first, None for never; a container without one is ready at once.
        readiness_message: what the probe says while it fails.
        unready_after_s: when its readiness probe begins to fail, None for never.
        started_after_s: when its startup probe passes, None for never.
        liveness_after_s: when its liveness probe begins to fail, None for never.
        ignores_sigterm: whether it uses up its grace when it is to end.
    """

    pull: Pull = "ok"
    pull_s: float = 1.0
    failing_pulls: int = 0
    start_reason: str = ""
    start_message: str = ""
    ends_after_s: float | None = None
    exit_code: int = 0
    reason: str = ""
    lines: tuple[Line, ...] = ()
    ready_after_s: float | None = 0.0
    readiness_message: str = "HTTP probe failed with statuscode: 503"
    unready_after_s: float | None = None
    started_after_s: float | None = 0.0
    liveness_after_s: float | None = None
    ignores_sigterm: bool = False


class Behaviours(Protocol):
    """Says what containers do."""

    def of(self, pod: Object, container: Object, life: int) -> Behaviour | None:
        """What a container (of the pod's spec) does in one of its lives, counted from 0; None if nothing is said of it."""
        ...
