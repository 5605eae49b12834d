"""The port `Http`: which way a server is asked, redirects, and the bounds of an answer."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from trunkline.adapters.http.direct import DirectServers
from trunkline.adapters.http.failures import (
    BROKEN_OFF,
    CIRCLES,
    NO_ADDRESS,
    NoAnswer,
    server_of,
    unreachable,
    unsayable,
)
from trunkline.adapters.http.tls import context_of
from trunkline.errors import Unreachable
from trunkline.ports import Opened, Request, Response, TlsSettings

if TYPE_CHECKING:
    import ssl

    from trunkline.adapters.http.answers import Answer, Servers

_SCHEMES = ("http://", "https://")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SEE_OTHER = 303
_MOST_REDIRECTS = 5
# A server that sends us elsewhere must not get our key sent there.
_SECRET_HEADERS = frozenset(
    {
        "authorization",
        "proxy-authorization",
        "cookie",
        "dd-api-key",
        "dd-application-key",
        "x-registry-auth",
        "circle-token",
    }
)
_CHUNK = 65536
_LARGE_CHUNK = 1 << 20
_OK = range(200, 300)
# zlib's word for "gzip or zlib, as the body says itself".
_ANY_FORMAT = 32 + zlib.MAX_WBITS


class HttpClient:
    """Implements the port `Http`; one per set of TLS settings, safe to share between threads."""

    def __init__(self, tls: TlsSettings | None = None) -> None:
        self._tls = tls or TlsSettings()
        self._context: ssl.SSLContext | None = None
        self._direct = DirectServers(self._ssl_context, self._tls.server_name)
        self._proxied: dict[str, Servers] = {}
        # To look through all variables for each request would take longer than the request.
        self._proxies: dict[tuple[str, str], str] = {}

    def send(self, request: Request) -> Response:
        """See the port."""
        try:
            answer = self._open(request)
            bounded = request.largest is not None or request.total_s is not None
            body = _bounded(request, answer) if bounded else answer.read()
        except NoAnswer as error:
            raise unreachable(request, error) from error.__cause__
        return Response(answer.status, answer.headers, _decoded(request, answer, body))

    @contextlib.contextmanager
    def stream(
        self, request: Request, opened: Opened | None = None
    ) -> Iterator[tuple[Response, Iterator[bytes]]]:
        """See the port."""
        try:
            answer = self._open(request)
            body = b"" if answer.status in _OK else answer.read()
        except NoAnswer as error:
            raise unreachable(request, error) from error.__cause__
        if opened is not None:
            opened(answer.break_off)
        try:
            yield Response(answer.status, answer.headers, body), _lines(request, answer)
        finally:
            # Not kept: what is left of the body would be read by the next request.
            answer.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        self._direct.close()
        for servers in self._proxied.values():
            servers.close()

    def _open(self, request: Request) -> Answer:
        """The answer, after all redirects."""
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._ask(request)
            elsewhere = answer.headers.get("location", "") if answer.status in _REDIRECTS else ""
            if not elsewhere:
                return answer
            _skip(answer)
            request = _redirected(request, answer.status, elsewhere)
        raise NoAnswer(CIRCLES)

    def _ask(self, request: Request) -> Answer:
        if not request.url.lower().startswith(_SCHEMES):
            raise NoAnswer(NO_ADDRESS)
        try:
            ask = self._way(request.url).ask
            return ask(request.method, request.url, request.headers, request.body, request.timeout_s)
        except ValueError:
            raise unsayable(request) from None

    def _way(self, url: str) -> Servers:
        proxy = self._proxy(url)
        if not proxy:
            return self._direct
        if proxy not in self._proxied:
            from trunkline.adapters.http.proxied import ProxiedServers  # noqa: PLC0415 - most have no proxy

            self._proxied[proxy] = ProxiedServers(proxy, self._ssl_context, self._tls.server_name)
        return self._proxied[proxy]

    def _proxy(self, url: str) -> str:
        if self._tls.proxy is not None:
            return self._tls.proxy
        parts = urlsplit(url)
        server = parts.scheme, parts.hostname or ""
        if server not in self._proxies:
            self._proxies[server] = _proxy_of_environment(*server)
        return self._proxies[server]

    def _ssl_context(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = context_of(self._tls)
        return self._context


def _proxy_of_environment(scheme: str, host: str) -> str:
    """What `http_proxy`, `no_proxy` and their like say of a server; empty for none."""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return ""
    if sys.platform != "darwin" and not any(name.lower().endswith("_proxy") for name in os.environ):
        return ""
    # Much comes with it, which most do not need.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    return "" if proxy_bypass(host) else getproxies().get(scheme, "")


def _skip(answer: Answer) -> None:
    """Be done with an answer whose body nobody wants; a short one is read, so that its connection can be kept."""
    length = answer.headers.get("content-length", "")
    if length.isdecimal() and int(length) <= _CHUNK:
        answer.read()
    else:
        answer.close()


def _redirected(request: Request, status: int, elsewhere: str) -> Request:
    """The request to make instead (RFC 9110, section 15.4); secrets stay with the server that they are for."""
    url = urljoin(request.url, elsewhere)
    headers = request.headers
    if _origin(url) != _origin(request.url):
        headers = {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}
    if status == _SEE_OTHER and request.method != "HEAD":
        headers = {name: value for name, value in headers.items() if not name.lower().startswith("content-")}
        return replace(request, method="GET", url=url, headers=headers, body=None)
    return replace(request, url=url, headers=headers)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.rpartition("@")[2]


def _decoded(request: Request, answer: Answer, body: bytes) -> bytes:
    """The body as it is meant: some servers pack it unasked."""
    if answer.headers.get("content-encoding", "").lower() not in {"gzip", "x-gzip", "deflate"} or not body:
        return body
    try:
        unpacked = zlib.decompressobj(_ANY_FORMAT)
        whole = unpacked.decompress(body, request.largest + 1 if request.largest is not None else 0)
    except zlib.error as error:
        raise unreachable(request, BROKEN_OFF) from error
    _check_bounds(request, len(whole), None)
    return whole


def _bounded(request: Request, answer: Answer) -> bytes:
    """The whole body, unless it takes too long or is too large."""
    deadline = None if request.total_s is None else time.monotonic() + request.total_s
    body = bytearray()
    try:
        # As it comes: a full chunk of a body that trickles may take longer than the whole may.
        while chunk := answer.read_some(_LARGE_CHUNK):
            body += chunk
            _check_bounds(request, len(body), deadline)
    except BaseException:
        # What is left of the body would be read by the next request of this connection.
        answer.close()
        raise
    answer.keep()
    return bytes(body)


def _check_bounds(request: Request, size: int, deadline: float | None) -> None:
    if request.largest is not None and size > request.largest:
        raise Unreachable(
            f"{server_of(request.url)} sends more than {request.largest // 2**20} MB.",
            "Check that this is the right address.",
        )
    if deadline is not None and time.monotonic() > deadline:
        raise Unreachable(
            f"{server_of(request.url)} did not send all of its answer within {request.total_s:g} s.",
            "Check the network and any proxy, then run the command again.",
        )


def _lines(request: Request, answer: Answer) -> Iterator[bytes]:
    rest = bytearray()
    try:
        while chunk := answer.read_some(_CHUNK):
            rest += chunk
            if b"\n" in chunk:
                *lines, rest = rest.split(b"\n")
                yield from map(bytes, lines)
    except NoAnswer as error:
        raise unreachable(request, error) from error.__cause__
    if rest:
        yield bytes(rest)
