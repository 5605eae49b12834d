"""Time as a port: a real clock, and one on which nobody waits for nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Protocol

_QUIET_S = 0.01
_QUIET_WHILE_BUSY_S = 0.15
# Who is busy may only be slow: a leap must not carry it past what it is about to wait for.
_LEAP_WHILE_BUSY_S = 1.0


class Clock(Protocol):
    """The cluster's time."""

    def now(self) -> datetime:
        """This moment in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def wait(self, changed: threading.Condition, timeout_s: float | None) -> bool:
        """Wait until the condition, which the caller holds, is notified, or that many seconds have passed.

        Returns:
            Whether it was notified.
        """
        ...

    def touch(self) -> None:
        """Say that something has just happened: a clock that skips idle time lets it settle first."""
        ...

    def busy(self) -> AbstractContextManager[None]:
        """While somebody is at work who will come back to the cluster: a clock that skips time skips little."""
        ...


class RealClock:
    """Time as it passes."""

    def now(self) -> datetime:
        """See the port."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """See the port."""
        return time.monotonic()

    def wait(self, changed: threading.Condition, timeout_s: float | None) -> bool:
        """See the port."""
        return changed.wait(timeout_s)

    def touch(self) -> None:
        """See the port."""

    def busy(self) -> AbstractContextManager[None]:
        """See the port."""
        return nullcontext()


class FastClock:
    """Time that passes as it does while something happens, and skips what everybody only waits for.

    Once nothing was touched for a moment, it jumps to the earliest moment that anybody waits for. While somebody is
    busy outside (`busy`), such as a program that talks to the cluster, that moment of silence is longer and the jump short.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._began = datetime.now(UTC)
        self._origin = time.monotonic()
        self._skipped_s = 0.0
        self._touched = self._origin
        self._busy = 0
        self._deadlines: dict[object, float] = {}

    def now(self) -> datetime:
        """See the port."""
        return self._began + timedelta(seconds=self.monotonic() - self._origin)

    def monotonic(self) -> float:
        """See the port."""
        return time.monotonic() + self._skipped_s

    def touch(self) -> None:
        """See the port."""
        self._touched = time.monotonic()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """While somebody is at work who will come back to the cluster."""
        with self._mutex:
            self._busy += 1
        try:
            yield
        finally:
            with self._mutex:
                self._busy -= 1
            self.touch()

    @contextmanager
    def resting(self) -> Iterator[None]:
        """While somebody who is busy only waits; for who is not, nothing changes."""
        with self._mutex:
            rested = min(1, self._busy)
            self._busy -= rested
        try:
            yield
        finally:
            with self._mutex:
                self._busy += rested

    def wait(self, changed: threading.Condition, timeout_s: float | None) -> bool:
        """See the port."""
        if timeout_s is None:
            return changed.wait()
        ticket, deadline = object(), self.monotonic() + timeout_s
        with self._mutex:
            self._deadlines[ticket] = deadline
        try:
            while (left_s := deadline - self.monotonic()) > 0:
                if changed.wait(min(left_s, _QUIET_S)):
                    return True
                self._skip(deadline)
            return False
        finally:
            with self._mutex:
                del self._deadlines[ticket]

    def _skip(self, deadline: float) -> None:
        """Jump to a deadline, if it is the earliest one and all is quiet."""
        with self._mutex:
            quiet_s = _QUIET_WHILE_BUSY_S if self._busy else _QUIET_S
            if time.monotonic() - self._touched < quiet_s or deadline > min(self._deadlines.values()):
                return
            left_s = max(0.0, deadline - self.monotonic())
            self._skipped_s += min(left_s, _LEAP_WHILE_BUSY_S) if self._busy else left_s
            self._touched = time.monotonic()
