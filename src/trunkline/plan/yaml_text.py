"""A text as a scalar of YAML on one line: plain where a reader would take it for the very same text, else in quotes."""

from __future__ import annotations

from trunkline.config.yaml_positions import resolve
from trunkline.expressions import expression

_PLAIN = expression(r"[A-Za-z0-9_./$][A-Za-z0-9_./$@:=+ -]*")
# Words that older readers take for true, false or nothing.
_WORDS = frozenset({"yes", "no", "on", "off", "y", "n"})
_NUMBER = expression(r"[-+.0-9][0-9._eExXoO+:-]*")


def yaml_scalar(text: str) -> str:
    """The scalar."""
    plain = _PLAIN.fullmatch(text) and resolve(text) == text and text.lower() not in _WORDS
    if plain and not _NUMBER.fullmatch(text) and ": " not in text and not text.endswith((":", " ")):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
