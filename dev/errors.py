"""Owns how development tools fail: one sentence that names the thing, the cause and the next step."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable


class DevError(Exception):
    """Something that a person can act on; its text is the whole message."""


def exit_code(command: Callable[[], int]) -> int:
    """Run a command line, and turn its failure into one sentence on stderr."""
    # Being ended is being interrupted: what was started is stopped on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return command()
    except DevError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
