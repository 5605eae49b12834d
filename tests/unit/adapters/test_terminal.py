"""Asking a person: at a real pseudo-terminal, and where there is none."""

from __future__ import annotations

import io
import os
import select
import termios
import threading
import tty
from collections.abc import Iterator
from typing import TextIO

import pytest

from trunkline.adapters.terminal import TerminalApprover
from trunkline.domain.attempts import Decision
from trunkline.ports import Answer

QUESTION = "Deploy 0123456 to prod?"
APPROVED, REJECTED = Decision.APPROVED, Decision.REJECTED


class Terminal:
    """Both ends of a pseudo-terminal: the person's, and the program's."""

    def __init__(self) -> None:
        self.person, program = os.openpty()
        self.stdin: TextIO = os.fdopen(os.dup(program), "r", encoding="utf-8")
        self.screen: TextIO = os.fdopen(program, "w", encoding="utf-8")
        settings = termios.tcgetattr(self.person)
        settings[tty.LFLAG] &= ~termios.ECHO
        termios.tcsetattr(self.person, termios.TCSANOW, settings)

    def type(self, text: str) -> None:
        os.write(self.person, text.encode())

    def type_when_asked(self, text: str) -> None:
        """Type as soon as there is a question; what is typed before it is thrown away."""
        threading.Thread(target=self._type_when_asked, args=(text,), daemon=True).start()

    def _type_when_asked(self, text: str) -> None:
        if select.select([self.person], [], [], 10)[0]:
            self.type(text)

    def shown(self) -> str:
        """What is on the screen by now."""
        said = b""
        while select.select([self.person], [], [], 0)[0]:
            said += os.read(self.person, 65536)
        return said.decode().replace("\r\n", "\n")

    def close(self) -> None:
        self.stdin.close()
        self.screen.close()
        os.close(self.person)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal()
    yield made
    made.close()


def nobody() -> Answer | None:
    return None


def approver(terminal: Terminal) -> TerminalApprover:
    return TerminalApprover("ada", terminal.stdin, terminal.screen)


@pytest.mark.parametrize(
    ("typed", "decision", "reason"),
    [
        ("yes\n", APPROVED, ""),
        ("Y\n", APPROVED, ""),
        ("  approve   it is Friday, but small  \n", APPROVED, "it is Friday, but small"),
        ("no\n", REJECTED, ""),
        ("n l\u00e4uft nicht\n", REJECTED, "l\u00e4uft nicht"),
        ("reject\tx\n", REJECTED, "x"),
    ],
)
def test_an_answer(terminal: Terminal, typed: str, decision: Decision, reason: str) -> None:
    """A word decides, what follows it is the reason, and the person is the one who sits here."""
    terminal.type_when_asked(typed)
    assert approver(terminal).ask(QUESTION, nobody) == Answer(decision, "ada", reason)
    assert terminal.shown() == f"{QUESTION} [yes/no, and a reason if you like] "


def test_anything_else_is_asked_again(terminal: Terminal) -> None:
    """A typo never deploys anything: the question is repeated until it is answered."""
    terminal.type_when_asked("\nyess\ny e s\nok\nno never\n")
    answer = approver(terminal).ask(QUESTION, nobody)
    assert answer == Answer(APPROVED, "ada", "e s")
    assert terminal.shown().count("Please answer yes or no: ") == 2


def test_somebody_elsewhere_answers_first(terminal: Terminal) -> None:
    """While the person here thinks, a word from another terminal counts, and is told here."""
    words = iter([Answer(REJECTED, "grace", "not today")])
    answer = approver(terminal).ask(QUESTION, lambda: next(words))
    assert answer == Answer(REJECTED, "grace", "not today")
    assert terminal.shown().endswith("\nrejected by grace elsewhere\n")


def test_the_terminal_is_closed(terminal: Terminal) -> None:
    """An end of input is no answer."""
    terminal.type_when_asked("\x04")
    assert approver(terminal).ask(QUESTION, nobody) is None


def test_what_was_typed_before_the_question(terminal: Terminal) -> None:
    """A word that was typed while something else was at work approves nothing."""
    terminal.type("yes\n")
    terminal.type_when_asked("no\n")
    assert approver(terminal).ask(QUESTION, nobody) == Answer(REJECTED, "ada")


def test_no_terminal() -> None:
    """Without a terminal nobody is asked, and nothing waits."""
    screen = io.StringIO()
    with open(os.devnull, encoding="utf-8") as nothing:  # noqa: PTH123 - a device
        assert TerminalApprover("ada", nothing, screen).ask(QUESTION, nobody) is None
    assert TerminalApprover("ada", io.StringIO("yes\n"), screen).ask(QUESTION, nobody) is None
    assert screen.getvalue() == ""


def test_a_redirected_screen(terminal: Terminal) -> None:
    """Where the question could not be seen, an answer is not waited for."""
    assert TerminalApprover("ada", terminal.stdin, io.StringIO()).ask(QUESTION, nobody) is None
