"""The parts of a shell script, after the Shell Command Language of POSIX (IEEE 1003.1, XCU chapter 2)."""

from __future__ import annotations

from trunkline.dataclass import dataclass


class NotPlayed(Exception):
    """A script says something that is not known here; the message is that word."""


@dataclass(frozen=True, slots=True)
class Text:
    """Plain characters; quoted ones are neither split nor patterns."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Parameter:
    """`$name` or `${name:-word}`; the operator is empty for the plain one, `#` for the length."""

    name: str
    operator: str
    word: Word
    quoted: bool


@dataclass(frozen=True, slots=True)
class Substitution:
    """`$(script)`."""

    script: Sequence
    quoted: bool


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`$((expression))`; the expression is expanded first."""

    expression: Word
    quoted: bool


Part = Text | Parameter | Substitution | Arithmetic
Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirection:
    """Where a descriptor leads: the operator is `>`, `>>`, `<`, `>&` or `<<` (then `target` is the text itself)."""

    descriptor: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """Assignments, and a command with its arguments."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirections: tuple[Redirection, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands of which each reads what the one before said."""

    commands: tuple[Command, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """Pipelines that are joined by `&&` and `||`."""

    first: Pipeline
    rest: tuple[tuple[str, Pipeline], ...]


@dataclass(frozen=True, slots=True)
class Sequence:
    """Chains one after the other; those with True run in the background."""

    items: tuple[tuple[Chain, bool], ...]


@dataclass(frozen=True, slots=True)
class If:
    """`if`: conditions with their bodies, and `else`."""

    branches: tuple[tuple[Sequence, Sequence], ...]
    otherwise: Sequence


@dataclass(frozen=True, slots=True)
class Loop:
    """`while`, or `until`."""

    condition: Sequence
    body: Sequence
    until: bool


@dataclass(frozen=True, slots=True)
class For:
    """`for`; without words it goes through the arguments."""

    name: str
    words: tuple[Word, ...] | None
    body: Sequence


@dataclass(frozen=True, slots=True)
class Case:
    """`case`: a word, and patterns with their bodies."""

    word: Word
    branches: tuple[tuple[tuple[Word, ...], Sequence], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """`{ ...; }`, or `( ... )` in a shell of its own; also any compound command that is redirected."""

    body: Command | Sequence
    subshell: bool
    redirections: tuple[Redirection, ...] = ()


Command = Simple | If | Loop | For | Case | Group
