"""Waiting for a scan: asks again and again, ever more slowly, until there is an end or the time is over.

What may pass is waited for: a queue, a scanner that is down, a server that limits us or does not answer, and a failure
for as long as Quay is likely to try again. What cannot change ends the wait at once.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from trunkline.config.project import ImageSettings
from trunkline.domain.durations import format_duration
from trunkline.domain.images import ImageReference
from trunkline.domain.vulnerabilities import Look, ScanState
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Clock
from trunkline.ports.scanners import RETRY_AFTER, Scanner

_FIRST_S = 2.0
_LONGEST_S = 15.0
_GROWTH = 1.5
# A pause is this part shorter or longer, by chance: many pipelines that began together must not ask together.
_SPREAD = 0.2
# Quay's worker comes round every half a minute; what it has left failed for three rounds stays so.
_FAILED_FOR_S = 90.0
_HEARTBEAT_S = 60.0
# Less is no time: sums of fractions do not meet the limit exactly.
_INSTANT_S = 0.001
_MOVING = frozenset({ScanState.QUEUED, ScanState.FAILED, ScanState.SCANNER_DOWN})
_WORDS = {
    ScanState.QUEUED: "the scan is queued",
    ScanState.FAILED: "the scan failed; it may be tried again",
    ScanState.SCANNER_DOWN: "the scanner does not answer",
}


def await_scan(
    scanner: Scanner,
    image: ImageReference,
    settings: ImageSettings,
    clock: Clock,
    timeout_s: float,
    on_progress: Callable[[str], None],
    chance: Callable[[], float] = random.random,
) -> Look:
    """Look until the scan is done, cannot be done, or `timeout_s` is over; then the last look, which says so.

    Args:
        scanner: who knows.
        image: with its digest.
        settings: the image's.
        clock: to wait by.
        timeout_s: 0 looks once.
        on_progress: is told of each change, and once a minute that nothing has changed.
        chance: a number from 0 to 1.

    Raises:
        Refused: the scanner does not let us in.
        Unreachable: it never answered in all the time.
    """
    wait = _Wait(clock, timeout_s, on_progress, chance)
    while True:
        wished_s = 0.0
        try:
            wait.saw(scanner.look(image, settings))
        except Refused:
            raise
        except Unreachable as error:
            wait.missed(error)
            wished_s = _wished(error)
        if wait.is_over():
            return wait.result()
        wait.pause(wished_s)


class _Wait:
    """One wait: what was seen last, since when, and what was told of it."""

    def __init__(
        self, clock: Clock, timeout_s: float, tell: Callable[[str], None], chance: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._timeout_s = timeout_s
        self._tell = tell
        self._chance = chance
        self._began_s = clock.monotonic()
        self._look: Look | None = None
        self._trouble: Unreachable | None = None
        self._failed_since_s: float | None = None
        self._told = ""
        self._told_s = self._began_s
        self._pause_s = _FIRST_S

    def saw(self, look: Look) -> None:
        """There is an answer."""
        self._look, self._trouble = look, None
        if look.state is not ScanState.FAILED:
            self._failed_since_s = None
        elif self._failed_since_s is None:
            self._failed_since_s = self._clock.monotonic()
        if look.state in _MOVING:
            self._report(_WORDS[look.state])

    def missed(self, trouble: Unreachable) -> None:
        """There is none."""
        self._trouble = trouble
        self._report(trouble.message.rstrip("."))

    def is_over(self) -> bool:
        """Whether asking again cannot change anything, or may not be done."""
        if self._timeout_s - self._passed_s() < _INSTANT_S:
            return True
        if self._look is None or self._trouble is not None:
            return False
        return self._look.state not in _MOVING or self._stays_failed()

    def result(self) -> Look:
        """The last look, with what there is to say of the wait.

        Raises:
            Unreachable: there was none.
        """
        look, trouble = self._look, self._trouble
        if look is None:
            assert trouble is not None  # noqa: S101 - one of both is set before anybody asks
            raise trouble
        if look.state not in _MOVING:
            return look
        parts = [look.detail.rstrip(".")]
        parts.append(f"waited {format_duration(self._passed_s())}")
        if trouble is not None:
            parts.append(f"at last: {trouble.message.rstrip('.')}")
        return replace(look, detail="; ".join(part for part in parts if part))

    def pause(self, wished_s: float) -> None:
        """Wait for the next question; `wished_s` is what the server asked for at least."""
        spread = 1 + _SPREAD * (2 * self._chance() - 1)
        pause_s = max(self._pause_s * spread, wished_s)
        self._pause_s = min(self._pause_s * _GROWTH, _LONGEST_S)
        self._clock.sleep(min(pause_s, self._timeout_s - self._passed_s()))

    def _passed_s(self) -> float:
        return self._clock.monotonic() - self._began_s

    def _stays_failed(self) -> bool:
        since = self._failed_since_s
        return since is not None and self._clock.monotonic() - since >= _FAILED_FOR_S

    def _report(self, word: str) -> None:
        now_s = self._clock.monotonic()
        if word != self._told:
            self._tell(word)
        elif now_s - self._told_s >= _HEARTBEAT_S:
            waited, limit = format_duration(self._passed_s()), format_duration(self._timeout_s)
            self._tell(f"{word}: {waited} of at most {limit}")
        else:
            return
        self._told, self._told_s = word, now_s


def _wished(error: Unreachable) -> float:
    wished = error.facts.get(RETRY_AFTER)
    return float(wished) if isinstance(wished, int | float) else 0.0
