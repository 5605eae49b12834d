"""Messages as JSON: each field by its type."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.protobuf.fields import fields_of
from trunkline.rehearsal.protobuf.scalars import SCALARS
from trunkline.rehearsal.protobuf.wire import as_text, records, signed, varint

# Far more than a schema in a schema in earnest, far less than what recursion can bear.
_DEEPEST = 100
_KEY, _VALUE = 1, 2
_INTEGERS = {"int32": 32, "int64": 64}


def read_message(name: str, content: bytes, depth: int = 0) -> dict[str, Any]:
    """A message as JSON.

    Args:
        name: of the message, such as `core.v1.Pod`.
        content: its bytes.
        depth: how many messages it lies in.

    Raises:
        ApiError: it is malformed.
    """
    if depth > _DEEPEST:
        raise bad_request("the body is nested too deeply")
    fields = fields_of(name)
    found: dict[str, Any] = {}
    for number, value in records(content):
        field = fields.get(number)
        if field is None:
            continue
        if field.type[0] == "[":
            found.setdefault(field.name, []).extend(_items(field.type[1:-1], value, depth))
        elif field.type[0] == "{":
            key, item = _entry(field.type[1:-1], value, depth)
            found.setdefault(field.name, {})[key] = item
        else:
            read = _value(field.type, value, depth)
            if field.inline:
                found.update(read)
            elif read or not field.omit:
                found[field.name] = read
    return found


def _value(type_: str, value: bytes | int, depth: int) -> Any:
    if bits := _INTEGERS.get(type_):
        return signed(_integer(value), bits)
    if type_ == "string":
        return as_text(value)
    if type_ == "bool":
        return bool(_integer(value))
    content = _content(value)
    if type_ in SCALARS:
        return SCALARS[type_](content)
    if type_ in _SCHEMAS:
        return _either(*_SCHEMAS[type_], content, depth)
    return read_message(type_, content, depth + 1)


def _items(type_: str, value: bytes | int, depth: int) -> list[Any]:
    """What a record adds to a list: one item, or many numbers packed into one record."""
    if type_ in _INTEGERS and isinstance(value, bytes):
        found, at = [], 0
        while at < len(value):
            number, at = varint(value, at)
            found.append(signed(number, _INTEGERS[type_]))
        return found
    return [_value(type_, value, depth)]


def _entry(type_: str, value: bytes | int, depth: int) -> tuple[str, Any]:
    """An entry of a map; what is not said is empty."""
    said = dict(records(_content(value)))
    item = said.get(_VALUE, 0 if type_ in {*_INTEGERS, "bool"} else b"")
    return as_text(said.get(_KEY, b"")), _value(type_, item, depth)


_SCHEMA = "apiextensions.v1.JSONSchemaProps"
_SCHEMAS = {
    "schema-or-array": ((1, _SCHEMA), (2, f"[{_SCHEMA}]")),
    "schema-or-bool": ((2, _SCHEMA), (1, "bool")),
    "schema-or-strings": ((1, _SCHEMA), (2, "[string]")),
}


def _either(schema: tuple[int, str], other: tuple[int, str], content: bytes, depth: int) -> Any:
    """What is written as one of two types in JSON: a schema, if there is one, or else the other."""
    said = list(records(content))
    for number, value in said:
        if number == schema[0]:
            return _value(schema[1], value, depth)
    values = [value for number, value in said if number == other[0]]
    if other[1][0] == "[":
        return [_value(other[1][1:-1], value, depth) for value in values]
    return _value(other[1], values[-1], depth) if values else False


def _integer(value: bytes | int) -> int:
    if isinstance(value, bytes):
        raise bad_request("proto: wrong wireType = 2 for an integer")
    return value


def _content(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise bad_request("proto: wrong wireType = 0 for a message")
    return value
