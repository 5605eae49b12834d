"""The kinds of value that a `trunkline.yaml` holds, as pydantic reads them: rule, sentence and JSON schema in one.

A value that fails is told with what was expected; `explain` adds where it is and what was found. The JSON
schema of each kind lets `${NAME}` pass, since only a run knows what that will be.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from trunkline.config.interpolation import Interpolated
from trunkline.config.mistakes import either
from trunkline.config.rules import MOST, PORT_NAME, Rule
from trunkline.config.yaml_positions import Number

_HIGHEST_PORT = 65535
_STATUSES = range(100, 600)
_VARIABLE = r"\$\{"
_WHOLE_VARIABLE = r"\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}"
_HAS_VARIABLE = {"type": "string", "pattern": _VARIABLE}


class Section(BaseModel):
    """A mapping with keys of its own."""

    # An input may be a secret, and pydantic repeats inputs.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)


@dataclass(frozen=True, eq=False)
class Kind:
    """Metadata of an annotated type: how a value is checked, and what an editor is told of it.

    Attributes:
        check: gives the value back as the model holds it, or raises what `expected` makes.
        schema: JSON schema, draft 2020-12.
    """

    check: Callable[[Any], Any]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Pydantic's hook: the check is the whole validation."""
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Pydantic's hook."""
        return dict(self.schema)


def expected(what: str, mend: str = "", choices: tuple[str, ...] = ()) -> PydanticCustomError:
    """The error that says what was expected, how to mend it, and which words would have been right."""
    return PydanticCustomError("expected", "{what}", {"what": what, "mend": mend, "choices": choices})


def text(rule: Rule, number: str = "; put quotes around it") -> Kind:
    """A text that meets a rule; `number` says how to mend a number in its place."""

    def check(value: Any) -> str:
        complaint = rule.complaint(value) if isinstance(value, str) else rule.expected
        if complaint:
            raise expected(complaint, number if isinstance(value, Number) else "")
        return str(value)

    return Kind(check, {"type": "string", "pattern": f"^(?:{rule.pattern})$|{_VARIABLE}"})


def key(rule: Rule) -> Kind:
    """A mapping's key; there, variables are not replaced."""
    return Kind(text(rule).check, {"type": "string", "pattern": f"^(?:{rule.pattern})$"})


def optional(kind: Kind) -> Kind:
    """The same; nothing and the empty text mean that it is not set."""

    def check(value: Any) -> Any:
        return "" if value is None or value == "" else kind.check(value)

    alternatives = kind.schema.get("anyOf", [kind.schema])
    empty = {"type": "string", "pattern": "^$"}
    return Kind(check, {"anyOf": [*alternatives, empty, {"type": "null"}]})


def choice(*words: str) -> Kind:
    """One of some words."""

    def check(value: Any) -> Any:
        if not (isinstance(value, str) and value in words):
            raise expected(either(words), choices=words)
        return str(value)

    return Kind(check, {"anyOf": [{"enum": list(words)}, _HAS_VARIABLE]})


def count(least: int) -> Kind:
    """A whole number from `least` on."""

    def check(value: Any) -> int:
        if isinstance(value, Interpolated) and re.fullmatch(r"[0-9]{1,7}", value):
            value = Number(int(value), value)
        if isinstance(value, Number) and isinstance(value.value, int) and least <= value.value <= MOST:
            return value.value
        raise expected(f"a whole number from {least} to {MOST}")

    whole = {"type": "integer", "minimum": least, "maximum": MOST}
    return Kind(check, {"anyOf": [whole, _HAS_VARIABLE]})


def _check_port(value: Any) -> str:
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str):
        if re.fullmatch(r"[1-9][0-9]{0,4}", text) and int(text) <= _HIGHEST_PORT:
            return str(text)
        if not PORT_NAME.complaint(text):
            return str(text)
    raise expected(PORT_NAME.expected)


def _check_statuses(value: Any) -> tuple[int, ...]:
    items = value if isinstance(value, list) else [value]
    found = tuple(int(item.value) for item in items if isinstance(item, Number) and item.value in _STATUSES)
    if not found or len(found) < len(items):
        raise expected("an HTTP status such as 200, or a list of them")
    return found


def _check_flag(value: Any) -> bool:
    if isinstance(value, Interpolated) and value in {"true", "false"}:
        return str(value) == "true"
    if not isinstance(value, bool):
        # YAML 1.1 had more words for it.
        meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(value).lower(), "")
        raise expected("true or false", f"; did you mean {meant}?" if meant else "")
    return value


def _check_written(value: Any) -> str:
    # A number counts as it is written: 1.10 is not 1.1.
    if isinstance(value, Number):
        return value.text
    if not isinstance(value, str):
        raise expected("a text", "; put quotes around it" if isinstance(value, bool) else "")
    return str(value)


def _check_password(value: Any) -> str:
    spelling = value.spelling if isinstance(value, Interpolated) else ""
    if not re.fullmatch(_WHOLE_VARIABLE, spelling):
        raise expected(
            "a variable alone such as ${QUAY_PASSWORD}",
            ": a password never stands in a file; move it to the environment",
        )
    return str(value)


def _check_format(value: Any) -> int:
    if not (isinstance(value, Number) and value.value == 1):
        raise expected("1, the one version of this file's format")
    return 1


PORT = Kind(
    _check_port,
    {
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": _HIGHEST_PORT},
            {"type": "string", "pattern": f"^(?:{PORT_NAME.pattern}|[1-9][0-9]{{0,4}})$|{_VARIABLE}"},
        ]
    },
)
_A_STATUS = {"type": "integer", "minimum": _STATUSES[0], "maximum": _STATUSES[-1]}
STATUSES = Kind(_check_statuses, {"anyOf": [_A_STATUS, {"type": "array", "items": _A_STATUS, "minItems": 1}]})
FLAG = Kind(_check_flag, {"anyOf": [{"type": "boolean"}, _HAS_VARIABLE]})
WRITTEN = Kind(_check_written, {"anyOf": [{"type": "string"}, {"type": "number"}]})
PASSWORD = Kind(_check_password, {"type": "string", "pattern": f"^{_WHOLE_VARIABLE}$"})
FORMAT = Kind(_check_format, {"const": 1})
