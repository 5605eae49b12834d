"""`$((...))`: whole numbers of 64 bits, as POSIX has it (XCU 2.6.4), without assignments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from trunkline.expressions import expression
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed

_TOKEN = expression(r"\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%<>!~&|^()?:])")
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",), ("&&",), ("|",), ("^",), ("&",), ("==", "!="), ("<=", ">=", "<", ">"), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"),
)  # fmt: skip
_DEEPEST = 32
_LONGEST = 1_000
_BITS = 64


def evaluate(text: str, variables: Mapping[str, str]) -> int:
    """The value of an expression.

    Raises:
        NotPlayed: it is none, or divides by zero.
    """
    if len(text) > _LONGEST:
        raise NotPlayed("arithmetic")
    tokens, at = [], 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotPlayed(text[at : at + 20])
        tokens.append(found[1])
        at = found.end()
    reader = _Reader(tokens, variables)
    value = reader.choice() if tokens else 0
    reader.end()
    return value


class _Reader:
    def __init__(self, tokens: list[str], variables: Mapping[str, str]) -> None:
        self._tokens, self._variables = tokens, variables
        self._at = self._depth = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise NotPlayed(self._tokens[self._at])

    def choice(self) -> int:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotPlayed("too deep")
        value = self._level(0)
        if self._take("?"):
            first = self.choice()
            if not self._take(":"):
                raise NotPlayed("?")
            second = self.choice()
            value = first if value else second
        self._depth -= 1
        return value

    def _level(self, level: int) -> int:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while self._at < len(self._tokens) and self._tokens[self._at] in _LEVELS[level]:
            self._at += 1
            value = _wrapped(_apply(self._tokens[self._at - 1], value, self._level(level + 1)))
        return value

    def _unary(self) -> int:
        signs = []
        while self._at < len(self._tokens) and self._tokens[self._at] in {"-", "+", "!", "~"}:
            signs.append(self._tokens[self._at])
            self._at += 1
        value = self._atom()
        for sign in reversed(signs):
            value = {"-": -value, "+": value, "!": int(not value), "~": ~value}[sign]
        return _wrapped(value)

    def _atom(self) -> int:
        if self._take("("):
            value = self.choice()
            if not self._take(")"):
                raise NotPlayed("(")
            return value
        token = self._tokens[self._at] if self._at < len(self._tokens) else ""
        self._at += 1
        if re.fullmatch(r"[A-Za-z_]\w*", token):
            token = self._variables.get(token, "") or "0"
        return number(token)

    def _take(self, token: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == token
        self._at += int(found)
        return found


def number(text: str) -> int:
    """A number as the shell reads it.

    Raises:
        NotPlayed: it is none.
    """
    found = re.fullmatch(r"([-+]?)(0[xX][0-9a-fA-F]{1,16}|\d{1,20})", text.strip(), re.ASCII)
    if found is None:
        raise NotPlayed(text[:20])
    digits = found[2]
    octal = len(digits) > 1 and digits[0] == "0" and digits[1:].isdigit()
    try:
        value = int(digits, 8 if octal else 0)
    except ValueError:
        raise NotPlayed(text[:20]) from None
    return -value if found[1] == "-" else value


def _wrapped(value: int) -> int:
    half = 1 << (_BITS - 1)
    return (value + half) % (1 << _BITS) - half


def _apply(operator: str, left: int, right: int) -> int:
    if operator in {"/", "%"}:
        if right == 0:
            raise NotPlayed("division by 0")
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    return _OPERATIONS[operator](left, right)


_OPERATIONS: Mapping[str, Callable[[int, int], int]] = {
    "||": lambda left, right: int(bool(left) or bool(right)),
    "&&": lambda left, right: int(bool(left) and bool(right)),
    "|": lambda left, right: left | right,
    "^": lambda left, right: left ^ right,
    "&": lambda left, right: left & right,
    "==": lambda left, right: int(left == right),
    "!=": lambda left, right: int(left != right),
    "<=": lambda left, right: int(left <= right),
    ">=": lambda left, right: int(left >= right),
    "<": lambda left, right: int(left < right),
    ">": lambda left, right: int(left > right),
    "<<": lambda left, right: left << (right % _BITS),
    ">>": lambda left, right: left >> (right % _BITS),
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
}
