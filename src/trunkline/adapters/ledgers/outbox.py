"""The outbox: the one table whose rows change. Delivered messages stay for a day, so that a second stays taken.

What cannot be delivered stays for good, with the reason. All functions work within the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime, timedelta

from trunkline.adapters.ledgers.database import Connection, Database, Row
from trunkline.adapters.ledgers.rows import clean, micros, moment
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
_INSERT = (
    "INSERT INTO outbox (id, sink, series, second, written_at, fate, tries, reason, not_before, settled_at, parcel)"
    " VALUES (:id, :sink, :series, :second, :written_at, :fate, 0, :reason, 0, :settled_at, :parcel)"
    " ON CONFLICT (id) DO NOTHING"
)
_WAITING = (
    "SELECT seq, id, sink, series, tries, parcel FROM outbox"
    " WHERE sink = :sink AND fate = 'waiting' AND not_before <= :now ORDER BY seq LIMIT :limit"
)
_UNREADABLE = "this version cannot read it"


def post(database: Database, connection: Connection, messages: Iterable[Message], redactor: Redactor) -> None:
    """Add messages; one that is there already stays as it is."""
    # One after the other: each second that is given away is seen by who comes next.
    place(connection, ((item, _second_for(database, connection, item)) for item in messages), redactor)


def place(connection: Connection, messages: Iterable[tuple[Message, int | None]], redactor: Redactor) -> None:
    """Add messages whose second was chosen; None means that there was none left."""
    for number, (message, second) in enumerate(messages):
        if number == 0:
            _forget(connection, message)
        connection.execute(_INSERT, _row(message, second, redactor))


def second_of(message: Message) -> int:
    """The second of POSIX time that a message belongs to."""
    return int(message.parcel.at.timestamp())


def seconds_of(connection: Connection, series: str) -> set[int]:
    """Those that a series has given away."""
    rows = connection.execute(
        "SELECT second FROM outbox WHERE series = :series AND series <> ''", {"series": series}
    )
    return {row["second"] for row in rows}


def _row(message: Message, second: int | None, redactor: Redactor) -> dict[str, str | int]:
    wanted = second_of(message)
    parcel = message.parcel if second in {None, wanted} else message.parcel.moved(second or wanted)
    written = micros(message.parcel.at)
    return {
        "id": clean(message.id, redactor),
        "sink": clean(message.sink, redactor),
        "series": message.series if second is not None else "",
        "second": second or wanted,
        "written_at": written,
        "fate": Fate.UNDELIVERABLE.value if second is None else Fate.WAITING.value,
        "reason": _NO_ROOM if second is None else "",
        "settled_at": written,
        "parcel": json.dumps(dump(parcel.masked(redactor.text)), separators=(",", ":")),
    }


def claim(
    database: Database, connection: Connection, sink: str, now: datetime, until: datetime, limit: int
) -> tuple[Message, ...]:
    """See the port `Outbox`. What cannot be read is settled as such."""
    rows = connection.execute(
        f"{_WAITING} {database.skipping}", {"sink": sink, "now": micros(now), "limit": max(limit, 0)}
    ).fetchall()
    claimed = []
    for row in rows:
        parcel = _parcel(row)
        if parcel is None:
            connection.execute(
                "UPDATE outbox SET fate = :fate, reason = :reason, settled_at = :now WHERE seq = :seq",
                {
                    "fate": Fate.UNDELIVERABLE.value,
                    "reason": _UNREADABLE,
                    "now": micros(now),
                    "seq": row["seq"],
                },
            )
            continue
        connection.execute(
            "UPDATE outbox SET not_before = :until WHERE seq = :seq",
            {"until": micros(until), "seq": row["seq"]},
        )
        claimed.append(Message(row["id"], row["sink"], parcel, row["series"], row["tries"]))
    return tuple(claimed)


def settle(
    connection: Connection, settlements: Iterable[Settlement], now: datetime, redactor: Redactor
) -> None:
    """See the port `Outbox`. What is settled for good stays so, whoever comes later with something else."""
    connection.executemany(
        "UPDATE outbox SET fate = :fate, reason = :reason, tries = tries + :tried, not_before = :not_before,"
        " settled_at = :now, parcel = CASE WHEN :fate = 'delivered' THEN '{}' ELSE parcel END"
        " WHERE id = :id AND fate = 'waiting'",
        [
            {
                "fate": item.fate.value,
                "reason": clean(item.reason, redactor),
                "tried": int(item.fate is Fate.WAITING),
                "not_before": micros(item.not_before or now),
                "now": micros(now),
                "id": clean(item.message_id, redactor),
            }
            # In one order, so that two who settle the same messages do not wait for each other.
            for item in sorted(settlements, key=lambda item: item.message_id)
        ],
    )


def queues(connection: Connection) -> tuple[Queue, ...]:
    """See the port `Outbox`."""
    rows = connection.execute(
        "SELECT sink, count(CASE fate WHEN 'waiting' THEN 1 END) AS waiting, count(CASE fate WHEN 'delivered' THEN 1 END) AS delivered,"
        " count(CASE fate WHEN 'undeliverable' THEN 1 END) AS undeliverable,"
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


def lost(connection: Connection, sink: str, limit: int) -> tuple[Lost, ...]:
    """See the port `Outbox`. What cannot be read is left out."""
    rows = connection.execute(
        "SELECT * FROM outbox WHERE fate = 'undeliverable' AND (:sink = '' OR sink = :sink)"
        " ORDER BY settled_at DESC, seq DESC LIMIT :limit",
        {"sink": sink, "limit": max(limit, 0)},
    ).fetchall()
    found = []
    for row in rows:
        parcel = _parcel(row)
        if parcel is not None:
            found.append(Lost(row["id"], row["sink"], parcel, row["reason"], moment(row["settled_at"])))
    return tuple(found)


def _parcel(row: Row) -> Parcel | None:
    """The parcel in a row; None where this version cannot read it."""
    try:
        return load(Parcel, json.loads(row["parcel"]))
    except (ValueError, RecursionError):
        return None


def _forget(connection: Connection, message: Message) -> None:
    """Let go of what was delivered a day before."""
    oldest = micros(message.parcel.at - _KEPT)
    connection.execute(
        "DELETE FROM outbox WHERE fate = 'delivered' AND settled_at < :oldest", {"oldest": oldest}
    )


def _second_for(database: Database, connection: Connection, message: Message) -> int | None:
    wanted = second_of(message)
    if not message.series:
        return wanted
    database.lock(connection, message.series)
    taken = seconds_of(connection, message.series)
    return next((second for second in seconds_to_try(wanted) if second not in taken), None)


def _newest_reason(connection: Connection, sink: str) -> str:
    row = connection.execute(
        "SELECT reason FROM outbox WHERE sink = :sink AND reason <> '' AND fate <> 'delivered'"
        " ORDER BY settled_at DESC, seq DESC LIMIT 1",
        {"sink": sink},
    ).fetchone()
    return str(row["reason"]) if row else ""
