"""What a person sees while it works: plain lines on standard error, with the time in UTC where no terminal is.

A CI's log is read hours later and by search, so every line there is complete in itself; on a terminal the eye
follows, so the stage is said once and its lines stand below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from trunkline.cli.style import Style
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


class LineReporter:
    """Implements the port `Listener` by writing lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._style = Style(stream)
        self._terminal = stream.isatty()

    def on_event(self, event: Event) -> None:
        """Write what happened."""
        for line in self._lines(event):
            stamp = "" if self._terminal else f"{event.at:%Y-%m-%dT%H:%M:%SZ} "
            self._stream.write(f"{stamp}{line}\n")
        self._stream.flush()

    def close(self, deadline_s: float) -> None:
        """Everything has been written already."""

    def _lines(self, event: Event) -> tuple[str, ...]:
        style, title = self._style, _title(event.attempt)
        prefix = "  " if self._terminal else f"[{title}] "
        match event:
            case Started():
                return (f"{style.strong(title)} of {event.attempt.commit[:7]} started",)
            case Noted():
                return (f"{prefix}{_note(event, style)}",)
            case Progressed():
                return (f"{prefix}{event}",)
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
    yield f"{style.bad(failure.cause)}: {failure.sentence}"
    yield from (style.faint(f"| {line}") for line in failure.evidence)
    if failure.advice:
        yield f"{style.faint('next:')} {failure.advice}"


def _note(event: Noted, style: Style) -> str:
    match event.level:
        case "warning":
            return f"{style.warning('warning:')} {event.text}"
        case "output":
            return style.faint(f"| {event.text}")
        case _:
            return event.text


def _end(event: Finished | Failed, title: str, style: Style) -> str:
    elapsed = format_duration((event.at - event.attempt.started_at).total_seconds())
    match event.ending.outcome:
        case Outcome.SUCCEEDED:
            return f"{style.good(title + ' succeeded')} after {elapsed}"
        case Outcome.INTERRUPTED:
            return f"{style.warning(title + ' stopped')} after {elapsed}: {event.ending.reason}"
        case Outcome.FAILED:
            return f"{style.bad(title + ' failed')} after {elapsed}: {event.ending.reason}"


def _title(attempt: Attempt) -> str:
    deed: str = attempt.stage
    if attempt.stage is Stage.DEPLOY and attempt.kind is not Kind.RELEASE:
        deed = attempt.kind
    return f"{deed} {attempt.environment}".rstrip()
