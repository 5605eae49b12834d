"""What both ways to a server give: an answer whose body is read as it comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Answer(Protocol):
    """An answer; reading raises `NoAnswer` when it breaks off or stays silent for too long."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """By name, in lower case."""
        ...

    def read(self) -> bytes:
        """The rest of the body; its connection is kept for the next request."""
        ...

    def read_some(self, largest: int) -> bytes:
        """What has come of the body, at most so many bytes; empty at its end."""
        ...

    def keep(self) -> None:
        """Keep the connection for the next request, if the body has been read to its end."""
        ...

    def close(self) -> None:
        """Close the connection, whatever is left of the body."""
        ...

    def break_off(self) -> None:
        """Have a reader in another thread come to an end; may be called at any time."""
        ...


class Servers(Protocol):
    """A way to servers."""

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout_s: float
    ) -> Answer:
        """Send a request; a redirect is an answer. `timeout_s` bounds each silence.

        Raises:
            NoAnswer: there is none. ValueError: HTTP cannot carry the address or a header.
        """
        ...

    def close(self) -> None:
        """Close what is kept."""
        ...
