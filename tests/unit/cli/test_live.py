"""What stands on a terminal while a rollout is awaited, and after it."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.states import WEB
from trunkline.cli.live import Live, fit, frame
from trunkline.cli.reporter import LineReporter, is_live
from trunkline.cli.style import Style, printable
from trunkline.domain.attempts import Attempt, Ending, Outcome, Stage
from trunkline.domain.rollouts import Cause, Failure, Progress
from trunkline.events import Diagnosed, Failed, Noted, Progressed

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ATTEMPT = Attempt("a", "r", "sample", Stage.DEPLOY, "0123456789", "ada", NOW, environment="dev")
ENVIRON = {"TERM": "xterm", "NO_COLOR": "1"}
_CODE = re.compile(r"\x1b\[(\??\d*)([A-Za-z])")


class Terminal(io.StringIO):
    """A stream that says it is a terminal; `screen` is what a person sees, `cursor` whether it is shown."""

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a terminal's encoding is known
        return "utf-8"

    def isatty(self) -> bool:
        return True

    @property
    def screen(self) -> list[str]:
        lines, row = [""], 0
        plain = re.sub(r"\x1b\[[\d;]*m", "", self.getvalue())
        for part in re.split(r"(\x1b\[\??\d*[A-Za-z]|\n)", plain):
            found = _CODE.fullmatch(part)
            if part == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif found and found[2] == "A":
                row -= int(found[1] or 1)
                lines[row] = lines[row] if row >= 0 else ""
            elif found and found[2] == "J":
                del lines[row + 1 :]
                lines[row] = ""
            elif not found and part:
                lines[row] = part
        return [line for line in lines if line]

    @property
    def cursor(self) -> bool:
        return self.getvalue().rfind("\x1b[?25h") >= self.getvalue().rfind("\x1b[?25l")


def progressed(ready: int = 1, warning: str = "", trouble: str = "", elapsed_s: float = 3.0) -> Progressed:
    state = Progress(WEB, ready, 2, ready == 2, "" if ready == 2 else "container web is not ready")
    return Progressed(NOW, ATTEMPT, (state,), elapsed_s, 300.0, warning, trouble)


def failed() -> Failed:
    return Failed(NOW, ATTEMPT, Ending("a", NOW, Outcome.FAILED, "it crashed."))


@pytest.fixture
def terminal() -> Any:
    return Terminal()


def test_a_bar_below_the_lines(terminal: Terminal) -> None:
    """Each resource has a bar, its pods and what it waits for; lines that are written scroll above it."""
    reporter = LineReporter(terminal, ENVIRON)
    reporter.on_event(progressed(warning="Unhealthy: Readiness probe failed"))
    reporter.on_event(Noted(NOW, ATTEMPT, "a line of helm", "output"))
    assert terminal.screen[0] == "  | a line of helm"
    assert terminal.screen[1] == "  deployment/web  ██████░░░░░░ 1/2  container web is not ready"
    assert terminal.screen[2].endswith("of 5m00s")
    assert terminal.screen[3] == "  Unhealthy: Readiness probe failed"
    assert not terminal.cursor
    reporter.close(0)


def test_nothing_is_left_of_it(terminal: Terminal) -> None:
    """At the end of a rollout one line per resource remains, and the cursor is shown again."""
    reporter = LineReporter(terminal, ENVIRON)
    reporter.on_event(progressed(1))
    reporter.on_event(progressed(2))
    reporter.on_event(failed())
    first, second = terminal.screen
    assert first.startswith("  deployment/web 2/2 ready after ")
    assert second.startswith("deploy dev failed")
    assert terminal.cursor
    reporter.close(0)


def test_closing_in_the_middle(terminal: Terminal) -> None:
    """A command that is stopped in the middle leaves an empty region and a cursor."""
    reporter = LineReporter(terminal, ENVIRON)
    reporter.on_event(progressed())
    reporter.close(0)
    assert terminal.screen == []
    assert terminal.cursor


def test_the_clock_goes_on_by_itself(terminal: Terminal) -> None:
    """Where nothing changes the time does."""
    live = Live(terminal, Style(terminal), lambda: 80)
    live.show(progressed())
    frames = terminal.getvalue().count("of 5m00s")
    for _ in range(200):
        if terminal.getvalue().count("of 5m00s") > frames:
            break
        live._ended.wait(0.02)
    assert terminal.getvalue().count("of 5m00s") > frames
    live.close()


def test_trouble_is_told() -> None:
    """An API that does not answer is said beside what was seen last."""
    lines = frame(progressed(trouble="no route to host"), 5, Style(io.StringIO()), 80)
    assert lines[-1] == "  the cluster does not answer: no route to host"


@pytest.mark.parametrize("environ", [{"TERM": "dumb"}, {}, {"TERM": "xterm", "CI": "true"}])
def test_where_nothing_is_drawn(environ: dict[str, str]) -> None:
    """A dumb terminal and a CI get lines."""
    assert not is_live(environ)


def test_lines_where_no_terminal_is() -> None:
    """Without a terminal each change is a line with its time; a long wait says how long it is."""
    stream = io.StringIO()
    reporter = LineReporter(stream, {"TERM": "xterm"})
    reporter.on_event(progressed())
    reporter.on_event(progressed(elapsed_s=120.0, warning="bad \x1b[2J thing"))
    line = "2026-03-01T12:00:00Z [deploy dev] deployment/web: 1/2 ready, container web is not ready"
    assert stream.getvalue().splitlines() == [
        line,
        f"{line} | warning: bad  [2J thing (after 120 s of 300 s)",
    ]


def test_a_diagnosis_is_short() -> None:
    """Cause, sentence, the newest evidence and the next step, whatever a container wrote."""
    stream = io.StringIO()
    evidence = tuple(f"line {number}\x07" for number in range(40))
    failure = Failure(Cause.CRASH_LOOP, WEB, "it crashes", evidence, "Read its log.")
    LineReporter(stream, {}).on_event(Diagnosed(NOW, ATTEMPT, (failure,)))
    lines = [line.partition("[deploy dev] ")[2] for line in stream.getvalue().splitlines()]
    assert lines == [
        "crash-loop: it crashes",
        *(f"| line {number} " for number in range(20, 40)),
        "next: Read its log.",
    ]


@given(st.text(), st.integers(1, 60))
def test_whatever_is_said_fits(text: str, width: int) -> None:
    """No text, however hostile, is wider than the terminal or makes it do anything."""
    shown = fit(printable(text), width)
    assert shown.isprintable() or not shown
    assert len(shown) <= max(width, len(text))
    lines = frame(progressed(warning=text, trouble=text), 5, Style(io.StringIO()), width)
    assert all("\n" not in line and "\x1b" not in line for line in lines)


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("e\u0301a", 2, "e\u0301a")],
)
def test_columns(text: str, width: int, shown: str) -> None:
    """Wide characters count twice, combining ones not at all."""
    assert fit(text, width) == shown
