"""Follows the log of one container through all its lives, one after another.

A line is told from those already passed on by its timestamp and its place among lines of the same one, so that
neither a broken connection nor a restart repeats or loses lines.
"""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.logs import SILENCE_S, log_path
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError
from trunkline.expressions import expression
from trunkline.ports import Clock, LogLine

PAUSE_S = 1.0
REFUSED = {401, 403}
_STAMP = expression(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?", re.ASCII)
_QUEUED = 1000


@dataclass(frozen=True, slots=True)
class ContainerState:
    """What a pod's status says of one container; ids are those of its lives.

    Attributes:
        over: there is nothing more to come.
    """

    current: str = ""
    previous: str = ""
    running: bool = False
    over: bool = True


@dataclass(slots=True)
class Relay:
    """What the threads share: where to read, the way to the reader, and the sign to stop."""

    client: KubernetesClient
    clock: Clock
    redactor: Redactor
    namespace: str
    ended: threading.Event = field(default_factory=threading.Event)
    out: queue.Queue[LogLine | TrunklineError] = field(default_factory=lambda: queue.Queue(_QUEUED))

    def put(self, item: LogLine | TrunklineError) -> None:
        """Pass on a line, or what ends everything; waits for the reader, but not for one who has left."""
        while not self.ended.is_set():
            try:
                self.out.put(item, timeout=PAUSE_S)
            except queue.Full:
                continue
            break


class ContainerLog:
    """All lives of one container; its thread begins with the first state that is seen."""

    def __init__(self, relay: Relay, pod: str, container: str, tail: int | None, heard: str = "") -> None:
        self._relay = relay
        self._pod = pod
        self._container = container
        self._tail = tail
        self._changed = threading.Condition()
        self._state: ContainerState | None = None
        self._position: tuple[tuple[int, int], int] | None = None
        self._opened_at: datetime | None = None
        # Lives that were read to their end, or that were over before anybody asked.
        self._heard = {"", heard}

    def see(self, state: ContainerState) -> None:
        """Take note of the container's state."""
        with self._changed:
            first, self._state = self._state is None, state
            self._changed.notify_all()
        if first:
            name = f"log of {self._pod} {self._container}"
            threading.Thread(target=self._run, name=name, daemon=True).start()

    def _run(self) -> None:
        while not self._relay.ended.is_set():
            with self._changed:
                state = self._state
                if state is None:
                    return
                if state.previous not in self._heard | {state.current}:
                    life, previous = state.previous, True
                elif state.current not in self._heard:
                    life, previous = state.current, False
                elif state.over:
                    return
                else:
                    self._changed.wait(PAUSE_S)
                    continue
            if not self._read(life, previous=previous):
                return

    def _read(self, life: str, *, previous: bool) -> bool:
        """Read one life as far as it goes; whether there may be more to read."""
        try:
            for line in self._lines(previous=previous):
                self._relay.put(line)
                if self._relay.ended.is_set():
                    return False
        except TrunklineError as error:
            code = error.code if isinstance(error, ApiError) else 0
            if code in REFUSED:
                self._relay.put(error)
                return False
            if code and previous:
                # The log of that life is not kept any more.
                self._heard.add(life)
                return True
            with self._changed:
                if code and self._state is not None and self._state.over:
                    return False
                self._changed.wait(PAUSE_S)
            return True
        with self._changed:
            if not previous and self._lives(life):
                # The end of its log often comes before the news of its end.
                self._changed.wait(PAUSE_S)
            if previous or not self._lives(life):
                self._heard.add(life)
        return True

    def _lives(self, life: str) -> bool:
        return self._state is not None and self._state.running and self._state.current == life

    def _lines(self, *, previous: bool) -> Iterator[LogLine]:
        """The lines that were not passed on before."""
        query = {
            "container": self._container,
            "timestamps": "true",
            "previous": "true" if previous else "",
            "follow": "" if previous else "true",
            **self._since(),
        }
        client, redactor = self._relay.client, self._relay.redactor
        with client.lines(log_path(self._relay.namespace, self._pod), query, silence_s=SILENCE_S) as lines:
            self._opened_at = self._opened_at or self._relay.clock.now()
            reached, place = self._position, 0
            last: tuple[int, int] | None = None
            for line in lines:
                moment, text = parse_stamp(line)
                if moment is not None:
                    place = place + 1 if moment == last else 0
                    last = moment
                    if reached is not None and (moment, place) <= reached:
                        continue
                    # From the first new line on all are new, even if the node's clock was set back.
                    reached = None
                    self._position = (moment, place)
                yield LogLine(self._pod, self._container, redactor.text(text))

    def _since(self) -> Mapping[str, str]:
        if self._position is not None:
            moment = datetime.fromtimestamp(self._position[0][0], UTC)
        elif self._tail is None:
            return {}
        elif self._opened_at is None:
            return {"tailLines": str(self._tail)}
        else:
            moment = self._opened_at
        return {"sinceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}


def parse_stamp(line: str) -> tuple[tuple[int, int] | None, str]:
    """The moment (seconds since 1970, nanoseconds) that a log line begins with, and the line's own text."""
    found = _STAMP.match(line)
    if found is None:
        return None, line
    try:
        second = int(datetime.fromisoformat(found[1] + found[3]).timestamp())
    except (ValueError, OverflowError):
        return None, line
    return (second, int((found[2] or "").ljust(9, "0"))), line[found.end() :]


def state_of(pod: Mapping[str, Any], container: str) -> ContainerState | None:
    """What the pod's status says of the container; None as long as it never ran."""
    status = pod.get("status") or {}
    for kind in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for entry in status.get(kind) or ():
            if entry.get("name") == container and entry.get("containerID"):
                ended = (entry.get("lastState") or {}).get("terminated") or {}
                return ContainerState(
                    current=str(entry["containerID"]),
                    previous=str(ended.get("containerID") or ""),
                    running="running" in (entry.get("state") or {}),
                    over=status.get("phase") in {"Succeeded", "Failed"},
                )
    return None
