"""`pods/log`: what a container said, and what it goes on to say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from trunkline.rehearsal.api.messages import Answer, Request
from trunkline.rehearsal.api.targets import Desk
from trunkline.rehearsal.errors import ApiError, bad_request, not_found
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.objects import Object, at, microseconds, moment_of, name_of

_TEXT = "text/plain"
_REST_S = 1.0
_LONGEST_PAST_S = 10 * 365 * 86400
Said = tuple[datetime, str]


class Logs(Protocol):
    """What containers say."""

    def read(self, pod: Object, container: str, *, previous: bool) -> list[Said]:
        """The lines of a container's present life, or of the one before."""
        ...


def answer(desk: Desk, logs: Logs, request: Request, namespace: str, name: str) -> Answer:
    """The log that is asked for.

    Raises:
        ApiError: there is no such pod or container, or it has said nothing yet.
    """
    pod = desk.store.get(POD, namespace, name)
    if pod is None:
        raise not_found("pods", "", name)
    container = _container(pod, request.query.get("container", ""))
    previous = request.flag("previous")
    _check_ran(pod, container, previous=previous)
    lines = logs.read(pod, container, previous=previous)
    since, tail = _since(request, desk.now()), request.number("tailLines")
    if since is not None:
        lines = [line for line in lines if line[0] >= since]
    if tail is not None and tail >= 0:
        lines = lines[-tail:] if tail else []
    stamps = request.flag("timestamps")
    text = _text(lines, stamps=stamps)
    limit = request.number("limitBytes")
    if limit is not None:
        text = text[: max(0, limit)]
    if not request.flag("follow") or previous:
        return Answer(200, text, _TEXT)
    return Answer(200, content_type=_TEXT, parts=_follow(desk, logs, pod, container, text, stamps=stamps))


def _follow(
    desk: Desk, logs: Logs, pod: Object, container: str, first: bytes, *, stamps: bool
) -> Iterator[bytes]:
    epoch, told = desk.gate.epoch, len(logs.read(pod, container, previous=False))
    yield first
    while desk.gate.epoch == epoch:
        lines = logs.read(pod, container, previous=False)
        if len(lines) > told:
            yield _text(lines[told:], stamps=stamps)
        told = len(lines)
        with desk.store.lock:
            now = desk.store.get(POD, str(at(pod, "metadata", "namespace") or ""), name_of(pod))
            if now is None or not at(_status(now, container), "state", "running"):
                return
            desk.store.changed.wait(_REST_S)


def _since(request: Request, now: datetime) -> datetime | None:
    since_s = request.number("sinceSeconds")
    if since_s is None:
        return moment_of(request.query["sinceTime"]) if request.query.get("sinceTime") else None
    if since_s <= 0:
        said = f'PodLogOptions "" is invalid: sinceSeconds: Invalid value: {since_s}: must be greater than 0'
        raise ApiError(422, "Invalid", said)
    return now - timedelta(seconds=min(since_s, _LONGEST_PAST_S))


def _text(lines: list[Said], *, stamps: bool) -> bytes:
    return "".join(
        f"{microseconds(moment)} {text}\n" if stamps else f"{text}\n" for moment, text in lines
    ).encode()


def _container(pod: Object, asked: str) -> str:
    names = [
        str(item.get("name"))
        for key in ("containers", "initContainers", "ephemeralContainers")
        for item in at(pod, "spec", key) or ()
    ]
    mains = [str(item.get("name")) for item in at(pod, "spec", "containers") or ()]
    if asked:
        if asked not in names:
            raise bad_request(f"container {asked} is not valid for pod {name_of(pod)}")
        return asked
    if len(mains) == 1:
        return mains[0]
    said = f"a container name must be specified for pod {name_of(pod)}, choose one of: [{' '.join(mains)}]"
    raise bad_request(said)


def _status(pod: Object, container: str) -> Object:
    for key in ("containerStatuses", "initContainerStatuses"):
        for status in at(pod, "status", key) or ():
            if status.get("name") == container:
                return dict(status)
    return {}


def _check_ran(pod: Object, container: str, *, previous: bool) -> None:
    status = _status(pod, container)
    if previous:
        if not at(status, "lastState", "terminated"):
            raise bad_request(
                f'previous terminated container "{container}" in pod "{name_of(pod)}" not found'
            )
        return
    state = at(status, "state") or {}
    if "running" in state or "terminated" in state or at(status, "lastState", "terminated"):
        return
    reason = at(state, "waiting", "reason") or "ContainerCreating"
    words = {
        "ErrImagePull": "trying and failing to pull image",
        "ImagePullBackOff": "trying and failing to pull image",
    }.get(reason, reason)
    raise bad_request(f'container "{container}" in pod "{name_of(pod)}" is waiting to start: {words}')
