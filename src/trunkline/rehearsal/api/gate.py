"""Trouble with the API itself, on demand: it refuses, takes its time, is away, or lets go of its watches."""

from __future__ import annotations

import threading

from trunkline.rehearsal.api.messages import Request
from trunkline.rehearsal.errors import ApiError

_SERVER_ERRORS = 500
_TOO_MANY = 429
_LONGEST_HOLD_S = 20.0
_HELD = {"deployments", "statefulsets", "daemonsets", "jobs"}
# A health check has to answer, or nobody could tell a troubled API from none.
_SPARED = {"healthz", "livez", "readyz"}


class Away(Exception):
    """The connection breaks off without an answer."""


class Gate:
    """Implements `faults.Trouble`; every request passes it."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._code = 0
        self._delay_s = 0.0
        self._away = False
        self._asked = 0
        self._agent = ""
        self._released = threading.Condition(self._mutex)
        self.held = False
        """Whether a request is held (see `hold`)."""
        self.epoch = 0
        """Changes when all watches have to end."""

    def refuse(self, code: int) -> None:
        """Answer every second request with this status from now on: the others show that it is not all of the API."""
        with self._mutex:
            self._code = code

    def slow(self, delay_s: float) -> None:
        """Let each answer take so long."""
        with self._mutex:
            self._delay_s = delay_s

    def away(self) -> None:
        """Break off all connections, and answer none."""
        with self._mutex:
            self._away = True
            self.epoch += 1

    def cut_watches(self) -> None:
        """Break off all watches, once."""
        with self._mutex:
            self.epoch += 1

    def hold(self, agent: str) -> None:
        """Let the next change of a workload by this client (the start of its User-Agent) wait for its answer."""
        with self._mutex:
            self._agent, self.held = agent, False

    def well(self) -> None:
        """Answer as ever; what was held breaks off."""
        with self._mutex:
            self._code, self._delay_s, self._away = 0, 0.0, False
            self._agent, self.held = "", False
            self._released.notify_all()

    def pass_through(self, request: Request) -> float:
        """Let a request in; how many seconds its answer has to take at least.

        Raises:
            Away: nobody answers. ApiError: it is refused.
        """
        with self._mutex:
            if self._away:
                raise Away
            if self._is_held(request):
                self.held = True
                self._released.wait_for(lambda: not self.held, _LONGEST_HOLD_S)
                raise Away
            self._asked += 1
            if not self._code or self._asked % 2 or (request.parts and request.parts[0] in _SPARED):
                return self._delay_s
            code = self._code
        if code == _TOO_MANY:
            raise ApiError(
                code, "TooManyRequests", "too many requests, please try again later", retry_after_s=1
            )
        reason = "ServiceUnavailable" if code > _SERVER_ERRORS else "InternalError"
        raise ApiError(code, reason, "Internal error occurred: the rehearsal says so")

    def _is_held(self, request: Request) -> bool:
        if not self._agent or request.method not in {"POST", "PUT", "PATCH"}:
            return False
        return request.headers.get("user-agent", "").startswith(self._agent) and bool(
            _HELD & set(request.parts)
        )
