"""The single values that a `trunkline.yaml` holds: rule, sentence and JSON schema in one.

A value that fails is told with what was expected; `explain` adds where it is and what was found. The JSON
schema of each kind lets `${NAME}` pass, since only a run knows what that will be.
"""

from __future__ import annotations

import re
from typing import Any

from trunkline.config.interpolation import Interpolated
from trunkline.config.mistakes import Path, either
from trunkline.config.rules import MOST, PORT_NAME, Rule
from trunkline.config.sections import Scalar, Schema, Section, Unexpected, Wrong
from trunkline.config.yaml_positions import Number
from trunkline.dataclass import dataclass

_HIGHEST_PORT = 65535
_STATUSES = range(100, 600)
_VARIABLE = r"\$\{"
_WHOLE_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}"
_HAS_VARIABLE = {"type": "string", "pattern": _VARIABLE}


def text(rule: Rule, number: str = "; put quotes around it") -> Scalar:
    """A text that meets a rule; `number` says how to mend a number in its place."""

    def check(value: Any) -> str:
        complaint = rule.complaint(value) if isinstance(value, str) else rule.expected
        if complaint:
            raise Unexpected(complaint, number if isinstance(value, Number) else "")
        return str(value)

    return Scalar(check, {"type": "string", "pattern": f"^(?:{rule.pattern})$|{_VARIABLE}"})


def key(rule: Rule) -> Scalar:
    """A mapping's key; there, variables are not replaced."""
    return Scalar(text(rule).check, {"type": "string", "pattern": f"^(?:{rule.pattern})$"})


def optional(kind: Scalar) -> Scalar:
    """The same; nothing and the empty text mean that it is not set."""

    def check(value: Any) -> Any:
        return "" if value is None or value == "" else kind.check(value)

    alternatives = kind.told.get("anyOf", [kind.told])
    empty = {"type": "string", "pattern": "^$"}
    return Scalar(check, {"anyOf": [*alternatives, empty, {"type": "null"}]})


def nullable(kind: Scalar) -> Scalar:
    """The same, or nothing."""
    alternatives = kind.told.get("anyOf", [kind.told])
    return Scalar(
        lambda value: None if value is None else kind.check(value),
        {"anyOf": [*alternatives, {"type": "null"}]},
    )


def choice(*words: str) -> Scalar:
    """One of some words."""

    def check(value: Any) -> Any:
        if not (isinstance(value, str) and value in words):
            raise Unexpected(either(words), choices=words)
        return str(value)

    return Scalar(check, {"anyOf": [{"enum": list(words)}, _HAS_VARIABLE]})


def count(least: int) -> Scalar:
    """A whole number from `least` on."""

    def check(value: Any) -> int:
        if isinstance(value, Interpolated) and re.fullmatch(r"[0-9]{1,7}", value):
            value = Number(int(value), value)
        if isinstance(value, Number) and isinstance(value.value, int) and least <= value.value <= MOST:
            return value.value
        raise Unexpected(f"a whole number from {least} to {MOST}")

    whole = {"type": "integer", "minimum": least, "maximum": MOST}
    return Scalar(check, {"anyOf": [whole, _HAS_VARIABLE]})


def _check_port(value: Any) -> str:
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str):
        if re.fullmatch(r"[1-9][0-9]{0,4}", text) and int(text) <= _HIGHEST_PORT:
            return str(text)
        if not PORT_NAME.complaint(text):
            return str(text)
    raise Unexpected(PORT_NAME.expected)


def _check_statuses(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    found = tuple(int(item.value) for item in items if isinstance(item, Number) and item.value in _STATUSES)
    if not found or len(found) < len(items):
        raise Unexpected("an HTTP status such as 200, or a list of them")
    return found


def _check_flag(value: Any) -> bool:
    if isinstance(value, Interpolated) and value in {"true", "false"}:
        return str(value) == "true"
    if not isinstance(value, bool):
        # YAML 1.1 had more words for it.
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower(), "")
        raise Unexpected("true or false", f"; did you mean {meant}?" if meant else "")
    return value


def _check_written(value: Any) -> str:
    # A number counts as it is written: 1.10 is not 1.1.
    if isinstance(value, Number):
        return value.text
    if not isinstance(value, str):
        raise Unexpected("a text", "; put quotes around it" if isinstance(value, bool) else "")
    return str(value)


def _check_password(value: Any) -> str:
    spelling = value.spelling if isinstance(value, Interpolated) else ""
    if not re.fullmatch(_WHOLE_VARIABLE, spelling):
        raise Unexpected(
            "a variable alone such as ${QUAY_PASSWORD}",
            ": a password never stands in a file; move it to the environment",
        )
    return str(value)


def _check_format(value: Any) -> int:
    if not (isinstance(value, Number) and value.value == 1):
        raise Unexpected("1, the one version of this file's format")
    return 1


PORT = Scalar(
    _check_port,
    {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT},
            {"type": "string", "pattern": f"^(?:{PORT_NAME.pattern}|[1-9][0-9]{{0,4}})$|{_VARIABLE}"},
        ]
    },
)
_A_STATUS = {"type": "integer", "minimum": _STATUSES[0], "maximum": _STATUSES[-1]}
STATUSES = Scalar(
    _check_statuses, {"anyOf": [_A_STATUS, {"type": "array", "items": _A_STATUS, "minItems": 1}]}
)
FLAG = Scalar(_check_flag, {"anyOf": [{"type": "boolean"}, _HAS_VARIABLE]})
WRITTEN = Scalar(_check_written, {"anyOf": [{"type": "string"}, {"type": "number"}]})
PASSWORD = Scalar(_check_password, {"type": "string", "pattern": f"^{_WHOLE_VARIABLE}$"})
FORMAT = Scalar(_check_format, {"const": 1})


@dataclass(frozen=True, slots=True)
class Switched:
    """A section that may be written as a switch: `false` is short for `{enabled: false}`."""

    section: type[Section]

    def read(self, value: Any, path: Path, wrong: list[Wrong]) -> Any:
        """See `Kind`."""
        spelled_out = isinstance(value, (dict, list)) or value is None
        return self.section.read(value if spelled_out else {"enabled": value}, path, wrong)

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        """See `Kind`."""
        return {"anyOf": [*FLAG.told["anyOf"], self.section.schema(definitions)]}
