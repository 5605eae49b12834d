"""Reads a shell script into its parts; what is not known raises `NotPlayed`, whatever the text."""

from __future__ import annotations

import functools
import re

from trunkline.expressions import expression
from trunkline.rehearsal.nodes.shell.syntax import (
    Arithmetic,
    Case,
    Chain,
    Command,
    For,
    Group,
    If,
    Loop,
    NotPlayed,
    Parameter,
    Part,
    Pipeline,
    Redirection,
    Sequence,
    Simple,
    Substitution,
    Text,
    Word,
)

_LONGEST = 65_536
_DEEPEST = 24
_RESERVED = expression(
    r"(if|then|elif|else|fi|while|until|for|do|done|case|esac|in|function|\{|\}|!)(?=[\s;&|()<>]|$)"
)
_REDIRECTION = expression(r"(\d?)(<<-|<<|>>|>&|<&|>\||<>|>|<)")
_ASSIGNMENT = expression(r"([A-Za-z_]\w*)=")
_NAME = expression(r"[A-Za-z_]\w*|[0-9]|[?$!#@*-]", re.ASCII)
_OPERATOR = expression(r":?[-=?+]|%%|%|##|#")
_ENDS_WORD = " \t\n;&|<>()"


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Sequence:
    """A script's parts.

    Raises:
        NotPlayed: it has something that is not known here, or is too long or too deep.
    """
    if len(text) > _LONGEST or "\0" in text:
        raise NotPlayed(text[:20])
    return Parser(text).script()


