"""The one thread on which all controllers work: a queue of keys, and timers on the cluster's clock.

A controller is told a key (a kind, a namespace, a name) and looks itself at what is there: many changes of one object
are one piece of work, and nothing depends on the order of events.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from dataclasses import field
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.store import Change, Place, Store

_LOG = logging.getLogger(__name__)
# A conflict or a quota may be gone a moment later.
_RETRY_S = 1.0
_LONGEST_RETRY_S = 30.0


class Controller(Protocol):
    """Brings what is there closer to what is asked for."""

    def concerned(self, change: Change) -> list[Place]:
        """The places of the objects that this controller has to look at after a change."""
        ...

    def reconcile(self, place: Place) -> None:
        """Look, and do what is next; it is called under the store's lock and must not wait.

        Raises:
            ApiError: the API refused; it is tried again later, less and less often.
        """
        ...


@dataclass(slots=True)
class Timer:
    """Something that is to be done at a time; `cancel` is allowed at any moment, and twice."""

    due: float
    deed: Callable[[], None] | None

    def cancel(self) -> None:
        """Do not do it."""
        self.deed = None


@dataclass(slots=True)
class Loop:
    """Runs controllers and timers of one cluster until it is stopped."""

    store: Store
    clock: Clock
    _controllers: list[Controller] = field(default_factory=list)
    _queue: dict[tuple[int, Place], None] = field(default_factory=dict)
    _tries: dict[tuple[int, Place], int] = field(default_factory=dict)
    _timers: list[tuple[float, int, Timer]] = field(default_factory=list)
    _order: itertools.count[int] = field(default_factory=itertools.count)
    _stopped: bool = False
    _thread: threading.Thread | None = None
    _wake: threading.Condition = field(init=False)

    def __post_init__(self) -> None:
        self._wake = threading.Condition(self.store.lock)
        self.store.listen(self._changed)

    def add(self, controller: Controller) -> None:
        """Let a controller work here."""
        self._controllers.append(controller)

    def call_later(self, delay_s: float, deed: Callable[[], None]) -> Timer:
        """Do something after so many seconds of the cluster's time, under the store's lock."""
        timer = Timer(self.clock.monotonic() + max(0.0, delay_s), deed)
        with self.store.lock:
            heapq.heappush(self._timers, (timer.due, next(self._order), timer))
            self._wake.notify()
        return timer

    def enqueue(self, controller: Controller, place: Place) -> None:
        """Let a controller look at a place soon."""
        with self.store.lock:
            self._queue[self._controllers.index(controller), place] = None
            self._wake.notify()

    def resync(self) -> None:
        """Let every controller look at all that is there: for a cluster that goes on where another one was."""
        with self.store.lock:
            for kind, value in list(self.store.everything()):
                self._changed(Change(self.store.version, "ADDED", kind, value, None))

    def start(self) -> None:
        """Begin to work."""
        self._thread = threading.Thread(target=self._run, name="controllers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, and wait until it has."""
        with self.store.lock:
            self._stopped = True
            self._wake.notify_all()
        if self._thread is not None:
            self._thread.join()

    def settle(self) -> None:
        """Do all that is due now, on the caller's thread: for a cluster whose loop was not started."""
        with self.store.lock:
            while self._step():
                pass

    def next_due(self) -> float | None:
        """When the next timer is due, on the clock's monotonic scale; None if there is none."""
        with self.store.lock:
            while self._timers and self._timers[0][2].deed is None:
                heapq.heappop(self._timers)
            return self._timers[0][0] if self._timers else None

    def _run(self) -> None:
        with self.store.lock:
            while not self._stopped:
                if self._step():
                    # Requests get their turn between any two pieces of work.
                    self.store.lock.release()
                    self.store.lock.acquire()
                    continue
                due = self.next_due()
                self.clock.wait(self._wake, None if due is None else max(0.0, due - self.clock.monotonic()))

    def _step(self) -> bool:
        """Do one piece of work; whether there was any."""
        if self._queue:
            key = next(iter(self._queue))
            del self._queue[key]
            self._reconcile(*key)
            return True
        due = self.next_due()
        if due is None or due > self.clock.monotonic():
            return False
        _, _, timer = heapq.heappop(self._timers)
        deed, timer.deed = timer.deed, None
        if deed is not None:
            self._guarded(deed)
        return True

    def _reconcile(self, number: int, place: Place) -> None:
        controller, key = self._controllers[number], (number, place)
        if self._guarded(lambda: controller.reconcile(place)):
            self._tries.pop(key, None)
            return
        tries = self._tries[key] = self._tries.get(key, 0) + 1
        delay_s = min(_RETRY_S * 2.0 ** min(tries - 1, 10), _LONGEST_RETRY_S)
        self.call_later(delay_s, lambda: self.enqueue(controller, place))

    def _guarded(self, deed: Callable[[], None]) -> bool:
        """Do something; whether it went well. A fault in one controller must not stop the others."""
        try:
            deed()
        except ApiError as error:
            _LOG.debug("a controller was refused: %s", error)
            return False
        except Exception:  # noqa: BLE001 - it is logged, and the rest of the cluster lives on
            _LOG.exception("a controller failed")
            return False
        return True

    def _changed(self, change: Change) -> None:
        for number, controller in enumerate(self._controllers):
            for place in controller.concerned(change):
                self._queue[number, place] = None
        self._wake.notify()
