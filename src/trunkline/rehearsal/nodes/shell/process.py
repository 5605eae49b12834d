"""The first process of a container: a script, or one of the programs that are known, with its background jobs.

It is told the time and goes on as far as that; `due_s` says when there is something to do next.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from trunkline.dataclass import dataclass
from trunkline.rehearsal.nodes.files import FileError, Files, Unknowable
from trunkline.rehearsal.nodes.shell import calls
from trunkline.rehearsal.nodes.shell.machine import Jump, Shell
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed
from trunkline.rehearsal.nodes.shell.world import (
    SIGNALS,
    Await,
    Effect,
    Exit,
    Kept,
    Logged,
    Nowhere,
    OutOfMemory,
    Pause,
    Source,
    Steps,
    World,
)

_NEVER_S = float("inf")
_MOST_LINES = 500
_LONGEST_LINE = 4_096
_KILLED = 137
_OF_A_PROBE = 30
_MOST_EFFECTS = 1_000
_MOST_JOBS = 50
_LOST = (NotPlayed, FileError, Unknowable, RecursionError)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended; the reason is empty, or OOMKilled."""

    code: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Container:
    """What a process finds.

    Attributes:
        program: see `World`.
        began_s: when it starts, in seconds since 1970.
    """

    files: Files
    environment: Mapping[str, str]
    program: Callable[[str], str | None]
    began_s: float = 0.0
    is_memory_limited: bool = False


@dataclass(slots=True)
class _Thread:
    number: int
    steps: Steps
    due_s: float = 0.0
    awaits: frozenset[int] | None = field(default_factory=frozenset)


class Process:
    """One life of a container.

    Attributes:
        ending: how it ended, None while it runs.
        is_unknown: whether it has come to something that is not known here, so that nothing more can be told of it.
        log: what it has said: seconds since its start, and the line.
    """

    def __init__(self, container: Container, words: Sequence[str]) -> None:
        self.ending: Ending | None = None
        self.is_unknown = False
        self.log: deque[tuple[float, str]] = deque(maxlen=_MOST_LINES)
        self.container, self._time_s, self._partial = container, 0.0, ""
        self.world = World(
            container.files,
            dict(container.environment),
            container.program,
            self._say,
            lambda name: _sent(self.signal, name),
            lambda: container.began_s + self._time_s,
            container.is_memory_limited,
            start=self._start,
            stop=self._stop,
        )
        sinks = {1: Logged(self._say), 2: Logged(self._say)}
        self._shell = Shell(self.world, sinks, container.environment)
        self._threads = [_Thread(1, _first(self._shell, list(words)))]
        self._next = 7

    @property
    def time_s(self) -> float:
        """How far it has gone on, or when it ended, in seconds since its start."""
        return self._time_s

    @property
    def due_s(self) -> float:
        """When there is something to do, in seconds since its start; infinite if nothing is."""
        if self.ending is not None or self.is_unknown:
            return _NEVER_S
        return min((thread.due_s for thread in self._threads), default=_NEVER_S)

    def go_on(self, now_s: float) -> None:
        """Do all that is due."""
        while self.due_s <= now_s:
            thread = min(self._threads, key=lambda item: item.due_s)
            self._time_s = max(self._time_s, thread.due_s)
            self._resume(thread)
        if self.ending is None:
            self._time_s = max(self._time_s, now_s)

    def signal(self, name: str) -> bool:
        """Send a signal; whether anything comes of it: the first process of a container gets only what it traps (signal(7))."""
        if not self._shell.traps.get(name) or self.ending is not None:
            return False
        if len(self._shell.pending) < _MOST_EFFECTS:
            self._shell.pending.append(name)
        main = self._threads[0]
        if main.awaits != frozenset():
            main.due_s, main.awaits = self._time_s, frozenset()
        return True

    def _resume(self, thread: _Thread) -> None:
        try:
            self._plan(thread, next(thread.steps))
        except StopIteration as end:
            self._ended(thread, int(end.value or 0))
        except Exit as end:
            self._ended(thread, end.code)
        except Jump:
            self._ended(thread, 0)
        except OutOfMemory:
            self._end(Ending(_KILLED, "OOMKilled"))
        except _LOST:
            self._flush()
            self.is_unknown = True

    def _plan(self, thread: _Thread, effect: Effect) -> None:
        match effect:
            case Pause():
                thread.due_s = self._time_s + effect.seconds
            case Await():
                thread.awaits, thread.due_s = effect.jobs, _NEVER_S
                self._wake()

    def _ended(self, thread: _Thread, code: int) -> None:
        self._threads.remove(thread)
        if thread.number == 1:
            self._end(Ending(code))
            return
        self.world.ended_jobs[thread.number] = code
        self._wake()

    def _wake(self) -> None:
        alive = {thread.number for thread in self._threads if thread.number != 1}
        for thread in self._threads:
            waits = alive - {thread.number} if thread.awaits is None else thread.awaits & alive
            if thread.awaits != frozenset() and not waits:
                thread.due_s, thread.awaits = self._time_s, frozenset()

    def _end(self, ending: Ending) -> None:
        self._flush()
        self.ending = ending
        self._threads.clear()

    def _start(self, steps: Steps) -> int:
        if len(self._threads) > _MOST_JOBS:
            raise NotPlayed("too many jobs")
        self._next += 1
        self._threads.append(_Thread(self._next, steps, self._time_s))
        return self._next

    def _stop(self, number: int, signal: int) -> bool:
        """A signal to a background job: it ends it, since only the first process is protected."""
        found = next((thread for thread in self._threads if thread.number == number), None)
        if found is None or number == 1:
            return False
        if signal:
            found.steps.close()
            self._ended(found, calls.SIGNALLED + signal)
        return True

    def _say(self, text: str) -> None:
        *lines, self._partial = (self._partial + text).split("\n")
        self._partial = self._partial[:_LONGEST_LINE]
        self.log.extend((self._time_s, line[:_LONGEST_LINE]) for line in lines)

    def _flush(self) -> None:
        if self._partial:
            self._say("\n")


