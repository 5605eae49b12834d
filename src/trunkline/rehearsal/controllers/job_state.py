"""How a Job stands: how many pods it wants, how long it backs off, and which of its indexes are done. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from trunkline.rehearsal.controllers.readiness import phase_of
from trunkline.rehearsal.controllers.reading import entries, mapping, whole
from trunkline.rehearsal.objects import Object, at, conditions_of, metadata, moment_of

TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
_FIRST_BACKOFF_S = 10.0
_LONGEST_BACKOFF_S = 600.0
_BACKOFF_LIMIT = 6
_MOST_INDEXES = 100_000


def condition_of(job: Object, *types: str) -> dict[str, Any] | None:
    """The first condition of these types that holds."""
    return next(
        (item for item in conditions_of(job) if item.get("type") in types and item.get("status") == "True"),
        None,
    )


def is_finished(job: Object) -> bool:
    """Whether it is complete or has failed."""
    return condition_of(job, "Complete", "Failed") is not None


def is_indexed(job: Object) -> bool:
    """Whether each of its pods has a number of its own."""
    return bool(at(job, "spec", "completionMode") == "Indexed")


def completions(job: Object) -> int | None:
    """How many pods have to succeed, None if one that succeeds ends it."""
    found = at(job, "spec", "completions")
    if isinstance(found, int):
        return found
    return 1 if at(job, "spec", "parallelism") is None else None


def wanted_active(job: Object, succeeded: int, active: int) -> int:
    """How many pods shall run at a time now."""
    parallelism, goal = whole(at(job, "spec", "parallelism"), 1), completions(job)
    if goal is None:
        return active if succeeded else parallelism
    return max(0, min(goal - succeeded, parallelism))


def is_done(job: Object, succeeded: int, active: int) -> bool:
    """Whether enough pods have succeeded."""
    goal = completions(job)
    return succeeded >= goal if goal is not None else succeeded > 0 and active == 0


def is_past_backoff_limit(job: Object, failed: int, active: Iterable[Object]) -> bool:
    """Whether too many pods have failed, or too many of their containers have been restarted."""
    limit = whole(at(job, "spec", "backoffLimit"), _BACKOFF_LIMIT)
    if failed > limit:
        return True
    if at(job, "spec", "template", "spec", "restartPolicy") != "OnFailure":
        return False
    restarts = sum(_restarts(pod) for pod in active)
    return restarts > 0 if limit == 0 else restarts >= limit


def backoff_left_s(pods: Sequence[Object], now: datetime) -> float:
    """Seconds until the next pod may be started: 10, 20, 40 and so on after pods that failed in a row."""
    ended = sorted(
        ((_ended_at(pod), phase_of(pod)) for pod in pods if phase_of(pod) in {"Failed", "Succeeded"}),
        reverse=True,
    )
    failures = 0
    for _, phase in ended:
        if phase == "Succeeded":
            break
        failures += 1
    if not failures:
        return 0.0
    pause_s = min(_FIRST_BACKOFF_S * 2.0 ** min(failures - 1, 10), _LONGEST_BACKOFF_S)
    return max(0.0, pause_s - (now.timestamp() - ended[0][0]))


def index_of(pod: Object) -> int | None:
    """The number of a pod of an indexed Job."""
    text = mapping(pod, "metadata", "annotations").get(INDEX)
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() else None


def free_indexes(job: Object, taken: Iterable[int | None]) -> list[int]:
    """The numbers for which a pod is still to be started."""
    done = {*parsed(at(job, "status", "completedIndexes")), *taken}
    return [number for number in range(min(completions(job) or 0, _MOST_INDEXES)) if number not in done]


def spelled(numbers: Iterable[int]) -> str:
    """Numbers as `status.completedIndexes` spells them: `0-2,5,7-9`."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    # Two in a row are no range to Kubernetes.
    return ",".join(
        (
            f"{run[0]}"
            if len(run) == 1
            else f"{run[0]},{run[1]}"
            if run[1] == run[0] + 1
            else f"{run[0]}-{run[1]}"
        )
        for run in runs
    )


def parsed(text: Any) -> set[int]:
    """The numbers that such a text names."""
    found: set[int] = set()
    for part in str(text or "").split(","):
        first, _, last = part.partition("-")
        if first.isascii() and first.isdigit() and (not last or (last.isascii() and last.isdigit())):
            found.update(range(int(first), min(int(last or first), int(first) + _MOST_INDEXES) + 1))
    return found


def _restarts(pod: Object) -> int:
    statuses = [
        *entries(pod, "status", "containerStatuses"),
        *entries(pod, "status", "initContainerStatuses"),
    ]
    return sum(whole(at(item, "restartCount"), 0) for item in statuses)


def _ended_at(pod: Object) -> float:
    """When the last container of a pod ended, or the next best guess; seconds since the epoch."""
    times = [
        moment
        for item in entries(pod, "status", "containerStatuses")
        if (moment := moment_of(at(item, "state", "terminated", "finishedAt"))) is not None
    ]
    if not times:
        texts = [item.get("lastTransitionTime") for item in conditions_of(pod)]
        texts.append(metadata(pod).get("creationTimestamp"))
        times = [moment for text in texts if text and (moment := moment_of(text)) is not None]
    return max((moment.timestamp() for moment in times), default=0.0)
