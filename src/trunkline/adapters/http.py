"""The one place that speaks HTTP: urllib3, with connections kept per server and every wait bounded.

Errors are turned into one sentence that names the host and the cause; a URL's user part, query and the headers
never get into it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    InsecureRequestWarning,
    LocationValueError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    ResponseError,
    SSLError,
)

from trunkline.errors import Unreachable
from trunkline.ports import Opened, Request, Response, TlsSettings

_CONNECT_S = 10.0
# A server that sends us elsewhere must not get our key sent there.
_SECRET_HEADERS = urllib3.Retry.DEFAULT_REMOVE_HEADERS_ON_REDIRECT | {
    "dd-api-key",
    "dd-application-key",
    "x-registry-auth",
}
_REDIRECTS = urllib3.Retry(
    total=None, connect=0, read=0, redirect=5, status=0, other=0, remove_headers_on_redirect=_SECRET_HEADERS
)
_SCHEMES = ("http://", "https://")
# Without a size, urllib3 takes the early end of a body of known length for its end.
_CHUNK = 65536
_LARGE_CHUNK = 1 << 20
_OK = range(200, 300)
_CAUSES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((NameResolutionError, socket.gaierror), "the host name is unknown"),
    # Before its base class: in urllib3 a refused connection is a special ConnectTimeoutError.
    ((NewConnectionError, ConnectionRefusedError), "the connection was refused"),
    ((ConnectTimeoutError,), "it did not accept a connection in time"),
    ((ProtocolError, ConnectionError), "the connection broke off"),
    ((ResponseError,), "it redirects again and again"),
    ((LocationValueError,), "that is no address of a server"),
)


class Urllib3Http:
    """Implements the port `Http`; one per set of TLS settings, safe to share between threads."""

    def __init__(self, tls: TlsSettings | None = None) -> None:
        self._tls = tls or TlsSettings()
        self._context: ssl.SSLContext | None = None
        self._managers: dict[str, urllib3.PoolManager] = {}
        # To look through all variables for each request would take longer than the request.
        self._proxies: dict[tuple[str, str], str] = {}

    def send(self, request: Request) -> Response:
        """See the port."""
        bounded = request.largest is not None or request.total_s is not None
        try:
            answer = self._open(request, preload=not bounded)
            body = _bounded(request, answer) if bounded else answer.data
        except (HTTPError, OSError) as error:
            raise unreachable(request, error) from error
        return Response(answer.status, _headers(answer), body)

    @contextlib.contextmanager
    def stream(
        self, request: Request, opened: Opened | None = None
    ) -> Iterator[tuple[Response, Iterator[bytes]]]:
        """See the port."""
        try:
            answer = self._open(request, preload=False)
            body = b"" if answer.status in _OK else answer.read()
        except (HTTPError, OSError) as error:
            raise unreachable(request, error) from error
        if opened is not None:
            opened(lambda: _break_off(answer))
        try:
            yield Response(answer.status, _headers(answer), body), _lines(request, answer)
        finally:
            # Not given back to the pool: what is left of the body would be read by the next request.
            answer.close()

    def _open(self, request: Request, *, preload: bool) -> urllib3.BaseHTTPResponse:
        try:
            if not request.url.lower().startswith(_SCHEMES):
                raise LocationValueError
            return self._manager(request.url).request(
                request.method,
                request.url,
                body=request.body,
                headers=dict(request.headers),
                timeout=urllib3.Timeout(connect=min(_CONNECT_S, request.timeout_s), read=request.timeout_s),
                retries=_REDIRECTS,
                preload_content=preload,
            )
        except (HTTPError, OSError):
            raise
        except ValueError:
            # Its own message would show the header's value.
            raise Unreachable(
                f"{_server(request.url)} cannot be asked: the address or a header holds what HTTP cannot carry.",
                "Look for a line break or a foreign character in the address and in the credentials for it.",
            ) from None

    def _manager(self, url: str) -> urllib3.PoolManager:
        proxy = self._proxy(url)
        if proxy not in self._managers:
            context = self._ssl_context() if url.startswith("https:") or proxy.startswith("https:") else None
            server_name = self._tls.server_name or None
            self._managers[proxy] = (
                urllib3.ProxyManager(
                    proxy, proxy_headers=_login(proxy), ssl_context=context, server_hostname=server_name
                )
                if proxy
                else urllib3.PoolManager(ssl_context=context, server_hostname=server_name, maxsize=8)
            )
        return self._managers[proxy]

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
            self._context = _ssl_context(self._tls)
        return self._context


def _proxy_of_environment(scheme: str, host: str) -> str:
    """What `http_proxy`, `no_proxy` and their like say of a server; empty for none."""
    if host == "localhost" or host.startswith("127.") or host == "::1":
        return ""
    # http.client and email come with it, which nothing on loopback needs.
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    return "" if proxy_bypass(host) else getproxies().get(scheme, "")


def _break_off(answer: urllib3.BaseHTTPResponse) -> None:
    # It may have come to its end in this very moment.
    with contextlib.suppress(ValueError, RuntimeError, OSError, AttributeError):
        answer.shutdown()


def unreachable(request: Request, error: BaseException) -> Unreachable:
    """The sentence for a request that got no answer."""
    return Unreachable(
        f"{_server(request.url)} cannot be reached: {_cause(error, request.timeout_s)}.",
        "Check the address, the network and any proxy, then run the command again.",
    )


def _server(url: str) -> str:
    """Host and port, without anything else that a URL may hold."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "?", parts.port
    except ValueError:
        return "The server"
    return f"{host}:{port}" if port else host


