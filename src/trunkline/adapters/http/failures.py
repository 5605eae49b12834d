"""Why a request got no answer, in a sentence."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

from trunkline.errors import Unreachable
from trunkline.ports import Request

NO_ADDRESS = "that is no address of a server"
UNKNOWN_HOST = "the host name is unknown"
REFUSED = "the connection was refused"
NOT_ACCEPTED = "it did not accept a connection in time"
BROKEN_OFF = "the connection broke off"
CIRCLES = "it redirects again and again"


class NoAnswer(Exception):
    """A request got no answer; its only argument says why."""


def unreachable(request: Request, cause: object) -> Unreachable:
    """The sentence for a request that got no answer."""
    return Unreachable(
        f"{server_of(request.url)} cannot be reached: {cause}.",
        "Check the address, the network and any proxy, then run the command again.",
    )


def unsayable(request: Request) -> Unreachable:
    """The sentence for a request that cannot even be written down; Python's own would show the header's value."""
    return Unreachable(
        f"{server_of(request.url)} cannot be asked: the address or a header holds what HTTP cannot carry.",
        "Look for a line break or a foreign character in the address and in the credentials for it.",
    )


def server_of(url: str) -> str:
    """Host and port, without anything else that a URL may hold."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "?", parts.port
    except ValueError:
        return "The server"
    return f"{host}:{port}" if port else host


def cause_of(error: BaseException, timeout_s: float) -> str:
    """Why a connection that stood gave no answer."""
    if isinstance(error, ssl.SSLError):
        return tls_cause(error)
    if isinstance(error, TimeoutError):
        return f"it did not answer within {timeout_s:g} s"
    return BROKEN_OFF


def cause_of_no_connection(error: OSError) -> str:
    """Why there is no connection."""
    if isinstance(error, ssl.SSLError):
        return tls_cause(error)
    if isinstance(error, TimeoutError):
        return NOT_ACCEPTED
    return UNKNOWN_HOST if isinstance(error, socket.gaierror) else REFUSED


def tls_cause(error: BaseException) -> str:
    """What is wrong with TLS, in OpenSSL's words."""
    reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "handshake failed"
    return f"its certificate or TLS is not acceptable ({reason})"
