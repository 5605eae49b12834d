"""The outbox: the one table whose rows change. Delivered messages stay for a day, so that a second stays taken.

What cannot be delivered stays for good, with the reason. All functions work within the caller's transaction.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime, timedelta

from trunkline.adapters.sqlite_ledger.rows import clean, micros, moment
from trunkline.domain.parcels import (
    Fate,
    Lost,
    Message,
    Parcel,
    Queue,
    Settlement,
    seconds_to_try,
)
from trunkline.domain.records import dump, load
from trunkline.domain.redaction import Redactor

_KEPT = timedelta(days=1)
_NO_ROOM = "so many ended at once that there is no second left for it"
_UNREADABLE = "this version cannot read it"


def post(connection: sqlite3.Connection, messages: Iterable[Message], redactor: Redactor) -> None:
    """Add messages; one that is there already stays as it is."""
    for number, message in enumerate(messages):
        at = message.parcel.at
        if number == 0:
            connection.execute(
                "DELETE FROM outbox WHERE fate = 'delivered' AND settled_at < ?", (micros(at - _KEPT),)
            )
        wanted = int(at.timestamp())
        second = _free_second(connection, message.series, wanted) if message.series else wanted
        fate, reason = (Fate.WAITING, "") if second is not None else (Fate.UNDELIVERABLE, _NO_ROOM)
        parcel = message.parcel if second in {None, wanted} else message.parcel.moved(second or wanted)
        written = micros(at)
        connection.execute(
            "INSERT INTO outbox (id, sink, series, second, written_at, fate, tries, reason, not_before,"
            " settled_at, parcel) VALUES (?, ?, ?, ?, ?, ?, 0, ?, 0, ?, ?) ON CONFLICT (id) DO NOTHING",
            (
                clean(message.id, redactor),
                clean(message.sink, redactor),
                message.series if second is not None else "",
                second or wanted,
                written,
                fate,
                reason,
                written,
                json.dumps(redactor.value(dump(parcel)), separators=(",", ":")),
            ),
        )


def claim(
    connection: sqlite3.Connection, sink: str, now: datetime, until: datetime, limit: int
) -> tuple[Message, ...]:
    """See the port `Outbox`. What cannot be read is settled as such."""
    rows = connection.execute(
        "SELECT seq, id, sink, series, tries, parcel FROM outbox"
        " WHERE sink = ? AND fate = 'waiting' AND not_before <= ? ORDER BY seq LIMIT ?",
        (sink, micros(now), max(limit, 0)),
    ).fetchall()
    claimed = []
    for row in rows:
        try:
            parcel = load(Parcel, json.loads(row["parcel"]))
        except (ValueError, RecursionError):
            connection.execute(
                "UPDATE outbox SET fate = ?, reason = ?, settled_at = ? WHERE seq = ?",
                (Fate.UNDELIVERABLE, _UNREADABLE, micros(now), row["seq"]),
            )
            continue
        connection.execute("UPDATE outbox SET not_before = ? WHERE seq = ?", (micros(until), row["seq"]))
        claimed.append(Message(row["id"], row["sink"], parcel, row["series"], row["tries"]))
    return tuple(claimed)


def settle(
    connection: sqlite3.Connection, settlements: Iterable[Settlement], now: datetime, redactor: Redactor
) -> None:
    """See the port `Outbox`. What is settled for good stays so, whoever comes later with something else."""
    connection.executemany(
        "UPDATE outbox SET fate = ?, reason = ?, tries = tries + ?, not_before = ?, settled_at = ?,"
        " parcel = CASE ? WHEN 'delivered' THEN '{}' ELSE parcel END WHERE id = ? AND fate = 'waiting'",
        [
            (
                item.fate,
                clean(item.reason, redactor),
                int(item.fate is Fate.WAITING),
                micros(item.not_before or now),
                micros(now),
                item.fate,
                clean(item.message_id, redactor),
            )
            for item in settlements
        ],
    )


def queues(connection: sqlite3.Connection) -> tuple[Queue, ...]:
    """See the port `Outbox`."""
    rows = connection.execute(
        "SELECT sink, sum(fate = 'waiting') AS waiting, sum(fate = 'delivered') AS delivered,"
        " sum(fate = 'undeliverable') AS undeliverable,"
        " min(CASE fate WHEN 'waiting' THEN written_at END) AS oldest FROM outbox GROUP BY sink ORDER BY sink"
    ).fetchall()
    return tuple(
        Queue(
            row["sink"],
            row["waiting"],
            row["delivered"],
            row["undeliverable"],
            _newest_reason(connection, row["sink"]),
            None if row["oldest"] is None else moment(row["oldest"]),
        )
        for row in rows
    )


def lost(connection: sqlite3.Connection, sink: str, limit: int) -> tuple[Lost, ...]:
    """See the port `Outbox`. What cannot be read is left out."""
    rows = connection.execute(
        "SELECT * FROM outbox WHERE fate = 'undeliverable' AND (?1 = '' OR sink = ?1)"
        " ORDER BY settled_at DESC, seq DESC LIMIT ?2",
        (sink, max(limit, 0)),
    ).fetchall()
    found = []
    for row in rows:
        try:
            parcel = load(Parcel, json.loads(row["parcel"]))
        except (ValueError, RecursionError):
            continue
        found.append(Lost(row["id"], row["sink"], parcel, row["reason"], moment(row["settled_at"])))
    return tuple(found)


def _free_second(connection: sqlite3.Connection, series: str, wanted: int) -> int | None:
    taken = {
        row["second"]
        for row in connection.execute(
            "SELECT second FROM outbox WHERE series = ? AND series <> ''", (series,)
        )
    }
    return next((second for second in seconds_to_try(wanted) if second not in taken), None)


def _newest_reason(connection: sqlite3.Connection, sink: str) -> str:
    row = connection.execute(
        "SELECT reason FROM outbox WHERE sink = ? AND reason <> '' AND fate <> 'delivered'"
        " ORDER BY settled_at DESC, seq DESC LIMIT 1",
        (sink,),
    ).fetchone()
    return row["reason"] if row else ""
