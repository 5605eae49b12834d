"""What a word stands for: parameters, substitutions and arithmetic, split into fields (XCU 2.6)."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from trunkline.expressions import expression
from trunkline.rehearsal.nodes.files import FileError
from trunkline.rehearsal.nodes.shell.arithmetic import evaluate
from trunkline.rehearsal.nodes.shell.syntax import (
    Arithmetic,
    NotPlayed,
    Parameter,
    Part,
    Substitution,
    Text,
    Word,
)
from trunkline.rehearsal.nodes.shell.world import Effect, Exit, Kept, bounded

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.shell.machine import Shell

_MOST_FIELDS = 1_000
_UNSET = "parameter not set"
_PATTERN = expression(r"[*?]|\[[^\]]+\]")
Piece = tuple[str, bool]
"""Characters, and whether they are quoted."""
Expanding = Generator[Effect, None, str]


def text_of(shell: Shell, word: Word) -> Expanding:
    """The word as one text, without splitting."""
    pieces = yield from _pieces(shell, word)
    return bounded("".join(text for text, _ in pieces))


def pattern_of(shell: Shell, word: Word) -> Expanding:
    """The word as a pattern, in which quoted characters stand for themselves."""
    pieces = yield from _pieces(shell, word)
    return bounded("".join(_escaped(text) if quoted else text for text, quoted in pieces))


def fields_of(shell: Shell, words: Sequence[Word]) -> Generator[Effect, None, list[str]]:
    """All fields of some words, with the names of files that patterns stand for."""
    found: list[str] = []
    for word in words:
        if word in _ALL:
            found.extend(shell.positional)
            continue
        for pieces in _split((yield from _marked(shell, word))):
            found.extend(_files(shell, pieces))
        if len(found) > _MOST_FIELDS:
            raise NotPlayed("too many words")
    return found


def _marked(shell: Shell, word: Word) -> Generator[Effect, None, list[tuple[str, bool, bool]]]:
    """The pieces of a word, quoted or not, and whether they come from an expansion."""
    found = []
    for part in word:
        text = yield from _value(shell, part)
        found.append((text, part.quoted, not isinstance(part, Text)))
    return found


def _split(pieces: Sequence[tuple[str, bool, bool]]) -> list[list[Piece]]:
    fields: list[list[Piece]] = []
    current: list[Piece] | None = None
    for text, quoted, expanded in pieces:
        if quoted or not expanded:
            current = [*(current or []), (text, quoted)]
            continue
        for part in re.split(r"([ \t\n]+)", bounded(text)):
            if not part:
                continue
            if part.isspace():
                fields.extend([current] if current is not None else [])
                current = None
            else:
                current = [*(current or []), (part, False)]
    return [*fields, *([current] if current is not None else [])]


def _files(shell: Shell, pieces: Sequence[Piece]) -> list[str]:
    plain = "".join(text for text, _ in pieces)
    if not any(not quoted and _PATTERN.search(text) for text, quoted in pieces):
        return [plain]
    pattern = "".join(_escaped(text) if quoted else text for text, quoted in pieces)
    head, _, last = pattern.rpartition("/")
    if _PATTERN.search(head):
        raise NotPlayed(plain)
    try:
        names = shell.world.files.names(shell.absolute(head or ("/" if pattern.startswith("/") else ".")))
    except FileError:
        return [plain]
    found = [name for name in names if fnmatch.fnmatchcase(name, last) and not name.startswith(".")]
    return [posixpath.join(head or "/", name) if "/" in pattern else name for name in found] or [plain]


def _pieces(shell: Shell, word: Word) -> Generator[Effect, None, list[Piece]]:
    found = []
    for part in word:
        found.append(((yield from _value(shell, part)), part.quoted))  # noqa: PERF401 - no comprehension can wait
    return found


def _value(shell: Shell, part: Part) -> Expanding:
    match part:
        case Text():
            return part.text
        case Parameter():
            return (yield from _parameter(shell, part))
        case Arithmetic():
            text = yield from text_of(shell, part.expression)
            return str(evaluate(text, shell.variables))
        case Substitution():
            kept = Kept()
            inner = shell.copy({**shell.sinks, 1: kept})
            shell.status = yield from inner.contained(inner.sequence(part.script))
            shell.substituted = True
            return kept.text.rstrip("\n")


def _parameter(shell: Shell, part: Parameter) -> Expanding:
    value = parameter(shell, part.name)
    if not part.operator:
        if value is None and "u" in shell.flags:
            shell.complain(f"{part.name}: {_UNSET}")
            raise Exit(2)
        return value or ""
    if part.operator == "#":
        return str(len(value or ""))
    operator = part.operator.removesuffix("word")
    if operator in {"#", "##", "%", "%%"}:
        return _cut(value or "", operator, (yield from pattern_of(shell, part.word)))
    lacks = value is None or (operator.startswith(":") and not value)
    match operator[-1]:
        case "-":
            return (yield from text_of(shell, part.word)) if lacks else value or ""
        case "+":
            return "" if lacks else (yield from text_of(shell, part.word))
        case "=":
            if lacks:
                shell.assign(part.name, (yield from text_of(shell, part.word)))
            return shell.variables.get(part.name, "")
        case _:
            if not lacks:
                return value or ""
            said = yield from text_of(shell, part.word)
            shell.complain(f"{part.name}: {said or _UNSET}")
            raise Exit(2)


def parameter(shell: Shell, name: str) -> str | None:
    """The value of a variable or of a special parameter; None where there is none."""
    if name.isdigit():
        number = int(name)
        words = [shell.name, *shell.positional]
        return words[number] if number < len(words) else None
    match name:
        case "?":
            return str(shell.status)
        case "#":
            return str(len(shell.positional))
        case "$":
            return str(shell.number)
        case "!":
            return str(shell.last_job) if shell.last_job else None
        case "@" | "*":
            return " ".join(shell.positional)
        case "-":
            return "".join(sorted(shell.flags))
        case _:
            return shell.variables.get(name)


def _cut(value: str, operator: str, pattern: str) -> str:
    """`${x#pattern}` and its like: the shortest, or the longest, beginning or end away."""
    if len(value) > _MOST_FIELDS:
        raise NotPlayed(operator)
    lengths = range(len(value) + 1) if len(operator) == 1 else range(len(value), -1, -1)
    for length in lengths:
        if operator[0] == "#" and fnmatch.fnmatchcase(value[:length], pattern):
            return value[length:]
        if operator[0] == "%" and fnmatch.fnmatchcase(value[len(value) - length :], pattern):
            return value[: len(value) - length]
    return value


def _escaped(text: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", text)


_ALL: tuple[Word, ...] = (
    (Text("", True), Text("", True), Parameter("@", "", (), True), Text("", True)),
    (Text("", True), Parameter("@", "", (), True), Text("", True)),
    (Parameter("@", "", (), False),),
)
"""What `"$@"` and `$@` are read as."""
