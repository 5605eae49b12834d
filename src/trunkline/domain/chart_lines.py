"""Reads one chart's block of an index line by line, where it is laid out as Helm writes it; a parser takes twenty times as long.

Only what can mean one thing is read: keys at one indentation, `version`, `digest` and `urls` as plain texts on one
line. Whatever looks otherwise (an anchor, a quoted text over several lines, a flow collection, a key twice) is not
guessed at: the caller has a parser.
"""

from __future__ import annotations

from trunkline.expressions import expression

Fields = tuple[str, str, tuple[str, ...]]

_FIRST = expression(r"[ \t]*(?:#[^\n]*)?\n( *)- +(?=[A-Za-z])")
# A plain text that YAML reads as it stands, or one in quotes without anything to unescape.
_TEXT = expression(
    r"""(?:"([A-Za-z0-9][^"'\\#\t]*)"|'([A-Za-z0-9][^"'\\#\t]*)'|([A-Za-z0-9](?:[^\s"'\\#:]|:(?=[^\s]))*))"""
)
_QUOTED = expression(r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*\"""")
# Anything whose end may lie in another line, or that refers to something elsewhere.
_STRANGE = frozenset("&*!%@`[{?")
_QUOTES = frozenset("\"'")
# Tabs are no indentation, and YAML 1.1 breaks lines at more than a line feed.
_BREAKS = ("\t", "\x85", "\u2028", "\u2029")
_OURS = frozenset({"version", "digest", "urls"})


class _StrangeLine(Exception):
    """A line that is not as Helm writes it."""


def scan_versions(block: str) -> tuple[Fields, ...] | None:
    """The version, digest and addresses of each entry, in order; None where the block is laid out otherwise.

    Args:
        block: what stands behind the chart's key and its colon, to the next chart's.
    """
    first = _FIRST.match(block)
    if first is None or any(letter in block for letter in _BREAKS):
        return None
    if block.count("\r") != block.count("\r\n"):
        return None
    try:
        lines = block[first.start(1) :].replace("\r\n", "\n").split("\n")
        return tuple(_scan(lines, len(first[1]), first.end() - first.start(1)))
    except _StrangeLine:
        return None


def bare_digest(digest: str) -> str:
    """A digest without the name of its algorithm."""
    return digest.removeprefix("sha256:").lower()


def _scan(lines: list[str], dash: int, column: int) -> list[Fields]:
    """The entries; `dash` is the indentation of their dashes, `column` that of their keys."""
    found: list[Fields] = []
    entry: dict[str, str] = {}
    urls: list[str] = []
    key = ""
    begin = " " * dash + "-" + " " * (column - dash - 1)
    inside = " " * column
    for line in lines:
        first = line[column : column + 1]
        if line.startswith(inside):
            if first not in " -":
                key = _take(entry, line[column:])
            elif key in _OURS and line.strip(" "):
                _continue(key, urls, line.lstrip(" "))
        elif line.startswith(begin) and first not in {"", " ", "-", "#"}:
            found += _finished(entry, urls)
            entry, urls = {}, []
            key = _take(entry, line[column:])
        elif line.strip(" ") and not line.lstrip(" ").startswith("#"):
            raise _StrangeLine
    return found + _finished(entry, urls)


def _take(entry: dict[str, str], text: str) -> str:
    """Put a line `key: value` into the entry, if it is one of ours; the key."""
    key, colon, value = text.partition(":")
    if not (colon and key.isalnum() and key.isascii() and value[:1] in {"", " "}):
        if text.startswith("#"):
            return ""
        raise _StrangeLine
    value = value.strip(" ")
    if key in _OURS:
        if key in entry or (key == "urls" and value):
            raise _StrangeLine
        entry[key] = _text(value) if key != "urls" else ""
    elif value[:1] in _STRANGE or (value[:1] in _QUOTES and not _QUOTED.fullmatch(value)):
        raise _StrangeLine
    return key


def _continue(key: str, urls: list[str], text: str) -> None:
    """A line further in than the keys, behind one of ours."""
    if text.startswith("#"):
        return
    if key != "urls" or not text.startswith("- "):
        raise _StrangeLine
    urls.append(_text(text[2:].strip(" ")))


def _text(value: str) -> str:
    found = _TEXT.fullmatch(value)
    if found is None:
        raise _StrangeLine
    return found[1] or found[2] or found[3]


def _finished(entry: dict[str, str], urls: list[str]) -> list[Fields]:
    if "version" not in entry:
        return []
    return [(entry["version"], bare_digest(entry.get("digest", "")), tuple(urls))]
