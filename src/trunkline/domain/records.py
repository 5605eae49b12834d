"""Records as JSON and back: the form in which they travel between ledgers, to sinks and into exports.

Fields are named as in the dataclasses, moments are RFC 3339 in UTC with microseconds, words are their values. What
is read is checked: a file may come from elsewhere, from a newer Trunkline, or half-way through a crash.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar

Record = TypeVar("Record")


def dump(value: Any) -> Any:
    """A record, or what it is made of, in what JSON knows; fields that have their default are left out.

    Raises:
        ValueError: a moment has no time zone.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kept = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: dump(item) for field, item in kept if item != _default(field)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return dump_moment(value)
    if isinstance(value, Mapping):
        return {key: dump(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [dump(item) for item in value]
    return value


def masked(value: Record, hide: Callable[[str], str]) -> Record:
    """The same with every text in it hidden, as `hide` does; names of fields and words of ours stay."""
    hidden: Any = value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        told = {field.name: masked(getattr(value, field.name), hide) for field in dataclasses.fields(value)}
        hidden = dataclasses.replace(value, **told)
    elif isinstance(value, str) and not isinstance(value, Enum):
        hidden = hide(value)
    elif isinstance(value, Mapping):
        hidden = {key: masked(item, hide) for key, item in value.items()}
    elif isinstance(value, (list, tuple)):
        hidden = tuple(masked(item, hide) for item in value)
    return typing.cast("Record", hidden)


def load(kind: type[Record], content: Any) -> Record:
    """The record of that kind in `content`; fields that we do not know are left aside.

    Raises:
        ValueError: it is none; the message says which field is wrong.
    """
    if not isinstance(content, Mapping):
        raise ValueError(f"a {kind.__name__} is an object, not {_article(content)}")  # noqa: TRY004 - a mistake in what was read, not in the call
    values = {}
    for name, hint in _hints(typing.cast("Hashable", kind)).items():
        if name not in content:
            continue
        try:
            values[name] = _read(hint, content[name])
        except ValueError as error:
            raise ValueError(f"{kind.__name__}.{name}: {error}") from error
    try:
        return kind(**values)
    except TypeError:
        missing = [name for name in _required(typing.cast("Hashable", kind)) if name not in values]
        raise ValueError(f"{kind.__name__} lacks {', '.join(missing)}") from None


def dump_moment(moment: datetime) -> str:
    """RFC 3339 in UTC, to the microsecond.

    Raises:
        ValueError: it has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"the moment {moment} has no time zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def load_moment(text: str) -> datetime:
    """The moment in UTC.

    Raises:
        ValueError: it is none, or has no time zone.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no moment") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text[:40]!r} has no time zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is no moment in UTC") from None


def _read(hint: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {types.UnionType, typing.Union}:
        if value is None and type(None) in arguments:
            return None
        [hint] = [item for item in arguments if item is not type(None)]
        return _read(hint, value)
    if origin is tuple:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise ValueError(f"{_article(value)} where a list belongs")
        return tuple(_read(arguments[0], item) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise ValueError(f"{_article(value)} where an object belongs")
        return {key: _read(arguments[1], item) for key, item in value.items()}
    if hint is Any:
        return value
    if dataclasses.is_dataclass(hint):
        return load(typing.cast("type[Any]", hint), value)
    return _scalar(hint, value)


def _scalar(hint: type[Any], value: Any) -> Any:
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint in {str, int, float, bool}:
        if type(value) is not hint:
            raise ValueError(f"{_article(value)} where {_article(hint())} belongs")
        return value
    if not isinstance(value, str):
        raise ValueError(f"{_article(value)} where a text belongs")  # noqa: TRY004 - as above
    if hint is datetime:
        return load_moment(value)
    try:
        return hint(value)
    except ValueError:
        known = ", ".join(repr(item.value) for item in typing.cast("type[Enum]", hint))
        raise ValueError(f"{value[:40]!r} is none of {known}") from None


def _article(value: Any) -> str:
    words: Mapping[type[Any], str] = {
        str: "a text",
        int: "a whole number",
        float: "a number",
        bool: "a truth value",
        type(None): "nothing",
        list: "a list",
        dict: "an object",
    }
    return words.get(type(value), type(value).__name__)


@cache
def _hints(kind: Hashable) -> Mapping[str, Any]:
    record = typing.cast("type[Any]", kind)
    hints = typing.get_type_hints(record)
    return {field.name: hints[field.name] for field in dataclasses.fields(record)}


@cache
def _required(kind: Hashable) -> tuple[str, ...]:
    every = dataclasses.fields(typing.cast("type[Any]", kind))
    return tuple(field.name for field in every if _default(field) is dataclasses.MISSING)


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
