"""A mistake in a configuration file: where it is, what was expected, what may have been meant.

A mistake shows a value as the file spells it, never what a variable put in its place, and nothing at all where
the key's name speaks of a secret.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

from trunkline.domain.redaction import Redactor
from trunkline.expressions import expression

# Where a value is: mapping keys and list indexes, from the document's root.
Path = tuple[str | int, ...]

_PLAIN_KEY = expression(r"[A-Za-z0-9_-]+")
_LONGEST_SHOWN = 60
_MASKED_URLS = Redactor()


class Spot(NamedTuple):
    """A place in a text: line and column, both from 1; columns count characters."""

    line: int
    column: int


START = Spot(1, 1)


class Mistake(NamedTuple):
    """One thing to correct."""

    spot: Spot
    text: str
    path: Path = ()

    def spelled(self, file: str) -> str:
        """The mistake as compilers and editors know it: `file:line:column: key: text`."""
        key = f"{spell_path(self.path)}: " if self.path else ""
        return f"{file}:{self.spot.line}:{self.spot.column}: {key}{self.text}"


def spell_path(path: Path) -> str:
    """`environments.qa.values[1]`; keys that are no simple words are quoted."""
    spelled = ""
    for part in path:
        if isinstance(part, int):
            spelled += f"[{part}]"
        else:
            key = part if _PLAIN_KEY.fullmatch(part) else quoted(part)
            spelled += f".{key}" if spelled else key
    return spelled


def quoted(text: str) -> str:
    """A text from a file, on one line, in single quotes and not too long; logins in URLs are masked."""
    text = _MASKED_URLS.text(text)
    if len(text) > _LONGEST_SHOWN:
        text = text[: _LONGEST_SHOWN - 1] + "…"
    # JSON's escapes are known to everybody who writes YAML.
    return f"'{json.dumps(text, ensure_ascii=not text.isprintable())[1:-1]}'"


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'dev'?`, or nothing where no known word is near."""
    if len(word) > _LONGEST_SHOWN:
        return ""
    import difflib  # noqa: PLC0415 - most files have no mistakes

    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f"; did you mean '{near[0]}'?" if near else ""


def either(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
