"""Helm killed half-way: the API holds the request with which Helm changes a workload, and Helm ends before it is answered."""

from __future__ import annotations

from contextlib import AbstractContextManager

from trunkline.ports import Command, Completed, Meanwhile, OnLine, Processes, Running
from trunkline.rehearsal.api.gate import Gate

_KILLED = -9
_AGENT = "Helm"


class HelmKiller:
    """The port `Processes` around another, which kills the next Helm that deploys to a namespace once it is armed."""

    def __init__(self, inner: Processes, gate: Gate) -> None:
        self._inner, self._gate = inner, gate
        self._namespace = ""

    def arm(self, namespace: str) -> None:
        """Kill the next upgrade there."""
        self._namespace = namespace

    def disarm(self) -> None:
        """Kill nobody."""
        self._namespace = ""
        self._gate.well()

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        """See the port."""
        if not self._is_meant(command):
            return self._inner.run(command, on_line, meanwhile)

        def watch() -> None:
            if meanwhile is not None:
                meanwhile()
            if self._gate.held:
                raise _Killed

        self._gate.hold(_AGENT)
        try:
            return self._inner.run(command, on_line, watch)
        except _Killed:
            return Completed(command, _KILLED, "", "Error: signal: killed")
        finally:
            self.disarm()

    def running(self, command: Command) -> AbstractContextManager[Running]:
        """See the port."""
        return self._inner.running(command)

    def find(self, program: str) -> str | None:
        """See the port."""
        return self._inner.find(program)

    def _is_meant(self, command: Command) -> bool:
        words = command.argv
        return bool(self._namespace) and words[:2] == ("helm", "upgrade") and self._namespace in words


class _Killed(Exception):
    """Helm has begun to change what runs."""
