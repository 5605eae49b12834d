"""The rehearsal's clock, as the rest of Trunkline wants it."""

from __future__ import annotations

import threading
from datetime import datetime

from trunkline.rehearsal.clock import FastClock


class RehearsedTime:
    """The port `Clock` on a cluster's fast clock: whoever sleeps lets idle time be skipped."""

    def __init__(self, clock: FastClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        """See the port."""
        return self._clock.now()

    def monotonic(self) -> float:
        """See the port."""
        return self._clock.monotonic()

    def sleep(self, seconds: float) -> None:
        """See the port."""
        condition = threading.Condition()
        with condition:
            self.wait(condition, seconds)

    def wait(self, changed: threading.Condition, timeout_s: float) -> bool:
        """See the port."""
        with self._clock.resting():
            return self._clock.wait(changed, timeout_s)
