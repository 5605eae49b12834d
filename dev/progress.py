"""Owns the plain progress lines of long work: seconds since the start, then what is going on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Lines on stderr, so that stdout carries results alone."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def say(self, text: str) -> None:
        """Print one line, stamped with the seconds since the work began."""
        print(f"[{time.monotonic() - self._start:6.1f}s] {text}", file=sys.stderr, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Print what begins now and, when it took a while, how long it took."""
        began = time.monotonic()
        self.say(text)
        yield
        took = time.monotonic() - began
        if took >= 1:
            self.say(f"{text}: done in {took:.1f}s")
