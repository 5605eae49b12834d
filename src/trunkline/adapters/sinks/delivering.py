"""From messages to a `Delivery`: in batches, halved where a server finds one too large, until time is up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import Enum

from trunkline.dataclass import dataclass
from trunkline.domain.parcels import Message
from trunkline.errors import Unreachable
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery, Trouble

STALE = "it could not be reached before they were too old for it"
_NO_TIME = "no answer in time"


class Meaning(Enum):
    """What an answer means for what was sent."""

    TAKEN = "taken"
    AGAIN = "try it again later"
    SPLIT = "send less at once"
    REFUSED = "it takes nothing with these settings"
    REJECTED = "it will never be taken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request.

    Attributes:
        cause: a few words for a person, without secrets; empty when it was taken.
        wait_s: how long the server asks to wait; None when it does not say.
    """

    meaning: Meaning
    cause: str = ""
    wait_s: float | None = None


TAKEN = Verdict(Meaning.TAKEN)
Send = Callable[[Sequence[Message], float], Verdict]
"""Sends a batch within so many seconds."""


def deliver(
    messages: Sequence[Message], send: Send, clock: Clock, timeout_s: float, *, at_once: int = 1
) -> Delivery:
    """Send messages, `at_once` of them to a request; after trouble nothing more is sent."""
    deadline = clock.monotonic() + timeout_s
    batches = deque(messages[start : start + at_once] for start in range(0, len(messages), at_once))
    taken: set[str] = set()
    hopeless: dict[str, str] = {}
    trouble, verdict = Trouble.NONE, TAKEN
    while batches and trouble is Trouble.NONE:
        if (left_s := deadline - clock.monotonic()) <= 0:
            # Where something was taken, it is only a matter of time.
            trouble = Trouble.NONE if taken or hopeless else Trouble.PASSING
            verdict = Verdict(Meaning.AGAIN, _NO_TIME)
            break
        batch = batches.popleft()
        verdict = _carefully(send, batch, left_s)
        match verdict.meaning:
            case Meaning.TAKEN:
                taken.update(item.id for item in batch)
            case Meaning.AGAIN:
                trouble = Trouble.PASSING
            case Meaning.REFUSED:
                trouble = Trouble.REFUSED
            case _ if len(batch) > 1:
                # One message that is rejected must not take its neighbours along.
                half = len(batch) // 2
                batches.extendleft([batch[half:], batch[:half]])
            case _:
                hopeless[batch[0].id] = verdict.cause
    return Delivery(frozenset(taken), hopeless, trouble, verdict.cause, verdict.wait_s)


def fresh(
    messages: Sequence[Message], now: datetime, oldest_s: float
) -> tuple[list[Message], dict[str, str]]:
    """Those that a server still takes, and why it does not take the others, by id."""
    kept, hopeless = [], {}
    for item in messages:
        if (now - item.parcel.at).total_seconds() > oldest_s:
            hopeless[item.id] = STALE
        else:
            kept.append(item)
    return kept, hopeless


def along_with(delivery: Delivery, hopeless: dict[str, str]) -> Delivery:
    """The same with those that were not even tried."""
    return Delivery(
        delivery.taken, {**delivery.hopeless, **hopeless}, delivery.trouble, delivery.reason, delivery.wait_s
    )


def _carefully(send: Send, batch: Sequence[Message], timeout_s: float) -> Verdict:
    try:
        return send(batch, timeout_s)
    except Unreachable as error:
        return Verdict(Meaning.AGAIN, error.message.rstrip("."))
    except Exception as error:  # noqa: BLE001 - it may quote a header, hence a secret: only its name is told
        return Verdict(Meaning.REJECTED, f"the request could not be made, {type(error).__name__}")
