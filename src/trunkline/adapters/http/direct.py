"""Servers that are asked directly: the standard library's client, with a pool of connections that stand."""

from __future__ import annotations

import contextlib
import http.client
import select
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Mapping
from urllib.parse import SplitResult, quote, urlsplit

from trunkline import __version__
from trunkline.adapters.http.failures import NO_ADDRESS, NoAnswer, cause_of, cause_of_no_connection

_CONNECT_S = 10.0
_MOST_KEPT = 8
_LONGEST_LABEL = 63
# What an address may hold as it is (RFC 3986), and the percent sign of what is encoded already.
_SAFE = "%/:?#[]@!$&'()*+,;=~"
_FAULTS = (OSError, http.client.HTTPException)

_Server = tuple[str, str, int]
"""Scheme, host and port."""


class DirectServers:
    """Connections to servers, kept between requests and shared between threads."""

    def __init__(self, context: Callable[[], ssl.SSLContext], server_name: str) -> None:
        self._context = context
        self._server_name = server_name
        self._kept: dict[_Server, list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()
        # Python warns of sockets that nobody closed; who has a client need not think of them.
        weakref.finalize(self, _close_all, self._kept)

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> DirectAnswer:
        """See `Servers`."""
        parts = urlsplit(url)
        server = _server_of(parts)
        path = quote(parts.path or "/", safe=_SAFE) + (
            f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
        )
        connection = self._standing(server) or self._connect(server, timeout_s)
        try:
            connection.sock.settimeout(timeout_s)
            # A server that does not want the body may answer before it has all of it, and close.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, path, body, {"User-Agent": f"trunkline/{__version__}", **headers})
            # An answer that ends with its connection takes the socket away from it.
            line = connection.sock
            return DirectAnswer(
                connection.getresponse(), line, timeout_s, lambda: self._keep(server, connection)
            )
        except _FAULTS as error:
            connection.close()
            raise NoAnswer(cause_of(error, timeout_s)) from error
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """See `Servers`."""
        with self._lock:
            _close_all(self._kept)

    def _standing(self, server: _Server) -> http.client.HTTPConnection | None:
        """A kept connection on which the server has not said anything since, such as its end."""
        while True:
            with self._lock:
                kept = self._kept.get(server)
                if not kept:
                    return None
                connection = kept.pop()
            if connection.sock is not None and not _has_something(connection.sock):
                return connection
            connection.close()

    def _connect(self, server: _Server, timeout_s: float) -> http.client.HTTPConnection:
        scheme, host, port = server
        patience_s = min(_CONNECT_S, timeout_s)
        connection: http.client.HTTPConnection
        if scheme == "https":
            connection = _TlsConnection(host, port, patience_s, self._context(), self._server_name)
        else:
            connection = http.client.HTTPConnection(host, port, timeout=patience_s)
        try:
            connection.connect()
        except UnicodeError:
            raise NoAnswer(NO_ADDRESS) from None
        except OSError as error:
            connection.close()
            raise NoAnswer(cause_of_no_connection(error)) from error
        return connection

    def _keep(self, server: _Server, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            kept = self._kept.setdefault(server, [])
            if len(kept) < _MOST_KEPT:
                kept.append(connection)
                return
        connection.close()


def _close_all(kept: dict[_Server, list[http.client.HTTPConnection]]) -> None:
    while kept:
        _, connections = kept.popitem()
        for connection in connections:
            connection.close()


class DirectAnswer:
    """Implements `Answer`."""

    def __init__(
        self,
        response: http.client.HTTPResponse,
        line: socket.socket,
        timeout_s: float,
        keep: Callable[[], None],
    ) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self._response = response
        self._line = line
        self._timeout_s = timeout_s
        self._keep = keep

    def read(self) -> bytes:
        """See `Answer`."""
        try:
            body = self._response.read()
        except _FAULTS as error:
            self.close()
            raise NoAnswer(cause_of(error, self._timeout_s)) from error
        except BaseException:
            self.close()
            raise
        self.keep()
        return body

    def read_some(self, largest: int) -> bytes:
        """See `Answer`."""
        try:
            some = self._response.read1(largest)
            if not some and self._response.length:
                raise http.client.IncompleteRead(b"", self._response.length)
        except (*_FAULTS, ValueError) as error:
            # A ValueError: the socket was closed by whoever broke it off.
            raise NoAnswer(cause_of(error, self._timeout_s)) from error
        return some

    def keep(self) -> None:
        """See `Answer`."""
        if self._response.will_close:
            self.close()
        else:
            self._response.close()
            self._keep()

    def close(self) -> None:
        """See `Answer`."""
        # The response's own file holds the socket open as well.
        for end in (self._line.close, self._response.close):
            with contextlib.suppress(OSError, ValueError):
                end()

    def break_off(self) -> None:
        """See `Answer`."""
        # It may have come to its end in this very moment.
        with contextlib.suppress(OSError, ValueError):
            self._line.shutdown(socket.SHUT_RD)


class _TlsConnection(http.client.HTTPConnection):
    """Over TLS, to a server whose certificate may bear another name than its address."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, host: str, port: int, timeout_s: float, context: ssl.SSLContext, name: str) -> None:
        super().__init__(host, port, timeout=timeout_s)
        self._tls = context
        self._name = name or host

    def connect(self) -> None:
        """Connect, and agree on the keys."""
        super().connect()
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def _server_of(parts: SplitResult) -> _Server:
    try:
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoAnswer(NO_ADDRESS) from None
    if not host or any(len(label) > _LONGEST_LABEL for label in host.split(".")):
        raise NoAnswer(NO_ADDRESS)
    return (
        parts.scheme,
        host,
        port or (http.client.HTTPS_PORT if parts.scheme == "https" else http.client.HTTP_PORT),
    )


def _has_something(line: socket.socket) -> bool:
    poll = select.poll()
    poll.register(line, select.POLLIN)
    return bool(poll.poll(0))
