"""A release on a terminal: what is drawn there, and that nothing of it is left when it ends or is stopped."""

from __future__ import annotations

import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.catalogue.objects import container, probe
from tests.e2e.interference.project import make_service, write_version
from tests.e2e.workbench import PROGRAM, Workbench

pytestmark = pytest.mark.cluster

_PATIENCE_S = 60.0
_HIDE, _SHOW = "\x1b[?25l", "\x1b[?25h"
_SLOW = container(readinessProbe=probe("true", initialDelaySeconds=4))


@pytest.fixture
def bench(tmp_path: Path, machine: dict[str, str], image: ToolsImage) -> Iterator[Workbench]:
    """A service with nothing deployed."""
    made = make_service(tmp_path, machine, os.environ["TRUNKLINE_TEST_REGISTRY"])
    write_version(made, image, main=_SLOW)
    yield made
    made.tool("kubectl", "delete", "namespace", made.namespaces["dev"], "--wait=false")


@contextmanager
def terminal(bench: Workbench) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`trunkline release dev` with a terminal of its own, and that terminal's other end."""
    ours, theirs = pty.openpty()
    environment = {**bench.environment, "TERM": "xterm-256color", "CI": ""}
    process = subprocess.Popen(
        [str(PROGRAM), "release", "dev"],
        cwd=bench.directory,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        # Ctrl-C that is typed reaches whoever has the terminal as its own.
        preexec_fn=lambda: os.login_tty(theirs),  # noqa: PLW1509 - no threads here
    )
    os.close(theirs)
    try:
        yield process, ours
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(_PATIENCE_S)
        os.close(ours)


def read(ours: int, until: str = "") -> str:
    """What is shown until these words are, or to the end."""
    shown = ""
    while not until or until not in shown:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        shown += part.decode(errors="replace")
    return shown


def test_what_a_terminal_shows(bench: Workbench) -> None:
    """A bar, the pods and the clock are redrawn in place while it waits; at the end the cursor is back."""
    with terminal(bench) as (process, ours):
        shown = read(ours)
        assert process.wait(_PATIENCE_S) == 0, shown
    assert "█" in shown or "░" in shown, shown
    assert "deployment/web" in shown
    assert "of 1m30s" in shown
    assert shown.rfind(_SHOW) > shown.rfind(_HIDE) > 0


def test_ctrl_c_on_a_terminal(bench: Workbench) -> None:
    """Ctrl-C ends it with 130 and how to go on, and the terminal has its cursor back."""
    with terminal(bench) as (process, ours):
        shown = read(ours, until="0/1")
        os.write(ours, b"\x03")
        shown += read(ours)
        assert process.wait(_PATIENCE_S) == 130, shown
    assert "trunkline release dev" in shown
    assert shown.rfind(_SHOW) > shown.rfind(_HIDE) > 0
