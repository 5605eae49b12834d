"""The one place that starts other programs.

A child leads a session of its own, so that Ctrl-C reaches only us and we decide how it ends; and it is killed
with us (Linux), so that a Helm whose Trunkline is dead never goes on writing behind the next one's back.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import IO

from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError
from trunkline.ports import Command, Completed, Meanwhile, OnLine, Running

_PR_SET_PDEATHSIG = 1
_CHUNK = 65536
# How long the outputs of a program that has ended must be silent to be taken for closed.
_SILENCE_S = 1.0
# How often a caller who watches something else may do so.
_TICK_S = 0.2


class SubprocessProcesses:
    """Implements the port `Processes` with `subprocess`.

    Args:
        environ: what every child gets.
        redactor: hides what must not be shown.
        grace_s: how long a child that is ended has to come to its own end.
    """

    def __init__(self, environ: Mapping[str, str], redactor: Redactor, *, grace_s: float = 10.0) -> None:
        self._environ = environ
        self._redactor = redactor
        self._grace_s = grace_s

    def find(self, program: str) -> str | None:
        """The path of a program on PATH, or None."""
        return shutil.which(program, path=self._environ.get("PATH"))

    def run(
        self, command: Command, on_line: OnLine | None = None, meanwhile: Meanwhile | None = None
    ) -> Completed:
        """See the port."""
        process = self._start(command)
        try:
            out, err = _converse(process, command, self._hear(command, on_line), meanwhile)
        except BaseException:
            _end(process, self._grace_s)
            raise
        code = process.returncode
        if command.private:
            return Completed(command, code, out, err)
        return Completed(command, code, self._redactor.text(out), self._redactor.text(err))

    @contextlib.contextmanager
    def running(self, command: Command) -> Iterator[Running]:
        """See the port."""
        process = self._start(replace(command, stdin=None))
        try:
            with selectors.DefaultSelector() as selector:
                yield _Child(process, selector, self._redactor.text)
        finally:
            _end(process, self._grace_s)

    def _start(self, command: Command) -> subprocess.Popen[bytes]:
        program = self.find(command.argv[0])
        if program is None:
            raise UsageError(
                f"{command.argv[0]} is not installed, or not on PATH.",
                f"Install {command.argv[0]} and try again.",
            )
        try:
            return subprocess.Popen(
                [program, *command.argv[1:]],
                stdin=subprocess.PIPE if command.stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=command.directory,
                env=self._child_environment(command),
                start_new_session=True,
                # Without one, the child needs no copy of our memory's tables (vfork), which takes longer than git.
                preexec_fn=None if command.brief else _DIES_WITH_PARENT,  # noqa: PLW1509 - only calls prctl, resolved beforehand
            )
        except OSError as error:
            raise UsageError(
                f"{command.argv[0]} could not be started: {error.strerror or error}.", f"Look at {program}."
            ) from error

    def _child_environment(self, command: Command) -> dict[str, str]:
        environment = dict(self._environ)
        for name, value in command.environment.items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        return environment

    def _hear(self, command: Command, on_line: OnLine | None) -> OnLine | None:
        if on_line is None or command.private:
            return None
        return lambda line: on_line(self._redactor.text(line))


def _converse(
    process: subprocess.Popen[bytes], command: Command, on_line: OnLine | None, meanwhile: Meanwhile | None
) -> tuple[str, str]:
    """Feed stdin, read both outputs until they close, and wait for the end."""
    deadline = math.inf if command.timeout_s is None else time.monotonic() + command.timeout_s
    tick = _Tick(meanwhile)
    waiting = memoryview((command.stdin or "").encode())
    streams = {stream: _Lines(on_line) for stream in (process.stdout, process.stderr) if stream is not None}
    with selectors.DefaultSelector() as selector:
        for stream in streams:
            selector.register(stream, selectors.EVENT_READ)
        if process.stdin is not None:
            os.set_blocking(process.stdin.fileno(), False)
            selector.register(process.stdin, selectors.EVENT_WRITE)
        heard_at = time.monotonic()
        while selector.get_map():
            ready = selector.select(min(_left(deadline, command), tick.longest_s))
            tick.call()
            if ready:
                heard_at = time.monotonic()
            elif process.poll() is not None and time.monotonic() - heard_at >= _SILENCE_S:
                # A daemon that it started, and left behind, still holds its outputs.
                break
            for key, _ in ready:
                if key.fileobj is process.stdin:
                    waiting = _feed(selector, process.stdin, waiting)
                else:
                    _drain(selector, key.fd, streams[key.fileobj], key.fileobj)  # type: ignore[index, arg-type]  # only our two streams are registered
    while process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(_left(deadline, command), tick.longest_s))
        tick.call()
    _close(process)
    out, err = (lines.text() for lines in streams.values())
    return out, err


def _left(deadline: float, command: Command) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"{command.argv[0]} did not end within {command.timeout_s:g} s")
    return left


class _Tick:
    """Calls what is to be done meanwhile, every `_TICK_S` and not more often."""

    def __init__(self, meanwhile: Meanwhile | None) -> None:
        self._meanwhile = meanwhile
        self._called_at = time.monotonic()
        self.longest_s = _SILENCE_S if meanwhile is None else _TICK_S

    def call(self) -> None:
        if self._meanwhile is not None and time.monotonic() - self._called_at >= _TICK_S:
            self._called_at = time.monotonic()
            self._meanwhile()


class _Lines:
    """Collects a stream's bytes and passes on its lines."""

    def __init__(self, on_line: Callable[[str], None] | None) -> None:
        self._on_line = on_line
        self._chunks: list[bytes] = []
        self._rest = bytearray()

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        if self._on_line is None:
            return
        self._rest += chunk
        if b"\n" not in chunk:
            return
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            self._on_line(line.decode("utf-8", "replace").rstrip("\r"))

    def text(self) -> str:
        if self._on_line is not None and self._rest:
            self._on_line(self._rest.decode("utf-8", "replace").rstrip("\r"))
            self._rest.clear()
        return b"".join(self._chunks).decode("utf-8", "replace")


