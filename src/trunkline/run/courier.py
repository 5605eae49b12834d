"""Takes messages from the outbox to their sinks, while a command goes on and for a moment at its end.

Each sink has a daemon thread of its own, made when there is something to tell, so that one that hangs keeps nobody
back. What a sink does not take stays in the outbox, for a later command or `trunkline sinks flush`; a command is told
of it in one sentence and goes on. Whatever happens here, a deployment does not notice.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from trunkline.dataclass import dataclass
from trunkline.domain.parcels import Fate, Message, Settlement
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError
from trunkline.events import Event, Failed, Finished, Started
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery, Outbox, Sink, Trouble, address_of

# One try takes at most this long; who claimed a message and has died since lets go of it somewhat later.
_TIMEOUT_S = 5.0
_CLAIM_S = 15.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 30.0
# How often in a row a sink is tried once the command has nothing else to do.
_TRIES = 5
_NO_ANSWER = "no answer in time"
_ELSEWHERE = "another command has it in hand, or was stopped less than 15 seconds ago"


@dataclass(frozen=True, slots=True)
class Report:
    """What a sink did in this command.

    Attributes:
        left: whether something stays in the outbox.
        reason: why, or why some of it will never be delivered.
    """

    sink: Sink
    delivered: int
    hopeless: int
    left: bool
    reason: str


class Courier:
    """Implements the port `Listener`: goes to work when an attempt began or has ended.

    Args:
        outbox: not shared with anybody who must not wait.
        warn: takes a sentence about what could not be delivered, during `close`.
    """

    def __init__(
        self,
        outbox: Outbox,
        sinks: Sequence[Sink],
        clock: Clock,
        redactor: Redactor,
        warn: Callable[[str], None],
    ) -> None:
        self._outbox = outbox
        self._rounds = [_Round(outbox, sink, clock) for sink in sinks]
        self._clock, self._redactor, self._warn = clock, redactor, warn
        self._closed = False

    def on_event(self, event: Event) -> None:
        """See the port."""
        if isinstance(event, (Started, Finished, Failed)):
            self.go()

    def go(self) -> None:
        """There may be something to deliver."""
        for one in self._rounds:
            one.go()

    def close(self, deadline_s: float) -> None:
        """See the port: warns of what is not delivered by then."""
        if self._closed:
            return
        self._closed = True
        reports = self._finish([one for one in self._rounds if one.is_at_work], deadline_s)
        for sentence in account(reports):
            self._warn(self._redactor.text(sentence))

    def flush(self, deadline_s: float) -> list[Report]:
        """Deliver all that waits, as far as it is taken within that time."""
        self._closed = True
        self.go()
        reports = self._finish(self._rounds, deadline_s)
        waiting = {queue.sink: queue.waiting for queue in self._outbox.queues()}
        # Another command may have claimed what is left, and be gone: it is tried again once its time is up.
        return [
            replace(report, left=True, reason=report.reason or _ELSEWHERE)
            if not report.left and waiting.get(address_of(report.sink))
            else report
            for report in reports
        ]

    def _finish(self, rounds: Sequence[_Round], deadline_s: float) -> list[Report]:
        deadline = self._clock.monotonic() + deadline_s
        for one in rounds:
            one.hurry(deadline)
        for one in rounds:
            one.wait(max(0.0, deadline - self._clock.monotonic()))
        return [one.report() for one in rounds]


class _Round:
    """One sink's thread."""

    def __init__(self, outbox: Outbox, sink: Sink, clock: Clock) -> None:
        self._outbox, self._sink, self._clock = outbox, sink, clock
        self._address = address_of(sink)
        self._done = threading.Event()
        # `_changed` guards everything below.
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._called = False
        self._deadline: float | None = None
        self._delivered = self._hopeless = self._tries = 0
        self._not_before = 0.0
        self._told_to_wait = self._refused = self._left = False
        self._reason = self._lost_reason = ""

    @property
    def is_at_work(self) -> bool:
        return self._thread is not None

    def go(self) -> None:
        """There may be something to deliver."""
        with self._changed:
            self._called = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._sink.name, daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def hurry(self, deadline: float) -> None:
        """Nothing more will come; be done by then."""
        with self._changed:
            self._deadline = deadline
            self._tries = min(self._tries, _TRIES - 1)
            if not self._told_to_wait:
                self._not_before = 0.0
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end."""
        self._done.wait(timeout_s)

    def report(self) -> Report:
        with self._changed:
            over = self._done.is_set()
            left = self._left or not over
            reason = (self._reason or _NO_ANSWER) if left else self._lost_reason
            return Report(self._sink, self._delivered, self._hopeless, left, reason)

    def _work(self) -> None:
        try:
            while (timeout_s := self._next()) is not None:
                self._deliver(timeout_s)
        except TrunklineError as error:
            self._stumble(error.message.rstrip("."))
        except Exception as error:  # noqa: BLE001 - a fault in telling must never stop what is told of
            self._stumble(f"a fault of Trunkline, {type(error).__name__}")
        finally:
            self._done.set()

    def _stumble(self, reason: str) -> None:
        with self._changed:
            self._left, self._reason = True, reason

    def _next(self) -> float | None:
        """How long the next try may take; waits until there is reason for one, None when there will be none."""
        with self._changed:
            while not self._refused:
                now = self._clock.monotonic()
                if self._deadline is not None and not self._is_worth_it(now):
                    return None
                pause_s = self._not_before - now if self._called else None
                if pause_s is not None and pause_s <= 0:
                    return _TIMEOUT_S if self._deadline is None else min(_TIMEOUT_S, self._deadline - now)
                self._changed.wait(pause_s)
            return None

    def _is_worth_it(self, now: float) -> bool:
        deadline = self._deadline or 0.0
        return self._called and now < deadline and self._tries < _TRIES and self._not_before < deadline

    def _deliver(self, timeout_s: float) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=_CLAIM_S)
        with self._changed:
            self._called = False
        messages = self._outbox.claim(self._address, now, until, self._sink.at_once)
        with self._changed:
            self._left = bool(messages)
        if not messages:
            return
        delivery = self._sink.send(messages, now, timeout_s)
        self._outbox.settle(list(_settlements(messages, delivery, self._clock)), self._clock.now())
        with self._changed:
            self._learn(messages, delivery)

    def _learn(self, messages: Sequence[Message], delivery: Delivery) -> None:
        settled = len(delivery.taken) + len(delivery.hopeless)
        self._delivered += len(delivery.taken)
        self._hopeless += len(delivery.hopeless)
        self._lost_reason = next(iter(delivery.hopeless.values()), self._lost_reason)
        self._left = settled < len(messages)
        # There may be more than the sink takes at once, and what it did not take now is due again.
        self._called = True
        if delivery.trouble is Trouble.NONE:
            self._tries, self._not_before, self._told_to_wait, self._reason = 0, 0.0, False, ""
            return
        self._reason = delivery.reason
        self._refused = delivery.trouble is Trouble.REFUSED
        # Jitter, so that the jobs of a busy CI do not come back all at once.
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self._tries, 10)) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
        self._told_to_wait = delivery.wait_s is not None
        self._not_before = self._clock.monotonic() + (pause_s if delivery.wait_s is None else delivery.wait_s)
        self._tries += 1


def account(reports: Sequence[Report]) -> list[str]:
    """A sentence for each cause of which a person should know, however many sinks share it."""
    said: dict[tuple[str, bool, str], list[str]] = {}
    for report in reports:
        if report.left or report.hopeless:
            said.setdefault((report.sink.server, report.left, report.reason), []).append(report.sink.name)
    sentences = []
    for (server, left, reason), names in said.items():
        who = f"{' and '.join(names)} at {server}"
        because = f" ({reason})" if reason else ""
        sentences.append(
            f"{who} did not take all measurements{because}: what is left stays in the ledger for the next command"
            " or `trunkline sinks flush`; the deployment is not affected."
            if left
            else f"{who} will never take some measurements{because}: `trunkline sinks lost` names them;"
            " the deployment is not affected."
        )
    return sentences


def _settlements(messages: Sequence[Message], delivery: Delivery, clock: Clock) -> list[Settlement]:
    # A little early, as the clock of the pause is another one.
    again = clock.now() + timedelta(seconds=max(0.0, (delivery.wait_s or 0.0) - 0.05))
    return [
        Settlement(item.id, Fate.DELIVERED)
        if item.id in delivery.taken
        else Settlement(item.id, Fate.UNDELIVERABLE, delivery.hopeless[item.id])
        if item.id in delivery.hopeless
        else Settlement(item.id, Fate.WAITING, delivery.reason, again)
        for item in messages
    ]
