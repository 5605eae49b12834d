"""Programs that only pretend to run: a test says which are installed and what each command answers."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.errors import UsageError
from trunkline.ports import Command, Completed, Meanwhile, OnLine

Answer = Completed | BaseException | tuple[int, str, str]
Script = Callable[[Command], Answer]


class FakeProcesses:
    """Implements the port `Processes`; `commands` holds what was asked for, oldest first."""

    def __init__(self, script: Script, *installed: str) -> None:
        self._script = script
        self._installed = installed
        self.commands: list[Command] = []

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        self.commands.append(command)
        if command.argv[0] not in self._installed:
            raise UsageError(f"{command.argv[0]} is not installed, or not on PATH.")
        answer = self._script(command)
        if meanwhile is not None:
            meanwhile()
        if isinstance(answer, BaseException):
            raise answer
        done = Completed(command, *answer) if isinstance(answer, tuple) else answer
        if on_line is not None:
            for line in (done.stdout + done.stderr).splitlines():
                on_line(line)
        return done

    def find(self, program: str) -> str | None:
        return f"/usr/bin/{program}" if program in self._installed else None
