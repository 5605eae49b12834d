"""What a person sees while it works: plain lines on standard error, with the time in UTC where no terminal is.

A CI's log is read hours later and by search, so every line there is complete in itself; on a terminal the eye
follows, so the stage is said once and its lines stand below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TextIO

from trunkline.cli.live import Live
from trunkline.cli.style import Style, printable
from trunkline.domain.attempts import Attempt, Kind, Outcome, Stage
from trunkline.domain.durations import format_duration
from trunkline.domain.rollouts import Failure
from trunkline.events import (
    Diagnosed,
    Event,
    Failed,
    Finished,
    Noted,
    Paused,
    Progressed,
    Started,
    Stranded,
    Undone,
)

# From then on a line says how long it has been; a CI's reader has not watched it.
_LONG_S = 30
_MOST_EVIDENCE = 20


class LineReporter:
    """Implements the port `Listener` by writing lines to a stream."""

    def __init__(self, stream: TextIO, environ: Mapping[str, str]) -> None:
        self._stream = stream
        self._style = Style(stream)
        self._terminal = stream.isatty()
        self._live = Live(stream, self._style) if self._terminal and is_live(environ) else None

    def on_event(self, event: Event) -> None:
        """Write what happened."""
        if self._live is None:
            self._write(event, self._lines(event))
        elif isinstance(event, Progressed):
            self._live.show(event)
        elif isinstance(event, Noted) and event.level != "info":
            self._live.above(lambda: self._write(event, self._lines(event)))
        else:
            # Every other word begins something else: the rollout is over, or has not begun.
            remains = tuple(f"  {line}" for line in self._live.end())
            self._write(event, (*remains, *self._lines(event)))

    def close(self, deadline_s: float) -> None:  # noqa: ARG002 - the port gives sinks a time
        """Leave the terminal as it was."""
        if self._live is not None:
            self._live.close()

    def _write(self, event: Event, lines: tuple[str, ...]) -> None:
        stamp = "" if self._terminal else f"{event.at:%Y-%m-%dT%H:%M:%SZ} "
        for line in lines:
            self._stream.write(f"{stamp}{line}\n")
        self._stream.flush()

    def _lines(self, event: Event) -> tuple[str, ...]:
        style, title = self._style, _title(event.attempt)
        prefix = "  " if self._terminal else f"[{title}] "
        match event:
            case Started():
                return (f"{style.strong(title)} of {event.attempt.commit[:7]} started",)
            case Noted():
                return (f"{prefix}{_note(event, style)}",)
            case Progressed():
                return (f"{prefix}{_so_far(event)}",)
            case Diagnosed(failures=failures):
                return tuple(prefix + line for failure in failures for line in _diagnosis(failure, style))
            case Paused(text=text):
                return (f"{prefix}{style.warning(text)}",)
            case Undone(text=text):
                return (f"{prefix}{style.warning('undone:')} {text}",)
            case Stranded(text=text, commands=commands):
                return (
                    f"{prefix}{style.bad('STRANDED:')} {text}",
                    *(f"{prefix}    {line}" for line in commands),
                )
            case Finished() | Failed():
                return (_end(event, title, style),)
            case _:
                return ()


def _diagnosis(failure: Failure, style: Style) -> Iterator[str]:
    yield f"{style.bad(failure.cause)}: {printable(failure.sentence)}"
    # The newest lines of a log stand last.
    yield from (style.faint(f"| {printable(line)}") for line in failure.evidence[-_MOST_EVIDENCE:])
    if failure.advice:
        yield f"{style.faint('next:')} {printable(failure.advice)}"


def is_live(environ: Mapping[str, str]) -> bool:
    """Whether a terminal is one that can be drawn on, and somebody looks at it."""
    return environ.get("TERM", "dumb") != "dumb" and not environ.get("CI")


def _so_far(event: Progressed) -> str:
    elapsed_s = round(event.elapsed_s)
    long = f" (after {elapsed_s} s of {event.timeout_s:.0f} s)" if elapsed_s >= _LONG_S else ""
    return printable(str(event)) + long


def _note(event: Noted, style: Style) -> str:
    match event.level:
        case "warning":
            return f"{style.warning('warning:')} {printable(event.text)}"
        case "output":
            return style.faint(f"| {printable(event.text)}")
        case _:
            return printable(event.text)


def _end(event: Finished | Failed, title: str, style: Style) -> str:
    elapsed = format_duration((event.at - event.attempt.started_at).total_seconds())
    match event.ending.outcome:
        case Outcome.SUCCEEDED:
            return f"{style.good(title + ' succeeded')} after {elapsed}"
        case Outcome.INTERRUPTED:
            return f"{style.warning(title + ' stopped')} after {elapsed}: {printable(event.ending.reason)}"
        case Outcome.FAILED:
            return f"{style.bad(title + ' failed')} after {elapsed}: {printable(event.ending.reason)}"


def _title(attempt: Attempt) -> str:
    deed: str = attempt.stage
    if attempt.stage is Stage.DEPLOY and attempt.kind is not Kind.RELEASE:
        deed = attempt.kind
    return f"{deed} {attempt.environment}".rstrip()