class _Child:
    """Implements the port `Running`."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        selector: selectors.BaseSelector,
        redacted: Callable[[str], str],
    ) -> None:
        self._selector = selector
        self._waiting: deque[str] = deque()
        for stream in (process.stdout, process.stderr):
            lines = _Lines(lambda line: self._waiting.append(redacted(line)))
            selector.register(stream, selectors.EVENT_READ, lines)  # type: ignore[arg-type]  # both are pipes

    def line(self, timeout_s: float) -> str | None:
        """See the port."""
        deadline = time.monotonic() + timeout_s
        while not self._waiting:
            if not self._selector.get_map():
                return None
            ready = self._selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise TimeoutError(f"nothing was said within {timeout_s:g} s")
            for key, _ in ready:
                _drain(self._selector, key.fd, key.data, key.fileobj)  # type: ignore[arg-type]  # as above
                if key.fd not in self._selector.get_map():
                    key.data.text()
        return self._waiting.popleft()


def _feed(selector: selectors.BaseSelector, stdin: IO[bytes], waiting: memoryview) -> memoryview:
    # A program that ends without reading all of its input is no error of ours; its exit code tells.
    with contextlib.suppress(BrokenPipeError):
        if waiting:
            waiting = waiting[os.write(stdin.fileno(), waiting[:_CHUNK]) :]
        if waiting:
            return waiting
    selector.unregister(stdin)
    with contextlib.suppress(BrokenPipeError):
        stdin.close()
    return memoryview(b"")


def _drain(selector: selectors.BaseSelector, descriptor: int, lines: _Lines, stream: IO[bytes]) -> None:
    chunk = os.read(descriptor, _CHUNK)
    if chunk:
        lines.add(chunk)
    else:
        selector.unregister(stream)
        stream.close()


def _end(process: subprocess.Popen[bytes], grace_s: float) -> None:
    """End a child and what it started: politely first, so that Helm can write down that it was stopped."""
    _signal_group(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
    # The child may be gone while what it started is not; or be deaf itself.
    _signal_group(process, signal.SIGKILL)
    process.wait()
    _close(process)


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _parent_death_signal() -> Callable[[], None] | None:
    if not sys.platform.startswith("linux"):
        return None
    # Resolved here, before any fork: the child may only call it.
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def die_with_parent() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return die_with_parent


_DIES_WITH_PARENT = _parent_death_signal()
