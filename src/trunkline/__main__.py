"""`trunkline` and `python -m trunkline`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask this often; no import is needed to answer it.
        from trunkline import __version__

        sys.stdout.write(f"trunkline {__version__}\n")
        return
    # A command lives for seconds; looking for garbage among its imports is a tenth of its own time.
    gc.set_threshold(200_000, 50, 50)
    from trunkline.cli.entry import run

    _leave(run(sys.argv[1:]))


def _leave(code: int) -> None:
    """End with a code, without Python's own tidying up: to take apart what the system takes back whole lasts 30 ms.

    Our threads only look at things and end with us, and what has to be given back (a Lease, a child, a folder) a
    command has given back when `run` returns.
    """
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        # Somebody read enough of our output (`| head`).
        os._exit(code)
    except (OSError, ValueError):
        # Closed, or a disk is full: Python knows how to say so.
        sys.exit(code)
    os._exit(code)


if __name__ == "__main__":
    main()
