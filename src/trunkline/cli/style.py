"""Colours where they help: on a terminal that wants them, and nowhere else."""

from __future__ import annotations

import os
from typing import TextIO


class Style:
    """Spells text for one stream. Honours `NO_COLOR` (no-color.org), `FORCE_COLOR` and `TERM=dumb`."""

    def __init__(self, stream: TextIO) -> None:
        wanted = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._on = bool(os.environ.get("FORCE_COLOR")) or (wanted and not os.environ.get("NO_COLOR"))

    def good(self, text: str) -> str:
        """Something that went well."""
        return self._spell("32", text)

    def bad(self, text: str) -> str:
        """Something that failed."""
        return self._spell("1;31", text)

    def warning(self, text: str) -> str:
        """Something to look at."""
        return self._spell("33", text)

    def strong(self, text: str) -> str:
        """What the eye should find first."""
        return self._spell("1", text)

    def faint(self, text: str) -> str:
        """What matters less."""
        return self._spell("2", text)

    def _spell(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._on and text else text


def printable(text: str) -> str:
    """The text on one line and without anything that a terminal would obey: containers may say what they like."""
    return "".join(character if character.isprintable() else " " for character in text)
