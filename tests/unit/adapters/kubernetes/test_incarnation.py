"""Knowing a process again."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.adapters.kubernetes import incarnation


def test_this_process_lives() -> None:
    """A process that runs is not gone, also after its spelling was read back."""
    own = incarnation.own()
    assert incarnation.parse(own.text()) == own
    assert not incarnation.is_gone(own)


def test_an_ended_process_is_gone() -> None:
    """A process that was killed is gone, whether or not its parent has noticed."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = Path(f"/proc/{child.pid}/stat")
    started = stat.read_text().rpartition(")")[2].split()[19]
    other = replace(incarnation.own(), number=child.pid, started=started)
    assert not incarnation.is_gone(other)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert incarnation.is_gone(other)
    child.communicate()
    assert incarnation.is_gone(other)


def test_a_number_that_is_used_again() -> None:
    """Another process of the same number is not the one that was meant."""
    assert incarnation.is_gone(replace(incarnation.own(), started="1"))


@pytest.mark.parametrize("changes", [{"place": "other host"}, {"place": ""}, {"started": ""}])
def test_elsewhere_nothing_is_known(changes: dict[str, str]) -> None:
    """Of a process on another machine, boot or container nothing is said."""
    assert not incarnation.is_gone(replace(incarnation.own(), number=2**22 + 1, **changes))


def test_without_proc(tmp_path: Path) -> None:
    """Where there is no /proc, nobody is ever called gone."""
    own = incarnation.own(tmp_path)
    assert own.place == ""
    assert not incarnation.is_gone(own, tmp_path)


@given(
    st.text()
    | st.sampled_from(["{}", "[]", "null", '{"place": 1, "number": "x", "started": 1}', "[" * 10**5])
)
def test_what_others_wrote(text: str) -> None:
    """An annotation that we did not write is no process."""
    assert incarnation.parse(text) is None
