"""The live part of a terminal: below the lines that scroll, how far a rollout is, redrawn in place.

It is drawn only where somebody can see it, by a few escape sequences that every terminal knows (ECMA-48), and never
leaves anything behind: whoever writes a line writes it above, and the end of the rollout takes it away.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import unicodedata
from collections.abc import Callable
from typing import TextIO

from trunkline.cli.style import Style, printable
from trunkline.domain.durations import format_duration
from trunkline.domain.rollouts import Progress
from trunkline.events import Progressed

_FRAME_S = 0.25
_BAR = 12
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_WIDTH = 80


class Live:
    """What is shown of one rollout at a time; all of its methods may be called from any thread."""

    def __init__(self, stream: TextIO, style: Style, columns: Callable[[], int] | None = None) -> None:
        self._stream, self._style = stream, style
        self._columns = columns or (lambda: _columns(stream))
        self._mutex = threading.RLock()
        self._shown: Progressed | None = None
        self._since = 0.0
        self._lines = 0
        self._cursor_hidden = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def show(self, event: Progressed) -> None:
        """Show how far it is now; the clock goes on by itself."""
        with self._mutex:
            self._shown, self._since = event, time.monotonic() - event.elapsed_s
            self._draw()
            if self._thread is None:
                self._thread = threading.Thread(target=self._tick, name="live progress", daemon=True)
                self._thread.start()

    def above(self, write: Callable[[], None]) -> None:
        """Let somebody write lines; what is shown stays below them."""
        with self._mutex:
            self._erase()
            write()
            if self._shown is not None:
                self._draw()

    def end(self) -> tuple[str, ...]:
        """Take it away; a line for each resource that remains to be said."""
        with self._mutex:
            shown, self._shown = self._shown, None
            self._erase()
        if shown is None:
            return ()
        took = format_duration(time.monotonic() - self._since)
        return tuple(
            f"{item.resource} {item.ready}/{item.wanted} ready after {took}" for item in shown.progress
        )

    def close(self) -> None:
        """Take it away for good."""
        self._ended.set()
        self.end()
        if self._thread is not None:
            self._thread.join()

    def _tick(self) -> None:
        # A screen that fails is no reason to fail.
        with contextlib.suppress(OSError, ValueError):
            while not self._ended.wait(_FRAME_S):
                with self._mutex:
                    if self._shown is not None:
                        self._draw()

    def _draw(self) -> None:
        if self._shown is None:
            return
        lines = frame(self._shown, time.monotonic() - self._since, self._style, self._columns(), self._bar())
        back = f"\x1b[{self._lines}A" if self._lines else ""
        text = "".join(f"{line}\x1b[K\n" for line in lines)
        # Noted first: a Ctrl-C in the middle of the writing must not leave a terminal without its cursor.
        self._cursor_hidden = True
        self._stream.write(f"{_HIDE_CURSOR}{back}{text}\x1b[J")
        self._stream.flush()
        self._lines = len(lines)

    def _erase(self) -> None:
        if self._lines or self._cursor_hidden:
            back = f"\x1b[{self._lines}A\x1b[J" if self._lines else ""
            self._stream.write(f"{back}{_SHOW_CURSOR}")
            self._stream.flush()
            self._lines, self._cursor_hidden = 0, False

    def _bar(self) -> str:
        try:
            "█░".encode(self._stream.encoding or "ascii")
        except UnicodeEncodeError:
            return "#."
        return "█░"


def frame(event: Progressed, elapsed_s: float, style: Style, columns: int, bar: str = "█░") -> list[str]:
    """The lines that show an event after so many seconds, none wider than the terminal."""
    width = max(1, columns - 1)
    names = max((len(str(item.resource)) for item in event.progress), default=0)
    lines = [_line(item, names, style, width, bar) for item in event.progress]
    clock = f"  {format_duration(elapsed_s)} of {format_duration(event.timeout_s)}"
    lines.append(style.faint(fit(clock, width)))
    if event.warning:
        lines.append(style.warning(fit(f"  {printable(event.warning)}", width)))
    if event.trouble:
        lines.append(style.warning(fit(f"  the cluster does not answer: {printable(event.trouble)}", width)))
    return lines


def fit(text: str, width: int) -> str:
    """The text, cut to so many columns; wide characters take two of them, combining ones none."""
    if sum(map(_breadth, text)) <= width:
        return text
    kept, left = "", width - 1
    for character in text:
        left -= _breadth(character)
        if left < 0:
            break
        kept += character
    return kept + "…"


def _line(item: Progress, names: int, style: Style, width: int, bar: str) -> str:
    full = _BAR * min(item.ready, item.wanted) // item.wanted if item.wanted else _BAR
    drawn = bar[0] * full + bar[1] * (_BAR - full)
    head = f"  {item.resource!s:{names}}  "
    tail = f" {item.ready}/{item.wanted}" + (f"  {printable(item.waits_for)}" if item.waits_for else "")
    plain = fit(head + drawn + tail, width)
    if len(plain) < len(head) + _BAR:
        return plain
    colour = style.good if item.done else style.strong
    return plain[: len(head)] + colour(plain[len(head) : len(head) + _BAR]) + plain[len(head) + _BAR :]


def _breadth(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    except (OSError, ValueError, AttributeError):
        return _WIDTH
