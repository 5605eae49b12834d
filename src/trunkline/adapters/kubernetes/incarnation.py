"""Knows one process again: host, boot, process-id namespace, number and start time, from Linux's /proc.

The number alone is worthless: it is used again after a while, after a reboot, and in every container. With all
five, a lease whose holder was killed on this very machine can be taken over at once (proc(5), field 22 of stat).
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

from trunkline.dataclass import dataclass

_PROC = Path("/proc")
_STATE, _STARTED = 0, 19
_ENDED = {"Z", "X", "x"}


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One life of one process.

    Attributes:
        place: host name, boot id and process-id namespace; empty where the system does not tell them.
        number: its process id there.
        started: its start in clock ticks since boot.
    """

    place: str
    number: int
    started: str

    def text(self) -> str:
        """As an annotation carries it."""
        return json.dumps(asdict(self))


def own(proc: Path = _PROC) -> Incarnation:
    """This process."""
    number = os.getpid()
    return Incarnation(_place(proc), number, _started(proc, number) or "")


def parse(text: str) -> Incarnation | None:
    """What `Incarnation.text` wrote, or None where somebody else wrote it."""
    try:
        values = json.loads(text)
        return Incarnation(str(values["place"]), int(values["number"]), str(values["started"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def is_gone(other: Incarnation, proc: Path = _PROC) -> bool:
    """Whether `other` surely has ended; False where that cannot be known from here."""
    if not other.place or not other.started or other.place != _place(proc):
        return False
    return _started(proc, other.number) != other.started


def _place(proc: Path) -> str:
    try:
        boot = (proc / "sys/kernel/random/boot_id").read_text().strip()
        namespace = (proc / "self/ns/pid").readlink()
    except OSError:
        return ""
    return f"{os.uname().nodename} {boot} {namespace}"


def _started(proc: Path, number: int) -> str | None:
    """When the process started; None when there is none, or only its remains."""
    try:
        stat = (proc / str(number) / "stat").read_text()
    except OSError:
        return None
    # The program's name, in parentheses, may hold spaces and parentheses itself.
    fields = stat.rpartition(")")[2].split()
    return None if fields[_STATE] in _ENDED else fields[_STARTED]
