"""How a failure is told: expected ones in a sentence and a hint, a fault of ours in a log file."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from trunkline.cli.output import wants_json, write_json
from trunkline.cli.style import Style
from trunkline.domain.redaction import Redactor
from trunkline.errors import ConfigurationError, ExitCode, TrunklineError

_redactor = Redactor.from_environment(os.environ)


def redact_with(redactor: Redactor) -> None:
    """From now on hide what this redactor knows: a World learns secrets that no environment variable holds."""
    global _redactor  # noqa: PLW0603 - errors are told when the World is gone
    _redactor = redactor


def report(error: TrunklineError) -> int:
    """Tell an expected failure; its exit code."""
    redact = _redactor.text
    mistakes = error.mistakes if isinstance(error, ConfigurationError) else ()
    notes = getattr(error, "__notes__", [])
    if wants_json():
        failure = {
            "error": redact(error.message),
            "hint": redact(error.hint),
            "mistakes": [redact(mistake) for mistake in mistakes],
            "exit_code": int(error.exit_code),
        }
        failure |= {name: _redactor.value(fact) for name, fact in error.facts.items()}
        write_json(failure)
        return error.exit_code
    style = Style(sys.stderr)
    lines = [f"{style.bad('error:')} {error.message}", *(f"  {mistake}" for mistake in mistakes)]
    lines += [f"{style.warning('also:')} {note}" for note in notes]
    lines += [f"{style.faint('next:')} {error.hint}"] if error.hint else []
    sys.stderr.write(redact("\n".join(lines)) + "\n")
    return error.exit_code


def report_fault(error: Exception) -> int:
    """Write the traceback of a fault of ours to a log file and say where it is."""
    redact = _redactor.text
    import traceback

    text = redact("".join(traceback.format_exception(error)))
    sentence = redact(f"{type(error).__name__}: {error}")
    try:
        path = _log_file()
        path.write_text(text, encoding="utf-8")
        where = f"The details are in {path}."
    except OSError:
        # No place for a log: the screen is all that is left.
        where = text
    if wants_json():
        write_json({"error": sentence, "hint": where, "mistakes": [], "exit_code": int(ExitCode.FAULT)})
    else:
        sys.stderr.write(f"error: this is a fault of Trunkline itself: {sentence}\n{where}\n")
    return ExitCode.FAULT


def _log_file() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    directory = Path(state) / "trunkline" / "logs"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return directory / f"fault-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{os.getpid()}.log"
