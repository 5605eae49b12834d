"""One entry of a ledger that is kept in objects: what was written down together, as one JSON object that never changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.ledger_lines import LedgerRecord, dump_record, load_record
from trunkline.domain.parcels import Fate, Message, Settlement
from trunkline.domain.records import dump, load, load_moment, masked

VERSION = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written down together.

    Attributes:
        messages: each with the second that it was given; None where there was none left.
        settlements: messages that are done with.
        settled_at: since when.
    """

    records: tuple[LedgerRecord, ...] = ()
    messages: tuple[tuple[Message, int | None], ...] = ()
    settlements: tuple[Settlement, ...] = ()
    settled_at: datetime | None = None

    def dump(self, hide: Callable[[str], str]) -> bytes:
        """As JSON, with secrets in texts hidden by `hide`."""
        content = {
            "records": [dump_record(masked(item, hide)) for item in self.records],
            "messages": [{**dump(_hidden(item, hide)), "second": second} for item, second in self.messages],
            "settlements": [dump(masked(item, hide)) for item in self.settlements],
            "settled_at": dump(self.settled_at),
        }
        kept = {name: value for name, value in content.items() if value}
        return json.dumps({"trunkline-entry": VERSION, **kept}, separators=(",", ":")).encode()


def parse_entry(content: bytes) -> Entry:
    """What `dump` wrote.

    Raises:
        ValueError: it is none, or of a newer version.
    """
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is no JSON") from None
    if not isinstance(read, dict) or read.get("trunkline-entry") != VERSION:
        raise ValueError("it is no entry that this version reads")
    try:
        return _entry(read)
    except (TypeError, KeyError, AttributeError):
        raise ValueError("it is no entry that this version reads") from None


def _entry(read: Mapping[str, Any]) -> Entry:
    return Entry(
        tuple(load_record(item, "a record") for item in read.get("records", ())),
        tuple((load(Message, item), _second(item["second"])) for item in read.get("messages", ())),
        tuple(load(Settlement, item) for item in read.get("settlements", ())),
        load_moment(str(read["settled_at"])) if "settled_at" in read else None,
    )


def _second(read: Any) -> int | None:
    return None if read is None else int(read)


def _hidden(message: Message, hide: Callable[[str], str]) -> Message:
    parcel = message.parcel.masked(hide)
    return replace(message, id=hide(message.id), sink=hide(message.sink), parcel=parcel)


def is_done(settlement: Settlement) -> bool:
    """Whether nothing more will become of the message."""
    return settlement.fate is not Fate.WAITING
