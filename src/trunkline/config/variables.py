"""Environment variables that configure Trunkline, as data: what they are for, and what they have to look like.

A mistake names the variable and what was expected, and never holds its value.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.config import rules
from trunkline.config.rules import Rule
from trunkline.dataclass import dataclass

SWITCH = Rule("true or false", r"[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]")
KEY = Rule("a key without spaces and line breaks", r"[!-~]{1,512}")


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable.

    Attributes:
        meaning: what it is for, without a full stop.
        required: whether it is a mistake when it is missing or empty.
        secret: whether its value must never be shown; values of the others are not shown in mistakes either.
        rule: what its value has to look like.
    """

    name: str
    meaning: str
    required: bool = True
    secret: bool = False
    rule: Rule = rules.LINE


@dataclass(frozen=True, slots=True)
class Variables:
    """What was read: the values of those that are set and right, and a sentence for each mistake."""

    values: Mapping[str, str]
    mistakes: tuple[str, ...]


def read_variables(table: tuple[Variable, ...], environ: Mapping[str, str]) -> Variables:
    """Read the variables of a table; one that holds nothing but spaces counts as not set."""
    values: dict[str, str] = {}
    mistakes: list[str] = []
    for variable in table:
        value = environ.get(variable.name, "")
        if not value.strip():
            mistakes += [lacking(variable)] if variable.required else []
        elif complaint := variable.rule.complaint(value):
            mistakes.append(f"{variable.name}: expected {complaint} ({variable.meaning})")
        else:
            values[variable.name] = value
    return Variables(values, tuple(mistakes))


def lacking(variable: Variable) -> str:
    """The mistake that a variable is not set."""
    return f"{variable.name} is not set: {variable.meaning}"


def is_on(values: Mapping[str, str], name: str) -> bool:
    """Whether a switch is set, to true."""
    return values.get(name, "").lower() == "true"
