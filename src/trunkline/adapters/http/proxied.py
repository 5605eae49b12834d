"""Servers behind a proxy: urllib3 knows all kinds of them, also such that speak TLS themselves."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable, Mapping
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
    SSLError,
)

from trunkline.adapters.http.failures import (
    BROKEN_OFF,
    NO_ADDRESS,
    NOT_ACCEPTED,
    REFUSED,
    UNKNOWN_HOST,
    NoAnswer,
    tls_cause,
)

_CONNECT_S = 10.0
_NO_RETRIES = urllib3.Retry(
    total=None, connect=0, read=0, redirect=0, status=0, other=0, raise_on_redirect=False
)
_CAUSES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((NameResolutionError, socket.gaierror), UNKNOWN_HOST),
    # Before its base class: in urllib3 a refused connection is a special ConnectTimeoutError.
    ((NewConnectionError, ConnectionRefusedError), REFUSED),
    ((ConnectTimeoutError,), NOT_ACCEPTED),
    ((ProtocolError, ConnectionError), BROKEN_OFF),
    ((LocationValueError,), NO_ADDRESS),
)


class ProxiedServers:
    """Servers that are asked through one proxy.

    Args:
        proxy: its URL, with a login if it wants one.
        context: verifies servers, and the proxy where it speaks TLS.
        server_name: the name in the server's certificate where it is not the URL's.
    """

    def __init__(self, proxy: str, context: Callable[[], ssl.SSLContext], server_name: str) -> None:
        # Whoever switched verification off need not be told at every request, in Python's own words.
        urllib3.disable_warnings(InsecureRequestWarning)
        self._manager = urllib3.ProxyManager(
            proxy, proxy_headers=_login(proxy), ssl_context=context(), server_hostname=server_name or None
        )

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> ProxiedAnswer:
        """See `Servers`."""
        try:
            answer = self._manager.request(
                method,
                url,
                body=body,
                headers=dict(headers),
                timeout=urllib3.Timeout(connect=min(_CONNECT_S, timeout_s), read=timeout_s),
                retries=_NO_RETRIES,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
        except (HTTPError, OSError) as error:
            raise NoAnswer(_cause(error, timeout_s)) from error
        return ProxiedAnswer(answer, timeout_s)

    def close(self) -> None:
        """See `Servers`."""
        self._manager.clear()


class ProxiedAnswer:
    """Implements `Answer`."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, timeout_s: float) -> None:
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.headers.items()}
        self._answer = answer
        self._timeout_s = timeout_s

    def read(self) -> bytes:
        """See `Answer`."""
        try:
            body = self._answer.read()
        except (HTTPError, OSError) as error:
            raise NoAnswer(_cause(error, self._timeout_s)) from error
        self.keep()
        return body

    def read_some(self, largest: int) -> bytes:
        """See `Answer`."""
        try:
            return self._answer.read1(largest)
        except (HTTPError, OSError) as error:
            raise NoAnswer(_cause(error, self._timeout_s)) from error

    def keep(self) -> None:
        """See `Answer`."""
        self._answer.release_conn()

    def close(self) -> None:
        """See `Answer`."""
        self._answer.close()

    def break_off(self) -> None:
        """See `Answer`."""
        # It may have come to its end in this very moment.
        with contextlib.suppress(ValueError, RuntimeError, OSError, AttributeError):
            self._answer.shutdown()


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
        inner = error.args[0] if error.args and isinstance(error.args[0], ssl.SSLError) else error
        return tls_cause(inner)
    if isinstance(error, (ReadTimeoutError, TimeoutError)) and not isinstance(error, ConnectTimeoutError):
        return f"it did not answer within {timeout_s:g} s"
    for kinds, sentence in _CAUSES:
        if isinstance(error, kinds):
            return sentence
    return f"the request failed ({type(error).__name__})"