class Parser:
    """Goes through a script once, from its first character to its last."""

    def __init__(self, text: str, depth: int = 0) -> None:
        self._text, self._at, self._depth = text, 0, depth

    def script(self) -> Sequence:
        """All of it."""
        return self._sequence()

    def quoted(self) -> Word:
        """All of it, as if it stood in double quotes."""
        return self._double("")

    # What the next characters are.

    def _peek(self, length: int = 1) -> str:
        return self._text[self._at : self._at + length]

    def _take(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) if found else 0
        return found

    def _need(self, text: str) -> None:
        if not self._take(text):
            raise NotPlayed(self._peek(20))

    def _reserved(self) -> str:
        found = _RESERVED.match(self._text, self._at)
        return found[1] if found else ""

    def _blanks(self) -> None:
        while True:
            if self._peek() in {" ", "\t"}:
                self._at += 1
            elif self._peek(2) == "\\\n":
                self._at += 2
            elif self._peek() == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            else:
                return

    def _lines(self) -> None:
        self._blanks()
        while self._take("\n"):
            self._blanks()

    # Lists of commands.

    def _sequence(self, *ends: str) -> Sequence:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotPlayed("too deep")
        items: list[tuple[Chain, bool]] = []
        self._lines()
        while not self._is_over(ends):
            chain = self._chain()
            self._blanks()
            if self._peek(2) == "&>":
                raise NotPlayed("&>")
            background = self._take("&")
            items.append((chain, background))
            ended = background or self._ends_command()
            self._lines()
            if not ended and not self._is_over(ends):
                raise NotPlayed(self._peek(20))
        self._depth -= 1
        return Sequence(tuple(items))

    def _ends_command(self) -> bool:
        return self._peek() == "\n" or (self._peek(2) != ";;" and self._take(";"))

    def _is_over(self, ends: tuple[str, ...]) -> bool:
        if self._at >= len(self._text):
            if ends:
                raise NotPlayed("unexpected end")
            return True
        found = self._reserved() or (self._peek(2) if self._peek(2) == ";;" else self._peek())
        return found in ends

    def _chain(self) -> Chain:
        first = self._pipeline()
        rest: list[tuple[str, Pipeline]] = []
        while True:
            self._blanks()
            operator = self._peek(2)
            if operator not in {"&&", "||"}:
                return Chain(first, tuple(rest))
            self._at += 2
            self._lines()
            rest.append((operator, self._pipeline()))

    def _pipeline(self) -> Pipeline:
        self._blanks()
        negated = False
        while self._reserved() == "!":
            self._at += 1
            negated = not negated
            self._blanks()
        commands = [self._command()]
        self._blanks()
        while self._peek() == "|" and self._peek(2) != "||":
            self._at += 1
            if self._peek() == "&":
                raise NotPlayed("|&")
            self._lines()
            commands.append(self._command())
            self._blanks()
        return Pipeline(tuple(commands), negated)

    # Commands.

    def _command(self) -> Command:
        word = self._reserved()
        if self._peek(2) == "((":
            raise NotPlayed("((")
        if not word and self._peek() != "(":
            return self._simple()
        made = self._compound(word)
        self._blanks()
        redirections = []
        while _REDIRECTION.match(self._text, self._at):
            redirections.append(self._redirection())
            self._blanks()
        return Group(made, False, tuple(redirections)) if redirections else made

    def _compound(self, word: str) -> Command:
        self._at += len(word)
        match word:
            case "if":
                return self._if()
            case "while" | "until":
                condition = self._until_word("do")
                return Loop(condition, self._until_word("done"), until=word == "until")
            case "for":
                return self._for()
            case "case":
                return self._case()
            case "{":
                return Group(self._until_word("}"), subshell=False)
            case "":
                self._need("(")
                body = self._sequence(")")
                self._need(")")
                return Group(body, subshell=True)
            case _:
                raise NotPlayed(word)

    def _until_word(self, *words: str) -> Sequence:
        """Commands up to one of these words; with a single one, it is passed."""
        body = self._sequence(*words)
        if len(words) == 1:
            self._need(words[0])
        return body

    def _if(self) -> If:
        branches = [(self._until_word("then"), self._until_word("elif", "else", "fi"))]
        while self._reserved() == "elif":
            self._at += len("elif")
            branches.append((self._until_word("then"), self._until_word("elif", "else", "fi")))
        otherwise = Sequence(())
        if self._reserved() == "else":
            self._at += len("else")
            otherwise = self._sequence("fi")
        self._need("fi")
        return If(tuple(branches), otherwise)

    def _for(self) -> For:
        self._blanks()
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise NotPlayed("for")
        self._at = found.end()
        self._lines()
        words: list[Word] | None = None
        if self._reserved() == "in":
            self._at += len("in")
            words = []
            self._blanks()
            while self._peek() and self._peek() not in ";\n":
                word = self._word()
                if not word:
                    raise NotPlayed(self._peek(20))
                words.append(word)
                self._blanks()
        self._take(";")
        self._lines()
        self._need("do")
        return For(found[0], None if words is None else tuple(words), self._until_word("done"))

    def _case(self) -> Case:
        self._blanks()
        word = self._word()
        self._lines()
        self._need("in")
        branches = []
        self._lines()
        while self._reserved() != "esac":
            self._take("(")
            patterns = [self._pattern()]
            while self._take("|"):
                patterns.append(self._pattern())
            self._need(")")
            branches.append((tuple(patterns), self._sequence(";;", "esac")))
            self._take(";;")
            self._lines()
        self._need("esac")
        return Case(word, tuple(branches))

    def _pattern(self) -> Word:
        self._blanks()
        found = self._word()
        self._blanks()
        return found

    def _simple(self) -> Simple:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        while True:
            self._blanks()
            if _REDIRECTION.match(self._text, self._at):
                redirections.append(self._redirection())
                continue
            if not self._peek() or self._peek() in _ENDS_WORD:
                break
            found = None if words else _ASSIGNMENT.match(self._text, self._at)
            if found:
                self._at = found.end()
                assignments.append((found[1], self._word()))
            else:
                words.append(self._word())
        if self._peek() == "(" or not (assignments or words or redirections):
            raise NotPlayed(self._peek(20))
        return Simple(tuple(assignments), tuple(words), tuple(redirections))

    def _redirection(self) -> Redirection:
        found = _REDIRECTION.match(self._text, self._at)
        if found is None:
            raise NotPlayed(self._peek())
        self._at = found.end()
        operator = {">|": ">", "<&": ">&"}.get(found[2], found[2])
        if operator == "<>":
            raise NotPlayed(operator)
        descriptor = int(found[1]) if found[1] else int(not operator.startswith("<"))
        self._blanks()
        if operator.startswith("<<"):
            return Redirection(descriptor, "<<", self._here_document(tabs=operator == "<<-"))
        word = self._word()
        if not word:
            raise NotPlayed(operator)
        return Redirection(descriptor, operator, word)

    def _here_document(self, *, tabs: bool) -> Word:
        """The lines after this one up to the mark; they are cut out, so that what follows is read as if they were not there."""
        word = self._word()
        if not all(isinstance(part, Text) for part in word):
            raise NotPlayed("<<")
        mark = "".join(part.text for part in word if isinstance(part, Text))
        start = self._text.find("\n", self._at) + 1
        lines: list[str] = []
        at = start
        while start:
            end = self._text.find("\n", at)
            line = self._text[at : len(self._text) if end < 0 else end]
            at = len(self._text) if end < 0 else end + 1
            line = line.lstrip("\t") if tabs else line
            if line == mark:
                break
            lines.append(line + "\n")
            if end < 0:
                break
        if not start:
            raise NotPlayed("<<")
        self._text = self._text[:start] + self._text[at:]
        text = "".join(lines)
        if any(isinstance(part, Text) and part.quoted for part in word):
            return (Text(text, True),)
        return Parser(text, self._depth + 1).quoted()

    # Words.

    def _word(self) -> Word:
        parts: list[Part] = []
        plain = ""
        while self._peek() and self._peek() not in _ENDS_WORD:
            character = self._peek()
            if character not in "\\'\"$`":
                plain += character
                self._at += 1
                continue
            if plain:
                parts.append(Text(plain, quoted=False))
                plain = ""
            parts.extend(self._special(character))
        if plain:
            parts.append(Text(plain, quoted=False))
        return tuple(parts)

    def _special(self, character: str) -> Word:
        match character:
            case "\\":
                escaped = self._text[self._at + 1 : self._at + 2]
                self._at += 2
                return () if escaped == "\n" else (Text(escaped, quoted=True),)
            case "'":
                end = self._text.find("'", self._at + 1)
                if end < 0:
                    raise NotPlayed("'")
                text, self._at = self._text[self._at + 1 : end], end + 1
                return (Text(text, quoted=True),)
            case '"':
                self._at += 1
                return self._double('"')
            case "`":
                return (self._backquoted(quoted=False),)
            case _:
                return (self._dollar(quoted=False),)

    def _double(self, mark: str) -> Word:
        """Up to the closing mark, or to the end where there is none."""
        parts: list[Part] = [Text("", quoted=True)]
        plain = ""
        while self._peek() and (not mark or self._peek() != mark):
            character = self._peek()
            if character == "\\" and self._text[self._at + 1 : self._at + 2] in {"$", "`", '"', "\\", "\n"}:
                escaped = self._text[self._at + 1]
                plain += "" if escaped == "\n" else escaped
                self._at += 2
            elif character in "$`":
                parts.append(Text(plain, quoted=True))
                plain = ""
                parts.append(self._dollar(quoted=True) if character == "$" else self._backquoted(quoted=True))
            else:
                plain += character
                self._at += 1
        if mark:
            self._need(mark)
        parts.append(Text(plain, quoted=True))
        return tuple(parts)

    def _backquoted(self, *, quoted: bool) -> Part:
        end = self._at + 1
        while end < len(self._text) and self._text[end] != "`":
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise NotPlayed("`")
        inner = re.sub(r"\\([\\`$])", r"\1", self._text[self._at + 1 : end])
        self._at = end + 1
        return Substitution(Parser(inner, self._depth + 1).script(), quoted)

    def _dollar(self, *, quoted: bool) -> Part:
        self._need("$")
        if self._take("(("):
            return self._arithmetic(quoted=quoted)
        if self._take("("):
            script = self._sequence(")")
            self._need(")")
            return Substitution(script, quoted)
        if self._take("{"):
            return self._braces(quoted=quoted)
        found = _NAME.match(self._text, self._at)
        if found is None:
            return Text("$", quoted=True)
        self._at = found.end()
        return Parameter(found[0], "", (), quoted)

    def _arithmetic(self, *, quoted: bool) -> Part:
        depth, end = 0, self._at
        while end < len(self._text) and (depth or self._text[end : end + 2] != "))"):
            depth += {"(": 1, ")": -1}.get(self._text[end], 0)
            end += 1
        if end >= len(self._text):
            raise NotPlayed("$((")
        inner, self._at = self._text[self._at : end], end + 2
        self._deeper()
        return Arithmetic(Parser(inner, self._depth + 1).quoted(), quoted)

    def _deeper(self) -> None:
        if self._depth >= _DEEPEST:
            raise NotPlayed("too deep")

    def _braces(self, *, quoted: bool) -> Part:
        length = self._peek() == "#" and self._peek(2) != "#}"
        self._at += int(length)
        found = _NAME.match(self._text, self._at)
        if found is None:
            raise NotPlayed("${")
        self._at = found.end()
        if self._take("}"):
            return Parameter(found[0], "#" if length else "", (), quoted)
        operator = _OPERATOR.match(self._text, self._at)
        if operator is None or length:
            raise NotPlayed(f"${{{found[0]}{self._peek()}")
        self._at = operator.end()
        self._depth += 1
        self._deeper()
        word = self._inside_braces(quoted=quoted)
        self._depth -= 1
        # A plain `#` is the length here, so the operator that cuts a prefix is told by its doubled form or its word.
        return Parameter(found[0], f"{operator[0]}word", word, quoted)

    def _inside_braces(self, *, quoted: bool) -> Word:
        parts: list[Part] = []
        while self._peek() and self._peek() != "}":
            character = self._peek()
            if character in "\\'\"$`" and not (quoted and character == "'"):
                parts.extend(self._special(character))
            else:
                parts.append(Text(character, quoted))
                self._at += 1
        self._need("}")
        return tuple(parts)
