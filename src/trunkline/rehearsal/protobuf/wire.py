"""Protobuf as it is on the wire: numbered records of integers, eight or four bytes, and lengths of bytes."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.rehearsal.errors import bad_request

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_LONGEST_VARINT = 10


def records(content: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a message: their numbers, with an integer (unsigned, 64 bits) or bytes.

    The source is https://protobuf.dev/programming-guides/encoding/.

    Raises:
        ApiError: it is cut off, or has what was never sent by anybody in earnest, such as groups.
    """
    at, end = 0, len(content)
    while at < end:
        tag, at = varint(content, at)
        number, form = tag >> 3, tag & 7
        if number == 0:
            raise bad_request("proto: illegal tag 0")
        if form == _VARINT:
            value, at = varint(content, at)
            yield number, value
            continue
        if form == _LENGTH:
            length, at = varint(content, at)
        elif form == _EIGHT_BYTES:
            length = 8
        elif form == _FOUR_BYTES:
            length = 4
        else:
            raise bad_request(f"proto: illegal wireType {form}")
        if length > end - at:
            raise bad_request("unexpected EOF")
        yield number, content[at : at + length]
        at += length


def varint(content: bytes, at: int) -> tuple[int, int]:
    """An integer of 64 bits without a sign, and where the next thing begins.

    Raises:
        ApiError: it is cut off or too long.
    """
    found = 0
    for position in range(_LONGEST_VARINT):
        if at >= len(content):
            raise bad_request("unexpected EOF")
        byte = content[at]
        at += 1
        found |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:  # noqa: PLR2004 - the bit that says that more follows
            return found & 0xFFFF_FFFF_FFFF_FFFF, at
    raise bad_request("proto: integer overflow")


def signed(value: int, bits: int) -> int:
    """An integer whose first bit of so many is its sign."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def as_text(value: bytes | int) -> str:
    """A text.

    Raises:
        ApiError: it is none.
    """
    if isinstance(value, int):
        raise bad_request("proto: wrong wireType = 0 for a string")
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise bad_request("proto: a string is not valid UTF-8") from None
