"""A clock that stands still until somebody sleeps on it or moves it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class FakeClock:
    """Implements the port `Clock`; `slept` is what was asked of it."""

    def __init__(self, start: datetime = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) -> None:
        self.slept: list[float] = []
        self._start = start
        self._passed_s = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed_s)

    def monotonic(self) -> float:
        return 1000.0 + self._passed_s

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)

    def wait(self, changed: threading.Condition, timeout_s: float) -> bool:
        return changed.wait(timeout_s)

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._passed_s += seconds
