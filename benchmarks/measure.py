"""Owns the measuring itself: run a program several times, take medians, print a table."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """Medians over several runs of one program, with everything that it started.

    Attributes:
        wall_s: seconds on the clock.
        cpu_s: seconds of user and system time, of the program and its children.
        memory_mb: the largest resident set of any of them.
    """

    name: str
    wall_s: float
    cpu_s: float
    memory_mb: float
    runs: int


def measure(
    name: str,
    argv: Sequence[str],
    *,
    runs: int,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Sample:
    """Run `argv` once to warm up and `runs` times to measure; it must succeed each time."""
    wall, cpu, memory = [], [], []
    for turn in range(runs + 1):
        began = time.perf_counter()
        process = subprocess.Popen(argv, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(argv)} failed: {said.decode(errors='replace')}")
        if turn:
            wall.append(took)
            cpu.append(usage.ru_utime + usage.ru_stime)
            memory.append(usage.ru_maxrss / 1024)
    median = statistics.median
    return Sample(name, median(wall), median(cpu), max(memory), runs)


def print_table(title: str, samples: Sequence[Sample], budgets: Sequence[str] = ()) -> None:
    """The samples side by side, with their ratio to the first."""
    print(f"\n{title}")
    width = max(len(sample.name) for sample in samples)
    print(f"  {'':{width}}   wall ms    ratio    CPU ms   peak MB   runs")
    for sample in samples:
        ratio = sample.wall_s / samples[0].wall_s
        print(
            f"  {sample.name:{width}} {sample.wall_s * 1000:9.1f} {ratio:7.2f}x {sample.cpu_s * 1000:9.1f}"
            f" {sample.memory_mb:9.1f} {sample.runs:6}"
        )
    for budget in budgets:
        print(f"  {budget}")
