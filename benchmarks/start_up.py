"""How long `trunkline` takes to say anything, next to bare Python and to Helm."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import measure, print_table
from dev import tools

_RUNS = 21


def main() -> None:
    """Print the table."""
    program = str(Path(sys.executable).with_name("trunkline"))
    bare = measure("python -c pass", [sys.executable, "-c", "pass"], runs=_RUNS)
    version = measure("trunkline --version", [program, "--version"], runs=_RUNS)
    usage = measure("trunkline release --help", [program, "release", "--help"], runs=_RUNS)
    helm = measure("helm version", [str(tools.helm(4)), "version"], runs=_RUNS)
    beyond_ms = (version.wall_s - bare.wall_s) * 1000
    print_table(
        "Start-up",
        [bare, version, usage, helm],
        [f"budget: --version within bare Python + 50 ms; measured + {beyond_ms:.1f} ms"],
    )
