"""What waits to be told, and who is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.parcels import Lost, Message, Parcel, Queue, Settlement, message


class Outbox(Protocol):
    """The messages that sinks have yet to take; they are put into it with what they tell of, by `Ledger`.

    Raises (each method):
        Unreachable: it cannot be read or written.
    """

    def claim(self, sink: str, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        """The oldest messages for a sink that may be tried now; nobody else gets them before `until`."""
        ...

    def settle(self, settlements: Iterable[Settlement], now: datetime) -> None:
        """Write down what became of messages."""
        ...

    def queues(self) -> tuple[Queue, ...]:
        """How things stand, by sink."""
        ...

    def lost(self, sink: str = "", limit: int = 50) -> tuple[Lost, ...]:
        """What could not be delivered, newest first."""
        ...


class Trouble(Enum):
    """Why a sink did not take what it was sent."""

    NONE = "none"
    PASSING = "it may be taken later"
    REFUSED = "nothing is taken until a person has mended the settings"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a sink did with messages; those that are neither taken nor hopeless stay.

    Attributes:
        taken: their ids.
        hopeless: the ids of those that it will never take, each with the reason.
        reason: why the others stay, in a few words without secrets.
        wait_s: how long the sink asks to be left alone; None when it does not say.
    """

    taken: frozenset[str] = frozenset()
    hopeless: dict[str, str] = field(default_factory=dict)
    trouble: Trouble = Trouble.NONE
    reason: str = ""
    wait_s: float | None = None


class Sink(Protocol):
    """Somewhere measurements go to. It sends once; when to try again is not its business.

    Attributes:
        name: what a person calls it, such as `datadog-metrics`.
        server: host and port, or the path of a socket, for messages.
        one_per_second: whether it keeps the last value of a series and a second only.
        at_once: how many messages it takes in one call at most.
        confirms: whether its server answers at all; over UDP none does.
    """

    @property
    def name(self) -> str:
        """See above."""
        ...

    @property
    def server(self) -> str:
        """See above."""
        ...

    @property
    def one_per_second(self) -> bool:
        """See above."""
        ...

    @property
    def at_once(self) -> int:
        """See above."""
        ...

    @property
    def confirms(self) -> bool:
        """See above."""
        ...

    def wants(self, parcel: Parcel) -> bool:
        """Whether it has any use for it."""
        ...

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """Send these, within about `timeout_s` seconds. Must not raise."""
        ...


def messages_for(sinks: Iterable[Sink], parcel: Parcel) -> tuple[Message, ...]:
    """A message for each sink that has a use for the parcel."""
    return tuple(
        message(address_of(sink), parcel, one_per_second=sink.one_per_second)
        for sink in sinks
        if sink.wants(parcel)
    )


def address_of(sink: Sink) -> str:
    """The sink's name in the outbox: with its server, as another project may send to another one."""
    return f"{sink.name} {sink.server}"
