"""Texts from anywhere, made fit for a system that limits their length and what they may hold."""

from __future__ import annotations

from trunkline.expressions import expression

_CONTROL = expression(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(text: str) -> str:
    """`text` without control characters and halves of characters, which no JSON reader has to accept."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _CONTROL.sub(" ", whole)


def cut(text: str, limit: int) -> str:
    """At most `limit` bytes of the cleaned text in UTF-8, never half a character; three dots mark a cut.

    Many systems give a limit in "characters" without saying which: bytes never exceed it.
    """
    cleaned = clean(text)
    raw = cleaned.encode()
    return cleaned if len(raw) <= limit else raw[: limit - 3].decode(errors="ignore") + "..."


def one_line(text: str, limit: int) -> str:
    """The same on one line, with single spaces."""
    return " ".join(cut(text, limit).split())
