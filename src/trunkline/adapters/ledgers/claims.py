"""Small objects by which machines keep out of each other's way: who has a message, and whose a second is."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from trunkline.adapters.ledgers.entries import is_done
from trunkline.adapters.ledgers.journal_store import JournalStore, in_words
from trunkline.domain.parcels import Message, Settlement
from trunkline.ports.sources import Changed

_CLAIM, _SECOND = "claim-", "second-"


class Claims:
    """Conditional writes to the store that the entries are in."""

    def __init__(self, store: JournalStore) -> None:
        self._store = store

    def take(self, message: Message, now: datetime, until: datetime) -> datetime | None:
        """None where it is ours; otherwise until when it is somebody else's, as far as that can be said."""
        name = _claim_name(message.id)
        standing = in_words(lambda: self._store.read(name))
        held_until = _held_until(standing.content) if standing else None
        if held_until is not None and held_until > now:
            return held_until
        expected = standing.mark if standing else ""
        try:
            in_words(lambda: self._store.write(name, _until(until), {}, expected))
        except Changed:
            return now
        return None

    def let_go(self, settlement: Settlement, now: datetime) -> None:
        """A message that waits is nobody's before its time; one that is done with needs no claim any more."""
        name = _claim_name(settlement.message_id)
        if is_done(settlement):
            in_words(lambda: self._store.remove(name))
        else:
            in_words(lambda: self._store.write(name, _until(settlement.not_before or now), {}))

    def reserve(self, series: str, second: int, owner: str) -> bool:
        """Whether the second is that message's now; it stays so."""
        name = f"{_SECOND}{series}-{second}"
        content = owner.encode("utf-8", "backslashreplace")
        try:
            in_words(lambda: self._store.write(name, content, {}, ""))
        except Changed:
            return False
        return True


def _claim_name(message_id: str) -> str:
    return f"{_CLAIM}{hashlib.sha256(message_id.encode('utf-8', 'backslashreplace')).hexdigest()[:32]}"


def _until(moment: datetime) -> bytes:
    return json.dumps({"until": moment.timestamp()}).encode()


def _held_until(content: bytes) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(json.loads(content)["until"]), UTC)
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return None
