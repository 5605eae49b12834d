"""An outbox in memory, a part of the fake ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from trunkline.domain.parcels import Fate, Lost, Message, Queue, Settlement, seconds_to_try

LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass
class Slip:
    """A message and where it is on its way."""

    message: Message
    second: int
    fate: Fate = Fate.WAITING
    reason: str = ""
    tries: int = 0
    not_before: datetime = LONG_AGO
    settled_at: datetime = LONG_AGO


@dataclass
class FakeOutbox:
    """What `Outbox` promises, without a lock of its own."""

    slips: dict[str, Slip] = field(default_factory=dict)

    def post(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if message.id in self.slips:
                continue
            at = message.parcel.at
            self.slips = {
                key: slip
                for key, slip in self.slips.items()
                if slip.fate is not Fate.DELIVERED or slip.settled_at >= at - timedelta(days=1)
            }
            wanted = int(at.timestamp())
            taken = {slip.second for slip in self.slips.values() if slip.message.series == message.series}
            free = seconds_to_try(wanted) if message.series else iter([wanted])
            second = next((item for item in free if not message.series or item not in taken), None)
            slip = Slip(message, wanted if second is None else second, settled_at=at)
            if second is None:
                slip.fate = Fate.UNDELIVERABLE
                slip.reason = "so many ended at once that there is no second left for it"
            self.slips[message.id] = slip

    def claim(self, sink: str, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        found = [
            slip
            for slip in self.slips.values()
            if slip.message.sink == sink and slip.fate is Fate.WAITING and slip.not_before <= now
        ][: max(limit, 0)]
        for slip in found:
            slip.not_before = until
        return tuple(self._as_kept(slip) for slip in found)

    def settle(self, settlements: Iterable[Settlement], now: datetime) -> None:
        for item in settlements:
            slip = self.slips.get(item.message_id)
            if slip is None or slip.fate is not Fate.WAITING:
                continue
            slip.fate, slip.reason, slip.settled_at = item.fate, item.reason, now
            slip.not_before = item.not_before or now
            slip.tries += item.fate is Fate.WAITING

    def queues(self) -> tuple[Queue, ...]:
        found = []
        for sink in sorted({slip.message.sink for slip in self.slips.values()}):
            ours = [slip for slip in self.slips.values() if slip.message.sink == sink]
            fates = Counter(slip.fate for slip in ours)
            failed = [slip for slip in ours if slip.reason and slip.fate is not Fate.DELIVERED]
            waiting = [slip.message.parcel.at for slip in ours if slip.fate is Fate.WAITING]
            found.append(
                Queue(
                    sink,
                    fates[Fate.WAITING],
                    fates[Fate.DELIVERED],
                    fates[Fate.UNDELIVERABLE],
                    max(failed, key=lambda slip: slip.settled_at).reason if failed else "",
                    min(waiting, default=None),
                )
            )
        return tuple(found)

    def lost(self, sink: str, limit: int) -> tuple[Lost, ...]:
        ours = [
            Lost(item.message.id, item.message.sink, item.message.parcel, item.reason, item.settled_at)
            for item in reversed(self.slips.values())
            if item.fate is Fate.UNDELIVERABLE and sink in {"", item.message.sink}
        ]
        return tuple(sorted(ours, key=lambda item: item.settled_at, reverse=True)[: max(limit, 0)])

    def _as_kept(self, slip: Slip) -> Message:
        message = slip.message
        parcel = message.parcel
        if slip.second != int(parcel.at.timestamp()):
            parcel = parcel.moved(slip.second)
        return Message(message.id, message.sink, parcel, message.series, slip.tries)
