"""What the messages look like: their fields' numbers, names and types.

The table is package data, made by `dev/rehearsal_protobuf.py`. A field is told in words: its name in JSON, its type
(`string`, `core.v1.PodSpec`, `[...]` for a list, `{...}` for a map whose keys are texts), then what holds for it:

    omit            it is always sent; its zero value means that nobody has set it
    inline          its fields are those of the message that it is in
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

_OF_ANY_GROUP = {"DeleteOptions": "meta.v1.DeleteOptions"}


class Field(NamedTuple):
    """A field of a message: its name in JSON, its type's words, and its flags."""

    name: str
    type: str
    omit: bool
    inline: bool


def message_of(api_version: str, kind: str) -> str | None:
    """The name of the message that tells a kind, such as `core.v1.Pod`; None if there is none."""
    if kind in _OF_ANY_GROUP:
        return _OF_ANY_GROUP[kind]
    group, _, version = api_version.rpartition("/")
    found: str | None = _table()["kinds"].get(f"{group}/{version}/{kind}")
    return found


@cache
def fields_of(message: str) -> dict[int, Field]:
    """The fields of a message by their numbers.

    Raises:
        KeyError: there is no such message.
    """
    return {int(number): _field(text) for number, text in _table()["messages"][message].items()}


def _field(text: str) -> Field:
    name, type_, *flags = text.split()
    return Field(name, type_, "omit" in flags, "inline" in flags)


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("fields.json").read_bytes())
    return found
