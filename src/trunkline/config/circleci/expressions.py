"""CircleCI's expressions (`pipeline.git.branch == "main" and not (...)`), and what stands between `<<` and `>>`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from trunkline.expressions import expression

_TOKEN = expression(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|/(?:[^/\\]|\\.)+/)|(?P<sign>==|!=|>=|<=|=~|!~|[()<>,])"""
    r"""|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<word>[A-Za-z_][A-Za-z0-9_.-]*))"""
)
_COMPARISONS = frozenset(
    {"==", "!=", ">", "<", ">=", "<=", "=~", "!~", "starts-with", "ends-with", "contains", "matches", "in"}
)
_ROOTS = ("pipeline.", "job.", "parameters.", "matrix.", "contexts.", "git.", "org.", "project.")
_CONSTANTS = frozenset({"true", "false", "null", "empty"})
_WRONG_SIGNS = {"&&": "and", "||": "or", "!": "not", "=": "=="}
_MEANT = expression(r"(?:pipeline|parameters|matrix|job|include|contexts|not|true|false)\b|[(\"']")
_REFERENCE = expression(r"(?<!\\)<<\s*([^<>]*?)\s*>>")


class _Token(NamedTuple):
    kind: str
    text: str


class Unreadable(Exception):
    """What is wrong with an expression, and the mend."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


def check_expression(text: str) -> None:
    """See that an expression can be read.

    Raises:
        Unreadable: it cannot.
    """
    reader = _Reader(list(_tokens(text)))
    reader.alternatives()
    if (left := reader.next()) is not None:
        raise Unreadable(f"{left.text!r} stands where the expression should end", _mend(left.text))


def references(text: str) -> Iterator[tuple[str, str]]:
    """What stands between `<<` and `>>`: as it is spelled, and the expression itself."""
    for found in _REFERENCE.finditer(text):
        yield found[0], found[1]


def is_expression(inner: str) -> bool:
    """Whether what stands between `<<` and `>>` could be meant as an expression."""
    return _MEANT.match(inner) is not None


def parameters_in(inner: str) -> Iterator[str]:
    """The names of parameters that an expression uses: `parameters.x` is x."""
    for token in _tokens(inner, strict=False):
        if token.kind == "word" and token.text.startswith("parameters."):
            yield token.text.removeprefix("parameters.")


def pipeline_parameters_in(inner: str) -> Iterator[str]:
    """The same of `pipeline.parameters.x`."""
    for token in _tokens(inner, strict=False):
        if token.kind == "word" and token.text.startswith("pipeline.parameters."):
            yield token.text.removeprefix("pipeline.parameters.")


def unclosed(text: str) -> str:
    """A `<<` that nothing closes, with what follows it; empty where there is none."""
    left = _REFERENCE.sub("", text)
    at = left.find("<<")
    while at >= 0:
        if not left[:at].endswith("\\"):
            return left[at : at + 20].split("\n")[0]
        at = left.find("<<", at + 2)
    return ""


def _tokens(text: str, *, strict: bool = True) -> Iterator[_Token]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            if not strict:
                at += 1
                continue
            rest = text[at:].strip()
            sign = next((sign for sign in _WRONG_SIGNS if rest.startswith(sign)), "")
            if rest[:1] in "\"'":
                raise Unreadable(
                    f"the text {rest[:20]} is not closed", "Close it with the quote that opens it."
                )
            raise Unreadable(f"{sign or rest[:1]!r} is no sign of an expression", _mend(sign))
        at = found.end()
        yield _Token(found.lastgroup or "", found[found.lastgroup or 0])


def _mend(sign: str) -> str:
    word = _WRONG_SIGNS.get(sign)
    return (
        f"Write {word!r} instead."
        if word
        else "Join comparisons with 'and' and 'or', as in: pipeline.git.branch == \"main\""
    )


class _Reader:
    """Goes through the tokens once: `not` binds closer than `and`, and that closer than `or`."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def next(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def alternatives(self, depth: int = 0) -> None:
        self._chain("or", lambda: self._chain("and", lambda: self._negation(depth)))

    def _chain(self, word: str, part: Callable[[], None]) -> None:
        part()
        while self._takes(word):
            part()

    def _negation(self, depth: int) -> None:
        while self._takes("not"):
            pass
        if self._takes("("):
            if depth > 50:  # noqa: PLR2004 - nobody writes so many, and the stack has an end
                raise Unreadable("it is nested too deep", "Say it with fewer parentheses.")
            self.alternatives(depth + 1)
            if not self._takes(")"):
                raise Unreadable("a parenthesis is not closed", "Close it.")
            return
        self._value()
        token = self.next()
        if token is not None and token.text in _COMPARISONS:
            self._at += 1
            self._value()

    def _takes(self, word: str) -> bool:
        token = self.next()
        if token is not None and token.kind in ("word", "sign") and token.text == word:
            self._at += 1
            return True
        return False

    def _value(self) -> None:
        token = self.next()
        if token is None:
            raise Unreadable("it ends where a value should stand", "Say what is compared with what.")
        if token.kind == "sign" or token.text in (*_COMPARISONS, "and", "or"):
            raise Unreadable(
                f"{token.text!r} stands where a value should stand", "Say what is compared with what."
            )
        if token.kind == "word" and token.text not in _CONSTANTS and not token.text.startswith(_ROOTS):
            raise Unreadable(
                f"{token.text!r} is no value of a pipeline",
                "Put quotes around texts; values begin with pipeline., as in: pipeline.git.branch",
            )
        self._at += 1
