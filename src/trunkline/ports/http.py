"""HTTP, with every wait bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from typing import Protocol

from trunkline.dataclass import dataclass

Opened = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """How to know a server and to be known by it; PEM texts, as kubeconfig files carry them.

    Attributes:
        ca: certificates to trust instead of the system's; empty for the system's.
        certificate: the client's own, with `key`.
        verify: False only where a person wrote so.
        server_name: the name in the server's certificate where it is not the URL's.
        proxy: URL of a proxy; None takes what the environment says, empty means none.
    """

    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    verify: bool = True
    server_name: str = ""
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; its headers may hold secrets, so it has no readable form but method and URL.

    Attributes:
        timeout_s: bounds each silence.
        total_s: bounds the whole answer of `send`, however steadily it trickles; None for no bound.
        largest: bytes that the body may have at most; None for any number.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    total_s: float | None = None
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a server answered, whatever the status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 is replaced."""
        return self.body.decode("utf-8", "replace")


class Http(Protocol):
    """The one way to speak HTTP. Connections are kept and shared between threads; redirects are followed."""

    def send(self, request: Request) -> Response:
        """Send and read the whole answer; no retries.

        Raises:
            Unreachable: no connection, no valid certificate, no answer within the time, or a larger one than wanted;
                the message names host and cause, without credentials.
        """
        ...

    def stream(
        self, request: Request, opened: Opened | None = None
    ) -> AbstractContextManager[tuple[Response, Iterator[bytes]]]:
        """Send, and read the body as it comes: lines without their newline. `timeout_s` bounds each silence.

        Iterating raises `Unreachable` when the connection breaks or stays silent for too long; it simply ends when
        the server closes it. `opened` gets a function that any thread may call to break the stream off.
        `Response.body` is the whole body when the status is not 2xx, else empty.

        Raises:
            Unreachable: as `send`.
        """
        ...
