"""A stop that was asked for is never lost."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

# The signal comes while the interpreter runs a hook of its own, which swallows what is raised there.
_PROGRAM = """
import os, signal, sys, threading
from trunkline.cli import interruptions

# A shell has what it starts in the background ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
interruptions.listen()
hook = lambda: (os.kill(os.getpid(), int(sys.argv[1])), [None for _ in range(100000)])
os.register_at_fork(after_in_parent=hook)
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
print("went on", flush=True)
try:
    threading.Event().wait(20)
except KeyboardInterrupt as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("number", "raised"), [(signal.SIGINT, "KeyboardInterrupt"), (signal.SIGTERM, "Terminated")]
)
def test_a_signal_in_a_hook_of_the_interpreter_is_raised_after_it(number: int, raised: str) -> None:
    """Python only prints what is raised in such a hook; the main thread hears of it all the same."""
    argv = [sys.executable, "-c", _PROGRAM, str(int(number))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.split("\n") == ["went on", raised, ""]
    assert not done.stderr
