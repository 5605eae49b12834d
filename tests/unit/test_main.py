"""How the program leaves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("trunkline")


def left(stdout: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The program, with a standard output that is not there for it."""
    return subprocess.run(
        [PROGRAM, *arguments], stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [["schema"], ["--help"], ["completion", "bash"]], ids=" ".join)
def test_who_has_read_enough_is_not_bothered(arguments: list[str]) -> None:
    """`| head` closes the pipe: nothing is said of it, and the command has done its work."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = left(writer, *arguments)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk_is_no_success() -> None:
    """What could not be written was not told."""
    with Path("/dev/full").open("wb") as full:
        done = left(full.fileno(), "--help")
    assert done.returncode != 0
    assert "No space left on device" in done.stderr


@pytest.mark.parametrize(("arguments", "code"), [(["schema"], 0), (["nothing"], 2), (["--version"], 0)])
def test_the_code_is_the_command_s(arguments: list[str], code: int) -> None:
    """And all of the output is there."""
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert done.stdout.endswith("\n") or code


def test_another_broken_pipe_is_no_success() -> None:
    """What a command did not expect is a fault, also where click takes it for a reader who left."""
    program = (
        "import sys, click\n"
        "from trunkline.cli import entry\n"
        "@click.command()\n"
        "def command() -> None:\n"
        "    raise BrokenPipeError(32, 'Broken pipe')\n"
        "entry.trunkline.add_command(command, 'break')\n"
        "entry.LazyGroup.get_command = lambda self, ctx, name: self.commands.get(name)\n"
        "sys.exit(entry.run(['break']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3, done.stderr
    assert "Broken pipe" in done.stderr