def _login(proxy: str) -> dict[str, str]:
    """The header for the user part of a proxy's URL."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return dict(urllib3.make_headers(proxy_basic_auth=pair))


def _cause(error: BaseException, timeout_s: float) -> str:
    while isinstance(error, (MaxRetryError, ProxyError)):
        inner = error.reason if isinstance(error, MaxRetryError) else error.original_error
        if inner is None:
            break
        error = inner
    if isinstance(error, (SSLError, ssl.SSLError)):
        return f"its certificate or TLS is not acceptable ({_tls_reason(error)})"
    if isinstance(error, (ReadTimeoutError, TimeoutError)) and not isinstance(error, ConnectTimeoutError):
        return f"it did not answer within {timeout_s:g} s"
    for kinds, sentence in _CAUSES:
        if isinstance(error, kinds):
            return sentence
    return f"the request failed ({type(error).__name__})"


def _tls_reason(error: BaseException) -> str:
    cause = error.args[0] if error.args and isinstance(error.args[0], ssl.SSLError) else error
    return getattr(cause, "verify_message", "") or getattr(cause, "reason", "") or "handshake failed"


def _headers(answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _bounded(request: Request, answer: urllib3.BaseHTTPResponse) -> bytes:
    """The whole body, unless it takes too long or is too large."""
    deadline = None if request.total_s is None else time.monotonic() + request.total_s
    body = bytearray()
    try:
        # As it comes: a full chunk of a body that trickles may take longer than the whole may.
        while chunk := answer.read1(_LARGE_CHUNK):
            body += chunk
            _check_bounds(request, len(body), deadline)
    except BaseException:
        # What is left of the body would be read by the next request of this connection.
        answer.close()
        raise
    answer.release_conn()
    return bytes(body)


def _check_bounds(request: Request, size: int, deadline: float | None) -> None:
    if request.largest is not None and size > request.largest:
        raise Unreachable(
            f"{_server(request.url)} sends more than {request.largest // 2**20} MB.",
            "Check that this is the right address.",
        )
    if deadline is not None and time.monotonic() > deadline:
        raise Unreachable(
            f"{_server(request.url)} did not send all of its answer within {request.total_s:g} s.",
            "Check the network and any proxy, then run the command again.",
        )


def _lines(request: Request, answer: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    rest = bytearray()
    try:
        while chunk := answer.read1(_CHUNK):
            rest += chunk
            if b"\n" in chunk:
                *lines, rest = rest.split(b"\n")
                yield from map(bytes, lines)
    except (HTTPError, OSError) as error:
        raise unreachable(request, error) from error
    if rest:
        yield bytes(rest)


def _ssl_context(tls: TlsSettings) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cadata=tls.ca or None)
        if not tls.verify:
            # Whoever wrote so need not be told at every request, in Python's own words.
            urllib3.disable_warnings(InsecureRequestWarning)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if tls.certificate:
            # The ssl module reads certificates from files only; the file is readable by us alone and gone at once.
            import tempfile  # noqa: PLC0415 - few servers ask who we are

            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(tls.certificate.rstrip() + "\n" + tls.key)
                file.flush()
                # An empty password instead of a question at the terminal, should the key be encrypted.
                context.load_cert_chain(file.name, password="")
    except (ssl.SSLError, ValueError) as error:
        raise Unreachable(
            f"The configured certificates cannot be read: {getattr(error, 'reason', None) or error}.",
            "Check the certificate authority and the client certificate in the kubeconfig.",
        ) from error
    return context
