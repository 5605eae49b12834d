"""``python -m benchmarks``: all of them, or those that are named."""

from __future__ import annotations

import compileall
import sys
from importlib import import_module
from pathlib import Path

import trunkline

_ALL = ("start_up", "bench_ledger", "throughput", "measures", "charts", "release", "rehearsal", "verdicts")


def main() -> None:
    """Run the benchmarks in order."""
    # pip compiles what it installs; in a working copy whatever was edited would be compiled in each run.
    compileall.compile_dir(Path(trunkline.__file__).parent, quiet=1)
    for name in sys.argv[1:] or _ALL:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
