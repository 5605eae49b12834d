"""Protobuf as a client writes it."""

from __future__ import annotations


def number(value: int) -> bytes:
    """A varint."""
    value &= (1 << 64) - 1
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def field(position: int, value: bytes | str | int) -> bytes:
    """A field: an integer, a text, or what a message is made of."""
    if isinstance(value, int):
        return number(position << 3) + number(value)
    content = value.encode() if isinstance(value, str) else value
    return number(position << 3 | 2) + number(len(content)) + content


def body(api_version: str, kind: str, raw: bytes) -> bytes:
    """An object in its envelope."""
    return (
        b"k8s\x00"
        + field(1, field(1, api_version) + field(2, kind))
        + field(2, raw)
        + field(3, "")
        + field(4, "")
    )
