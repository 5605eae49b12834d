"""A clock that stands still until a test moves it."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

BEGAN = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class ManualClock:
    """Time as a test wants it; `wait` never waits."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    def wait(self, changed: threading.Condition, timeout_s: float | None) -> bool:
        self.passed_s += timeout_s or 0.0
        return False

    def touch(self) -> None:
        pass

    def busy(self) -> AbstractContextManager[None]:
        return nullcontext()

    def advance(self, seconds: float) -> None:
        self.passed_s += seconds
