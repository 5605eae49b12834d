"""Owns the knowledge of whether the node lives, and its end.

The node is the first process of a process namespace, so the kernel ends everything in it, pods and
their shims included, when it ends. Its number alone would name a stranger after a reboot: the record
also holds when it started, and in which boot.
"""

from __future__ import annotations

import json
import os
import select
import signal
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.cluster.settings import Settings
from dev.errors import DevError

_START_TIME_FIELD = 19
_END_SECONDS = 30


@dataclass(frozen=True)
class Record:
    """One process, told apart from any other that ever has its number."""

    pid: int
    started: int
    boot: str


def record(settings: Settings) -> None:
    """Write down the calling process; called while /proc is still the machine's, whose number counts."""
    pid = int(Path("/proc/self").readlink().name)
    now = Record(pid, _started(pid), _boot())
    path = _path(settings)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(now)), encoding="utf-8")
    draft.rename(path)


def living(settings: Settings) -> int | None:
    """The node's process number, None if it ended or never started."""
    try:
        known = Record(**json.loads(_path(settings).read_text(encoding="utf-8")))
        return known.pid if known == Record(known.pid, _started(known.pid), _boot()) else None
    except (OSError, ValueError, TypeError):
        return None


def end(settings: Settings) -> None:
    """End the node and everything in it; return when the kernel has finished."""
    pid = living(settings)
    if pid is None:
        return
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        try:
            # Asked again with the handle in hand: now the number cannot change its meaning.
            if living(settings) == pid:
                _kill(handle, pid)
        finally:
            os.close(handle)


def _kill(handle: int, pid: int) -> None:
    signal.pidfd_send_signal(handle, signal.SIGKILL)
    if not select.select([handle], [], [], _END_SECONDS)[0]:
        raise DevError(f"the node (process {pid}) did not end within {_END_SECONDS} s: look at it with ps.")


def _path(settings: Settings) -> Path:
    return settings.state / "node.json"


def _started(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    # The program's name, in parentheses, may hold blanks.
    return int(stat.rpartition(")")[2].split()[_START_TIME_FIELD])


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
