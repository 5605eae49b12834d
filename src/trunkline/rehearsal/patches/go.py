"""How Go names and prints JSON values, for messages in the words of the real API."""

from __future__ import annotations

import json
from typing import Any


def go_kind(value: Any) -> str:
    """What Go's JSON decoder calls a value: `string`, `number`, `bool`, `object`, `array`, `null`."""
    if isinstance(value, bool):
        return "bool"
    if value is None:
        return "null"
    for types, name in ((str, "string"), (dict, "object"), (list, "array")):
        if isinstance(value, types):
            return name
    return "number"


def go_type(value: Any) -> str:
    """The type that a JSON value has in Go."""
    if isinstance(value, bool):
        return "bool"
    for types, name in (
        (str, "string"),
        (dict, "map[string]interface {}"),
        (list, "[]interface {}"),
        (int, "int64"),
        (float, "float64"),
    ):
        if isinstance(value, types):
            return name
    return "<nil>"


def go_syntax(value: Any) -> str:
    """A JSON value as Go's `%#v` prints it."""
    if isinstance(value, dict):
        return f"{go_type(value)}{{{', '.join(f'{_quoted(key)}:{go_syntax(item)}' for key, item in sorted(value.items()))}}}"
    if isinstance(value, list):
        return f"{go_type(value)}{{{', '.join(map(go_syntax, value))}}}"
    return _quoted(value) if isinstance(value, str) else go_text(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def go_text(value: Any) -> str:
    """A JSON value as Go's `%v` prints it."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{go_text(item)}' for key, item in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(go_text, value))}]"
    if value is None:
        return "<nil>"
    return str(value).lower() if isinstance(value, bool) else str(value)
