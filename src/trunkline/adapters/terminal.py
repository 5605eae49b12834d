"""Asking a person at the terminal, while somebody elsewhere may answer first."""

from __future__ import annotations

import selectors
import termios
from collections.abc import Callable
from typing import TextIO

from trunkline.domain.attempts import Decision
from trunkline.ports import Answer

# How soon an answer from another terminal is noticed.
_LOOK_S = 1.0
_YES = {"y", "yes", "approve"}
_NO = {"n", "no", "reject"}


class TerminalApprover:
    """Implements the port `Approver` on a terminal; without one it does not ask."""

    def __init__(self, actor: str, stdin: TextIO, screen: TextIO) -> None:
        self._actor = actor
        self._stdin = stdin
        self._screen = screen

    def ask(self, question: str, elsewhere: Callable[[], Answer | None]) -> Answer | None:
        """See the port."""
        if not (self._stdin.isatty() and self._screen.isatty()):
            return None
        # What was typed while something else was at work is no answer to a question that nobody had seen.
        termios.tcflush(self._stdin, termios.TCIFLUSH)
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdin, selectors.EVENT_READ)
            self._prompt(f"{question} [yes/no, and a reason if you like] ")
            while True:
                if not selector.select(_LOOK_S):
                    answer = elsewhere()
                    if answer is not None:
                        self._prompt(f"\n{answer.decision} by {answer.actor} elsewhere\n")
                        return answer
                    continue
                line = self._stdin.readline()
                if not line:
                    return None
                word, *reason = line.split(maxsplit=1) or [""]
                decision = _decision(word.lower())
                if decision is not None:
                    return Answer(decision, self._actor, "".join(reason).strip())
                self._prompt("Please answer yes or no: ")

    def _prompt(self, text: str) -> None:
        self._screen.write(text)
        self._screen.flush()


def _decision(word: str) -> Decision | None:
    if word in _YES:
        return Decision.APPROVED
    return Decision.REJECTED if word in _NO else None
