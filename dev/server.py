"""Owns a server that lives as long as the program that started it: started, awaited, stopped."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from dev.errors import DevError
from dev.ready import listens, wait

_SHOWN_LINES = 12


class Server:
    """A child process with a log file; the kernel kills it when the thread that started it is gone."""

    def __init__(self, name: str, argv: Sequence[str | Path], log: Path) -> None:
        self._name = name
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *(str(word) for word in argv)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # A Ctrl-C is for the parent, who stops its servers in order.
                start_new_session=True,
            )

    def await_ready(self, ready: Callable[[], bool], *, seconds: float = 30) -> None:
        """Wait until the server is ready; its early end or the deadline fail with the end of its log."""
        wait(
            lambda: self._alive() and ready(), seconds=seconds, failure=lambda: self._trouble("is not ready")
        )

    def stop(self, *, patience: float = 5) -> None:
        """End the process and wait until it is gone; ask first, then, out of patience, insist."""
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def join(self) -> None:
        """Wait until the server ends by itself."""
        self._process.wait()

    def _alive(self) -> bool:
        if self._process.poll() is not None:
            raise DevError(self._trouble(f"ended with {self._process.returncode}"))
        return True

    def _trouble(self, what: str) -> str:
        said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_SHOWN_LINES:]
        return f"{self._name} {what}: {' / '.join(said) or 'it said nothing'} - its log is {self._log}."


def claim_port(port: int, name: str) -> None:
    """Refuse a port that somebody else serves, who would otherwise be taken for the new server."""
    if listens(port):
        raise DevError(
            f"{name} cannot use port {port}, something listens there already: end it or choose another."
        )
