"""`${NAME}` and `${NAME:-default}` in a text become the environment's values; `$${` is a plain `${`.

As in a shell, an empty variable counts as unset where there is a default. Nothing is nested and nothing is
expanded twice: what a variable holds is never looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, Self

from trunkline.expressions import expression

_REFERENCE = expression(r"([A-Za-z_][A-Za-z0-9_]*)(?:(:-)(.*))?", re.DOTALL)

# What the build fills in when it starts (`app.build`).
BUILD_VARIABLES = ("TRUNKLINE_COMMIT", "TRUNKLINE_SHORT_COMMIT", "TRUNKLINE_SERVICE")
# What a deployment fills in for the checks after it (`config.checks`).
CHECK_VARIABLES = (
    *BUILD_VARIABLES,
    "TRUNKLINE_IMAGE",
    "TRUNKLINE_DIGEST",
    "TRUNKLINE_ENVIRONMENT",
    "TRUNKLINE_NAMESPACE",
    "TRUNKLINE_RELEASE",
)
_BUILD_PREFIX = "TRUNKLINE_"
NOT_SET = "not-set-here"


class Interpolated(str):
    """A text in which variables were replaced; `spelling` is how the file has it, which may be shown."""

    __slots__ = ("spelling",)
    spelling: str

    def __new__(cls, text: str, spelling: str) -> Self:
        """Keep the spelling beside the text."""
        made = super().__new__(cls, text)
        made.spelling = spelling
        return made


class Filled(NamedTuple):
    """A text without its variables, and a sentence for each that could not be replaced."""

    text: str
    problems: tuple[str, ...] = ()


class Unset(dict[str, str]):
    """An environment in which everything is set: to itself, or to a word that stands for nothing."""

    def get(self, name: str, default: Any = None) -> Any:
        """What the variable holds; our own are never made up."""
        if name in self or name.startswith(_BUILD_PREFIX):
            return super().get(name, default)
        return NOT_SET


def interpolate(text: str, environ: Mapping[str, str], kept: Collection[str] = ()) -> Filled:
    """Replace the variables in `text`.

    Args:
        text: as the file has it.
        environ: the variables.
        kept: names that stay as they are, for whoever reads the text next; other names that begin with
            `TRUNKLINE_` are then mistakes.
    """
    if "${" not in text:
        return Filled(text)
    pieces: list[str] = []
    problems: list[str] = []
    position, replaced = 0, False
    while (start := text.find("${", position)) >= 0:
        pieces.append(text[position:start])
        if start > position and text[start - 1] == "$":
            # The piece ends with the dollar that makes this one plain.
            pieces.append("{")
            position = start + 2
            continue
        end = text.find("}", start)
        reference = _REFERENCE.fullmatch(text, start + 2, end) if end >= 0 else None
        if reference is None or "${" in (reference[3] or ""):
            problems.append(
                "expected a variable such as ${NAME} or ${NAME:-default}; write $${ for a plain ${"
            )
            position = end + 1 if end >= 0 else len(text)
            continue
        value, problem = _value(reference, environ, kept)
        replaced = replaced or reference[1] not in kept
        pieces.append(value)
        problems += [problem] if problem else []
        position = end + 1
    pieces.append(text[position:])
    filled = "".join(pieces)
    return Filled(Interpolated(filled, text) if replaced else filled, tuple(dict.fromkeys(problems)))


def _value(reference: re.Match[str], environ: Mapping[str, str], kept: Collection[str]) -> tuple[str, str]:
    """What stands for a variable, and what is wrong with it."""
    name, has_default, default = reference.groups()
    if name in kept:
        return f"${{{name}}}", ""
    value = environ.get(name)
    if value or (value is not None and not has_default):
        return value, ""
    if has_default:
        return default, ""
    if kept and name.startswith(_BUILD_PREFIX):
        return "", f"{name} is not known here; what is: {', '.join(kept)}"
    if name in BUILD_VARIABLES:
        return "", f"{name} is known in image.build_args and in checks only"
    if name in CHECK_VARIABLES:
        return "", f"{name} is known in checks only"
    return "", f"the variable {name} is not set; set it, or write a default: ${{{name}:-...}}"
