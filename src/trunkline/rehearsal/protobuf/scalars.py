"""The types that are messages in protobuf and plain values in JSON."""

from __future__ import annotations

import base64
import json
import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.objects import microseconds, timestamp
from trunkline.rehearsal.protobuf.wire import as_text, records, signed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DOUBLE_BYTES = 8


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _double(content: bytes) -> float:
    """An IEEE 754 number of eight bytes; one without a fraction is written as an integer, as Go does."""
    if len(content) != _DOUBLE_BYTES:
        raise bad_request("proto: wrong wireType for a double")
    found: float = struct.unpack("<d", content)[0]
    if not math.isfinite(found):
        raise bad_request("a number of the body is not finite")
    return int(found) if found.is_integer() else found


def _quantity(content: bytes) -> str:
    """`resource.Quantity`: its text; the empty one is 0."""
    return as_text(dict(records(content)).get(1, b"")) or "0"


def _int_or_string(content: bytes) -> int | str:
    """`intstr.IntOrString`: which of the two it is, the number, the text."""
    said = dict(records(content))
    if said.get(1, 0) == 1:
        return as_text(said.get(3, b""))
    number = said.get(2, 0)
    if isinstance(number, bytes):
        raise bad_request("proto: wrong wireType = 2 for field IntVal")
    return signed(number, 32)


def _moment(content: bytes) -> datetime | None:
    """`metav1.Timestamp`: seconds and nanoseconds since 1970; the empty one is no moment."""
    if not content:
        return None
    said = dict(records(content))
    seconds, nanoseconds = said.get(1, 0), said.get(2, 0)
    if isinstance(seconds, bytes) or isinstance(nanoseconds, bytes):
        raise bad_request("proto: wrong wireType = 2 for field Seconds")
    try:
        return _EPOCH + timedelta(seconds=signed(seconds, 64), microseconds=signed(nanoseconds, 32) // 1000)
    except OverflowError:
        raise bad_request("a time of the body is out of range") from None


def _time(content: bytes) -> str | None:
    found = _moment(content)
    return timestamp(found) if found else None


def _micro_time(content: bytes) -> str | None:
    found = _moment(content)
    return microseconds(found) if found else None


def _json(content: bytes) -> Any:
    """`runtime.RawExtension`, `metav1.FieldsV1` and the like: JSON as it stands; nothing is null."""
    raw = dict(records(content)).get(1, b"")
    if raw == b"":
        return None
    try:
        return json.loads(raw if isinstance(raw, bytes) else b"?")
    except (ValueError, RecursionError):
        raise bad_request("a raw value of the body is no JSON") from None


def _strings(content: bytes) -> list[str]:
    """`ExtraValue`: a list that is a message of its own."""
    return [as_text(value) for number, value in records(content) if number == 1]


SCALARS: dict[str, Callable[[bytes], Any]] = {
    "byte": _base64,
    "double": _double,
    "quantity": _quantity,
    "int-or-string": _int_or_string,
    "time": _time,
    "microtime": _micro_time,
    "json": _json,
    "strings": _strings,
}
"""How the bytes of such a type read."""
