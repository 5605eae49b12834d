"""Owns the running of other programs to their end; servers that keep running belong to ``dev.server``."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from dev.errors import DevError

_SHOWN_LINES = 12


def run(
    argv: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    hint: str = "run it by hand to see more",
) -> str:
    """Run a program and return its stdout; a failure carries the last lines of what it said."""
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise DevError(f"{words[0]} was not found on PATH: {hint}.") from error
    if done.returncode:
        said = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-_SHOWN_LINES:])
        raise DevError(f"`{shlex.join(words)}` ended with {done.returncode}: {said} - {hint}.")
    return done.stdout


def succeeds(
    argv: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> bool:
    """Whether a program exists and ends with 0; what it prints is not of interest."""
    words = [str(word) for word in argv]
    if shutil.which(words[0]) is None:
        return False
    return subprocess.run(words, cwd=cwd, env=env, capture_output=True, check=False).returncode == 0
