"""Programs that only pretend to run: a test says which are installed and what each command answers."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from trunkline.errors import UsageError
from trunkline.ports import Command, Completed, Meanwhile, OnLine, Running

Answer = Completed | BaseException | tuple[int, str, str]
Script = Callable[[Command], Answer]


class FakeProcesses:
    """Implements the port `Processes`.

    Attributes:
        script: what each command answers from now on.
        installed: the programs that are on PATH.
        commands: what was asked for, oldest first.
        at_work: the programs that run now; what they say is their answer's standard output, and then silence
            where the exit code is 0.
    """

    def __init__(self, script: Script, *installed: str) -> None:
        self.script = script
        self.installed = installed
        self.commands: list[Command] = []
        self.at_work: list[Command] = []

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        self.commands.append(command)
        if command.argv[0] not in self.installed:
            raise UsageError(f"{command.argv[0]} is not installed, or not on PATH.")
        answer = self.script(command)
        if meanwhile is not None:
            meanwhile()
        if isinstance(answer, BaseException):
            raise answer
        done = Completed(command, *answer) if isinstance(answer, tuple) else answer
        if on_line is not None:
            for line in (done.stdout + done.stderr).splitlines():
                on_line(line)
        return done

    @contextlib.contextmanager
    def running(self, command: Command) -> Iterator[Running]:
        done = self.run(command)
        self.at_work.append(command)
        try:
            yield _FakeRunning(done)
        finally:
            self.at_work.remove(command)

    def find(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self.installed else None


class _FakeRunning:
    def __init__(self, done: Completed) -> None:
        self._done = done
        self._lines = iter(done.stdout.splitlines())

    def line(self, timeout_s: float) -> str | None:
        line = next(self._lines, None)
        if line is None and self._done.code == 0:
            raise TimeoutError
        return line
