"""Calls a webhook on loopback, and says in the API server's words why one cannot be called.

Nothing else is ever called: what is not on this machine is not there for a rehearsal.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import http.client
    import ssl

_LONGEST_S = 30
_USUAL_S = 10
_LARGEST = 8 * 1024 * 1024
_NAMES = {"localhost", "localhost."}


class CallFailed(Exception):
    """A webhook that gave no answer."""


def seconds_of(hook: Mapping[str, Any]) -> int:
    """How long a webhook may take."""
    found = hook.get("timeoutSeconds")
    is_number = isinstance(found, int) and not isinstance(found, bool)
    return min(_LONGEST_S, max(1, int(str(found)))) if is_number else _USUAL_S


def call(url: str, authority: Any, body: bytes, timeout_s: float) -> bytes:
    """Post a question.

    Args:
        url: where; `timeout` is added to it.
        body: the question, in JSON.
        authority: the `caBundle`, certificates in base64; nothing for those that this machine trusts.
        timeout_s: for each wait.

    Returns:
        The body of the answer.

    Raises:
        CallFailed: there is none, or nobody there.
    """
    asked = with_timeout(url, timeout_s)
    try:
        return _post(asked, authority, body, timeout_s)
    except CallFailed:
        raise
    except TimeoutError as error:
        raise too_late(url, timeout_s) from error
    except Exception as error:
        # Whatever an address or an answer is like, it is the webhook that failed.
        raise CallFailed(f'Post "{asked}": {_told(error, asked)}') from error


def too_late(url: str, timeout_s: float) -> CallFailed:
    """A webhook took longer than it may."""
    return CallFailed(f'Post "{with_timeout(url, timeout_s)}": context deadline exceeded')


def with_timeout(url: str, timeout_s: float) -> str:
    """The address as it is asked: a webhook is told how long it may take."""
    return f"{url}{'&' if '?' in url else '?'}timeout={timeout_s:.0f}s"


def _post(url: str, authority: Any, body: bytes, timeout_s: float) -> bytes:
    import http.client  # noqa: PLC0415 - with all of TLS, which most clusters never need

    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)
    if not _is_near(host):
        told = "connect: network is unreachable" if _address(host) else f"lookup {host}: no such host"
        where = f"tcp {host}:{port}" if _address(host) else "tcp"
        raise CallFailed(f'Post "{url}": dial {where}: {told}')
    connection: http.client.HTTPConnection
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    else:
        connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=_context(authority))
    path = f"{parts.path or '/'}?{parts.query}"
    headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
    try:
        connection.request("POST", path, body, {**headers, "User-Agent": "kube-apiserver-admission"})
        return _answer(connection.getresponse())
    finally:
        connection.close()


def _answer(got: http.client.HTTPResponse) -> bytes:
    body = got.read(_LARGEST)
    if got.status == 404:  # noqa: PLR2004 - an HTTP status
        raise CallFailed("the server could not find the requested resource")
    if not 200 <= got.status < 300:  # noqa: PLR2004 - as above
        raise CallFailed('an error on the server ("unknown") has prevented the request from succeeding')
    return body


def _context(authority: Any) -> ssl.SSLContext:
    import ssl  # noqa: PLC0415 - as above

    if not authority:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=base64.b64decode(str(authority)).decode())
    except (ssl.SSLError, ValueError, binascii.Error) as error:
        raise CallFailed("unable to load root certificates: unable to parse bytes as PEM block") from error


def _told(error: Exception, url: str) -> str:
    """A failure as Go spells it."""
    if isinstance(error, ConnectionRefusedError):
        parts = urlsplit(url)
        port = parts.port or (80 if parts.scheme == "http" else 443)
        return f"dial tcp {parts.hostname}:{port}: connect: connection refused"
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        about = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        why = about if "not valid for" in about else "certificate signed by unknown authority"
        return f"tls: failed to verify certificate: x509: {why}"
    if "WRONG_VERSION_NUMBER" in text or "HTTP_REQUEST" in text:
        return "http: server gave HTTP response to HTTPS client"
    if isinstance(error, ConnectionError) or "closed" in text:
        return "EOF"
    return text


def _is_near(host: str) -> bool:
    found = _address(host)
    return found.is_loopback if found else host.lower() in _NAMES


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
