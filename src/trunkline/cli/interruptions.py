"""Ctrl-C and SIGTERM, as exceptions that nothing may swallow.

Python raises them wherever the main thread happens to be. Where that is a callback of the interpreter itself (a
finalizer, a hook around a fork) it only prints them and goes on, and a stop that was asked for would be lost.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

from trunkline.errors import Terminated

# Long enough for the callback to be left, too short for a person to notice.
_AGAIN_S = 0.05


def listen() -> None:
    """From now on SIGTERM raises `Terminated`, and neither it nor Ctrl-C gets lost."""
    signal.signal(signal.SIGTERM, _stop)
    sys.unraisablehook = _not_lost


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Terminated


def _not_lost(swallowed: sys.UnraisableHookArgs) -> None:
    """Send again what a callback swallowed, once the main thread is out of it."""
    if not issubclass(swallowed.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(swallowed)
        return
    number = signal.SIGTERM if issubclass(swallowed.exc_type, Terminated) else signal.SIGINT
    again = threading.Timer(_AGAIN_S, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
