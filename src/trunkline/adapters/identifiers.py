"""Identifiers of runs, attempts, approvals and deployments: they sort by the time at which they were made.

Each is a UUIDv7 (RFC 9562, section 5.7) spelled as 26 lower-case digits of Crockford's base 32, which keeps
its order, has no letters that people mistake for digits, and needs no quoting anywhere.
"""

from __future__ import annotations

import os
import threading
from datetime import UTC, datetime, timedelta

from trunkline.ports import Clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_LENGTH = 26
_RANDOM_BITS = 74
_STEP_BITS = 32
_VERSION = 7
_VARIANT = 0b10


class Sequence:
    """The last identifier that was given out, so that the next one is greater; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._milliseconds = -1
        self._random = 0

    def next(self, milliseconds: int) -> tuple[int, int]:
        """The milliseconds and the 74 random bits of the next identifier.

        Within one millisecond, or when the clock went back, the random part grows by a random step (RFC 9562,
        section 6.2, method 2); should it overflow, the milliseconds go on by one.
        """
        with self._lock:
            if milliseconds > self._milliseconds:
                self._milliseconds, self._random = milliseconds, _random(_RANDOM_BITS)
            else:
                self._random += 1 + _random(_STEP_BITS)
                if self._random >> _RANDOM_BITS:
                    self._milliseconds, self._random = self._milliseconds + 1, _random(_RANDOM_BITS)
            return self._milliseconds, self._random


_OF_THIS_PROCESS = Sequence()


def new_id(clock: Clock, sequence: Sequence = _OF_THIS_PROCESS) -> str:
    """An identifier that nobody else has, greater than any that this process made before.

    Args:
        clock: tells the time that it begins with.
        sequence: what it must be greater than; a test may bring its own.
    """
    milliseconds, random = sequence.next(max(0, (clock.now() - _EPOCH) // _MILLISECOND))
    high, low = random >> 62, random & ((1 << 62) - 1)
    number = milliseconds << 80 | _VERSION << 76 | high << 64 | _VARIANT << 62 | low
    return "".join(_DIGITS[number >> shift & 31] for shift in range(5 * (_LENGTH - 1), -1, -5))


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom((bits + 7) // 8)) & ((1 << bits) - 1)
