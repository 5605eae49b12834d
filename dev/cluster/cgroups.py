"""Owns the node's control groups: one of its own in every hierarchy, made at the start, gone at the end."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from dev.cluster.settings import Settings
from dev.ready import wait


def create(settings: Settings) -> None:
    """Make the group below which kubelet puts every pod's."""
    for hierarchy in _hierarchies():
        group = hierarchy / settings.name
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # In version 1 a new group has no processors, and nothing can run in it.
            if (group / name).exists() and (hierarchy / name).exists():
                (group / name).write_text((hierarchy / name).read_text())


def remove(settings: Settings) -> None:
    """Remove the groups; their processes have ended, but the kernel may still be taking leave of them."""
    wait(
        lambda: not [hierarchy for hierarchy in _hierarchies() if not _removed(hierarchy / settings.name)],
        seconds=20,
        failure=lambda: (
            f"the control group {settings.name} is still in use: see which processes /proc/*/cgroup names."
        ),
    )


def remaining(settings: Settings) -> list[Path]:
    """The groups that are there."""
    return [hierarchy / settings.name for hierarchy in _hierarchies() if (hierarchy / settings.name).exists()]


def _removed(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        with suppress(OSError):
            Path(folder).rmdir()
    return not group.exists()


def _hierarchies() -> list[Path]:
    mounts = [line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    return [Path(fields[1]) for fields in mounts if fields[2] in {"cgroup", "cgroup2"}]
