"""Owns waiting: for a condition to hold, polled until a deadline, never for a guessed number of seconds."""

from __future__ import annotations

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack

from dev.errors import DevError

_FIRST_PAUSE = 0.005
_LONGEST_PAUSE = 0.25


def wait(condition: Callable[[], bool], *, seconds: float, failure: Callable[[], str]) -> None:
    """Return when the condition holds; after `seconds` fail with the sentence that `failure` makes."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE
    while not condition():
        if time.monotonic() > deadline:
            raise DevError(failure())
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def listens(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def http_status(url: str) -> int | None:
    """The status that a server answers with, None while it does not answer."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        return None


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different loopback ports that were free a moment ago."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
