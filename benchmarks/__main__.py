"""``python -m benchmarks``: all of them, or those that are named."""

from __future__ import annotations

import sys
from importlib import import_module

_ALL = ("start_up", "bench_ledger", "release", "rehearsal", "verdicts")


def main() -> None:
    """Run the benchmarks in order."""
    for name in sys.argv[1:] or _ALL:
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
