"""Time."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, so that tests can own it."""

    def now(self) -> datetime:
        """This moment in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def wait(self, changed: threading.Condition, timeout_s: float) -> bool:
        """Wait until the condition, which the caller holds, is notified, or that many seconds have passed.

        Returns:
            Whether it was notified.
        """
        ...
