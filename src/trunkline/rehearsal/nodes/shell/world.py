"""What a script has to do with: its streams, its waits, its ends, and the container around it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import field
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.nodes.files import FileError, Files
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed

LONGEST_TEXT = 65_536
_LONGEST_LIFE = 100_000
_LONGEST_BREATH = 5_000
_NEVER_S = float("inf")
SIGNALS: Mapping[str, int] = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ABRT": 6, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14,
    "TERM": 15,
}  # fmt: skip
"""Those that scripts name, as Linux numbers them (signal(7))."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing happens for so many seconds; infinite for ever."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Await:
    """Nothing happens until these jobs, or all there are, have ended."""

    jobs: frozenset[int] | None


Effect = Pause | Await
Steps = Generator[Effect, None, int]
"""A walk through a script; it ends with an exit code."""


class Exit(Exception):
    """The shell ends with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class OutOfMemory(Exception):
    """The container is over its limit."""


class Sink(Protocol):
    """Where output goes."""

    def write(self, text: str) -> None:
        """Take a text."""
        ...


@dataclass(slots=True)
class Kept:
    """Keeps what is written, up to a bound."""

    text: str = ""

    def write(self, text: str) -> None:
        """See the port."""
        self.text = (self.text + text)[:LONGEST_TEXT]


@dataclass(frozen=True, slots=True)
class Logged:
    """Writes to the container's log."""

    say: Callable[[str], None]

    def write(self, text: str) -> None:
        """See the port."""
        self.say(text)


@dataclass(frozen=True, slots=True)
class Nowhere:
    """Writes to `/dev/null`."""

    def write(self, text: str) -> None:
        """See the port."""


@dataclass(frozen=True, slots=True)
class ToFile:
    """Adds to a file; a full one takes no more."""

    files: Files
    path: str

    def write(self, text: str) -> None:
        """See the port."""
        try:
            self.files.write(self.path, text, append=True)
        except FileError:
            return


@dataclass(slots=True)
class Source:
    """Where input comes from."""

    text: str = ""

    def line(self) -> str | None:
        """The next line; None at the end."""
        if not self.text:
            return None
        found, _, self.text = self.text.partition("\n")
        return found

    def rest(self) -> str:
        """All that is left."""
        found, self.text = self.text, ""
        return found


@dataclass(slots=True)
class World:
    """The container that a script runs in.

    Attributes:
        program: what the image says of a program: `well`, `not executable`, `no program`, `segfault`, nothing where it
            is not there, and None where the image is not described.
        say: writes to the container's log.
        kill: sends a signal to the container's first process.
        now_s: this moment, in seconds since 1970.
        is_memory_limited: whether a program that takes all memory is killed for it.
        steps: how many have been made.
        sent: signals for jobs of this script, by the job.
    """

    files: Files
    environment: dict[str, str]
    program: Callable[[str], str | None]
    say: Callable[[str], None]
    kill: Callable[[str], None]
    now_s: Callable[[], float]
    is_memory_limited: bool = False
    steps: int = 0
    ended_jobs: dict[int, int] = field(default_factory=dict)
    start: Callable[[Steps], int] | None = None
    stop: Callable[[int, int], bool] | None = None

    def step(self) -> Generator[Effect, None, None]:
        """Count a step; one that never rests takes time, and one that never ends comes to rest."""
        self.steps += 1
        if self.steps >= _LONGEST_LIFE:
            yield Pause(_NEVER_S)
        if self.steps % _LONGEST_BREATH == 0:
            yield Pause(1.0)


def bounded(text: str) -> str:
    """The text.

    Raises:
        NotPlayed: it is too long.
    """
    if len(text) > LONGEST_TEXT:
        raise NotPlayed("a text that is too long")
    return text