def _first(shell: Shell, words: list[str]) -> Steps:
    if not words:
        raise NotPlayed("no command")
    if not calls.is_shell(words[0]):
        return (yield from calls.run_program(shell, words))
    status: int
    try:
        status = yield from calls.run_text(shell, calls.become(shell, words))
    except Exit as end:
        status = end.code
    deed = shell.traps.pop("EXIT", "")
    if deed:
        shell.status = status
        try:
            yield from calls.run_text(shell, deed)
        except Exit as end:
            status = end.code
    return status


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command that the kubelet ran in a container: a probe, or a hook."""

    code: int
    output: str
    seconds: float


def execute(process: Process | None, container: Container, words: Sequence[str]) -> Answer | None:
    """Run a command in a container, next to its process; None if it is not known what comes of it."""
    kept = Kept()
    now_s = process.world.now_s if process is not None else lambda: container.began_s
    say = process.world.say if process is not None else Nowhere().write
    kill = process.signal if process is not None else (lambda name: False)  # noqa: ARG005 - nobody is there
    world = World(
        container.files,
        dict(container.environment),
        container.program,
        say,
        lambda name: _sent(kill, name),
        now_s,
    )
    shell = Shell(world, {1: kept, 2: kept}, container.environment)
    shell.number, shell.source = _OF_A_PROBE, Source()
    steps, seconds = _first(shell, list(words)), 0.0
    try:
        for _ in range(_MOST_EFFECTS):
            effect = next(steps)
            seconds += effect.seconds if isinstance(effect, Pause) else 0.0
            if seconds == _NEVER_S:
                break
    except StopIteration as end:
        return Answer(int(end.value or 0), kept.text, seconds)
    except Exit as end:
        return Answer(end.code, kept.text, seconds)
    except (*_LOST, OutOfMemory):
        return None
    except Jump:
        return Answer(0, kept.text, seconds)
    return Answer(calls.SIGNALLED + SIGNALS["KILL"], kept.text, _NEVER_S)


def _sent(kill: Callable[[str], bool], name: str) -> None:
    kill(name)
