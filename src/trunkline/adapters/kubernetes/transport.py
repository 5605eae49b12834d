"""Sends one request with our credentials: a 401 is tried once more where there are newer ones."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from trunkline import __version__
from trunkline.adapters.kubernetes.access import Access
from trunkline.adapters.kubernetes.credentials import Credentials, Presented
from trunkline.adapters.kubernetes.failures import no_answer
from trunkline.errors import Unreachable
from trunkline.ports import Http, Opened, Request, Response, TlsSettings

_UNAUTHORIZED = 401


class Transport:
    """The way to one API server; safe to share between threads."""

    def __init__(self, access: Access, credentials: Credentials, http: Callable[[TlsSettings], Http]) -> None:
        self._access = access
        self._credentials = credentials
        self._connections = _Connections(http)

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        timeout_s: float,
    ) -> Response:
        """The answer, whatever its status.

        Raises:
            NoAnswer: there was none.
            UsageError, Unreachable: there are no credentials (see `Credentials.present`).
        """
        presented = self._credentials.present()
        response = self._send(method, path, query, body, presented, timeout_s)
        if response.status == _UNAUTHORIZED and self._credentials.renew(presented):
            presented = self._credentials.present()
            response = self._send(method, path, query, body, presented, timeout_s)
        return response

    @contextlib.contextmanager
    def stream(
        self, path: str, query: Mapping[str, str], silence_s: float, opened: Opened | None = None
    ) -> Iterator[tuple[Response, Iterator[str]]]:
        """The answer to a GET, and its lines as they come; raises as `send`, also while iterating."""
        for last in (False, True):
            presented = self._credentials.present()
            request = self._request("GET", path, query, None, presented, silence_s)
            with contextlib.ExitStack() as stack:
                try:
                    http = self._connections.to(presented.tls)
                    response, lines = stack.enter_context(http.stream(request, opened))
                except Unreachable as error:
                    raise no_answer(self._access, error) from error
                if last or response.status != _UNAUTHORIZED or not self._credentials.renew(presented):
                    yield response, self._decoded(lines)
                    return

    def _decoded(self, lines: Iterator[bytes]) -> Iterator[str]:
        try:
            for line in lines:
                yield line.decode("utf-8", "replace").removesuffix("\r")
        except Unreachable as error:
            raise no_answer(self._access, error) from error

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        presented: Presented,
        timeout_s: float,
    ) -> Response:
        request = self._request(method, path, query, body, presented, timeout_s)
        try:
            return self._connections.to(presented.tls).send(request)
        except Unreachable as error:
            raise no_answer(self._access, error) from error

    def _request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        presented: Presented,
        timeout_s: float,
    ) -> Request:
        headers = {
            "Accept": "application/json",
            "User-Agent": f"trunkline/{__version__}",
            **presented.headers,
        }
        if body is not None:
            kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
            headers["Content-Type"] = kind
        pairs = {name: value for name, value in query.items() if value}
        url = f"{self._access.server}{path}" + (f"?{urlencode(pairs)}" if pairs else "")
        content = None if body is None else json.dumps(body).encode()
        return Request(method, url, headers, content, timeout_s)


class _Connections:
    """One `Http` for the TLS settings in use; a plugin's new client certificate makes a new one."""

    def __init__(self, http: Callable[[TlsSettings], Http]) -> None:
        self._http = http
        self._lock = threading.Lock()
        self._open: tuple[TlsSettings, Http] | None = None

    def to(self, tls: TlsSettings) -> Http:
        with self._lock:
            if self._open is None or self._open[0] != tls:
                self._open = (tls, self._http(tls))
            return self._open[1]
