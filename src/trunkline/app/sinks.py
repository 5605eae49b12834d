"""Looking after the sinks: how things stand, whether each of them takes a measurement, and what it never took."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.measurements import Labels, trial_measurements
from trunkline.domain.parcels import Lost, Message, Origin, Parcel
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery, Outbox, Sink, address_of

_TIMEOUT_S = 5.0
_NOT_TRIED = "not tried: a test would count as a deployment there"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand for a sink.

    Attributes:
        configured: whether this project sends there; others that share the ledger may.
        delivered: since a day.
        oldest: when what waits the longest was written.
    """

    sink: str
    server: str
    configured: bool
    waiting: int
    delivered: int
    undeliverable: int
    reason: str
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What came back from a sink; `good` is None where nothing was sent."""

    sink: str
    server: str
    good: bool | None
    answer: str


@dataclass(frozen=True, slots=True)
class LostOne:
    """A measurement that cannot be delivered."""

    at: datetime
    sink: str
    server: str
    what: str
    reason: str


def standings(outbox: Outbox, sinks: Sequence[Sink]) -> tuple[Standing, ...]:
    """How things stand for each sink that is configured, or has messages in the ledger."""
    queues = {queue.sink: queue for queue in outbox.queues()}
    ours = [address_of(sink) for sink in sinks]
    found = []
    for address in [*ours, *(other for other in queues if other not in ours)]:
        name, _, server = address.partition(" ")
        queue = queues.get(address)
        counts = (queue.waiting, queue.delivered, queue.undeliverable) if queue else (0, 0, 0)
        reason, oldest = (queue.reason, queue.oldest) if queue else ("", None)
        found.append(Standing(name, server, address in ours, *counts, reason, oldest))
    return tuple(found)


def lost_ones(outbox: Outbox, limit: int) -> tuple[LostOne, ...]:
    """What cannot be delivered, newest first."""
    return tuple(_lost(item) for item in outbox.lost(limit=limit))


def try_sinks(
    sinks: Sequence[Sink], clock: Clock, labels: Labels, origin: Origin, marker: str
) -> tuple[Trial, ...]:
    """Send a measurement to each, all at the same time, under an id (`marker`) that nobody has used."""
    # Only this needs a pool.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    now = clock.now()
    measured = trial_measurements(labels, now, marker)
    parcel = Parcel(f"test {marker}", now, origin, metrics=measured.metrics, notices=measured.notices)
    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(lambda sink: _try(sink, parcel, now), sinks))


def _try(sink: Sink, parcel: Parcel, now: datetime) -> Trial:
    if not sink.wants(parcel):
        return Trial(sink.name, sink.server, None, _NOT_TRIED)
    message = Message(f"{parcel.id} {address_of(sink)}", address_of(sink), parcel)
    delivery = sink.send([message], now, _TIMEOUT_S)
    if message.id in delivery.taken:
        answer = "it took it" if sink.confirms else "sent; it confirms nothing, so look for it there"
        return Trial(sink.name, sink.server, True, answer)
    return Trial(sink.name, sink.server, False, _why(delivery, message))


def _why(delivery: Delivery, message: Message) -> str:
    return delivery.hopeless.get(message.id) or delivery.reason or "no answer in time"


def _lost(item: Lost) -> LostOne:
    name, _, server = item.sink.partition(" ")
    parcel = item.parcel
    if parcel.notices:
        what = parcel.notices[0].title
    elif parcel.attempt is not None:
        what = " ".join(
            filter(None, (parcel.attempt.stage, parcel.attempt.service, parcel.attempt.environment))
        )
    else:
        what = parcel.id
    return LostOne(parcel.at, name, server, what, item.reason)
