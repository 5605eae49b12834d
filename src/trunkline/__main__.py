"""`trunkline` and `python -m trunkline`."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask this often; no import is needed to answer it.
        from trunkline import __version__

        sys.stdout.write(f"trunkline {__version__}\n")
        return
    # A command lives for seconds; looking for garbage among its imports is a tenth of its own time.
    gc.set_threshold(100_000, 50, 50)
    from trunkline.cli.entry import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
