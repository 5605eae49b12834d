"""`test` and `[`: expressions on files, numbers and strings (POSIX, XCU test)."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.rehearsal.nodes.shell.arithmetic import number
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed

_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "-eq": lambda left, right: left == right,
    "-ne": lambda left, right: left != right,
    "-lt": lambda left, right: left < right,
    "-le": lambda left, right: left <= right,
    "-gt": lambda left, right: left > right,
    "-ge": lambda left, right: left >= right,
}
_STRINGS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda left, right: left == right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}
_UNARY = {"-e", "-f", "-d", "-r", "-w", "-x", "-s", "-n", "-z"}
_MOST_WORDS = 100
_DEEPEST = 20


def holds(words: list[str], kind: Callable[[str], str], size: Callable[[str], int]) -> bool:
    """Whether an expression holds.

    Args:
        words: of the expression.
        kind: of a path: `file`, `directory` or nothing.
        size: of a file, in characters.

    Raises:
        NotPlayed: it is no expression that is known here.
    """
    if len(words) > _MOST_WORDS:
        raise NotPlayed("test")
    reader = _Reader(words, kind, size)
    found = reader.either() if words else False
    reader.end()
    return found


class _Reader:
    def __init__(self, words: list[str], kind: Callable[[str], str], size: Callable[[str], int]) -> None:
        self._words, self._kind, self._size = words, kind, size
        self._at = self._depth = 0

    def end(self) -> None:
        if self._at != len(self._words):
            raise NotPlayed(self._words[self._at])

    def either(self) -> bool:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotPlayed("too deep")
        found = self._both()
        while self._take("-o"):
            other = self._both()
            found = found or other
        self._depth -= 1
        return found

    def _both(self) -> bool:
        found = self._one()
        while self._take("-a"):
            other = self._one()
            found = found and other
        return found

    def _one(self) -> bool:
        left = len(self._words) - self._at
        if left >= 3 and self._words[self._at + 1] in {**_COMPARE, **_STRINGS}:  # noqa: PLR2004 - two operands
            return self._compared()
        if left >= 2 and self._words[self._at] == "!":  # noqa: PLR2004 - `!` and what it denies
            negated = False
            while self._at + 1 < len(self._words) and self._take("!"):
                negated = not negated
            return self._one() != negated
        if left >= 3 and self._take("("):  # noqa: PLR2004 - with its end
            found = self.either()
            if not self._take(")"):
                raise NotPlayed("(")
            return found
        if left >= 2 and self._words[self._at] in _UNARY:  # noqa: PLR2004 - with its operand
            return self._unary(self._next(), self._next())
        if left < 1 or (left > 1 and self._words[self._at].startswith("-")):
            raise NotPlayed("test")
        return bool(self._next())

    def _compared(self) -> bool:
        left, operator, right = self._next(), self._next(), self._next()
        if operator in _STRINGS:
            return _STRINGS[operator](left, right)
        return _COMPARE[operator](number(left), number(right))

    def _unary(self, operator: str, operand: str) -> bool:
        if operator in {"-n", "-z"}:
            return bool(operand) == (operator == "-n")
        kind = self._kind(operand)
        if operator in {"-f", "-d"}:
            return kind == {"-f": "file", "-d": "directory"}[operator]
        if operator == "-s" and kind == "file":
            return self._size(operand) > 0
        return bool(kind)

    def _next(self) -> str:
        self._at += 1
        return self._words[self._at - 1]

    def _take(self, word: str) -> bool:
        found = self._at < len(self._words) and self._words[self._at] == word
        self._at += int(found)
        return found
