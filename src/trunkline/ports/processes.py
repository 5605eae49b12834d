"""Other programs, run as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from pathlib import Path
from typing import Protocol

from trunkline.dataclass import dataclass

OnLine = Callable[[str], None]
Meanwhile = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Command:
    """A program to run, as a value.

    Attributes:
        argv: program and arguments; never holds a secret.
        environment: variables added to this process's own; None removes one.
        stdin: text for its standard input; secrets go here.
        directory: where it runs; None for here.
        timeout_s: it is ended after this many seconds.
        private: its output is a credential for us alone: it is neither redacted nor passed to anybody.
        brief: it only reads, and soon ends by itself: should we be killed, it need not be.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    stdin: str | None = field(default=None, repr=False)
    directory: Path | None = None
    timeout_s: float | None = None
    private: bool = False
    brief: bool = False


@dataclass(frozen=True, slots=True)
class Completed:
    """A program that has ended; its output is already redacted, unless the command is `private`."""

    command: Command
    code: int
    stdout: str = field(repr=False)
    stderr: str = field(repr=False)


class Running(Protocol):
    """A program at work."""

    def line(self, timeout_s: float) -> str | None:
        """The next line (redacted) of its outputs; None once both are closed.

        Raises:
            TimeoutError: no line came within that time.
        """
        ...


class Processes(Protocol):
    """The one way to run other programs."""

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        """Run to the end; each output line (redacted) goes to `on_line` as it comes.

        `meanwhile` is called several times a second while the program runs; what it or `on_line` raises ends the
        program, politely first, and goes on to the caller.

        Whatever its exit code, the result is returned: the caller knows what it means. A child never
        outlives this process.

        Raises:
            UsageError: the program is not installed.
            TimeoutError: `timeout_s` passed; the program was ended.
        """
        ...

    def running(self, command: Command) -> AbstractContextManager[Running]:
        """Start a program that works until the context is left, and is ended then, politely first.

        It gets no input; the command's `stdin` and `timeout_s` mean nothing here.

        Raises:
            UsageError: the program is not installed.
        """
        ...

    def find(self, program: str) -> str | None:
        """The path of a program on PATH, or None."""
        ...
