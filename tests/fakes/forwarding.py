"""Ways into a cluster that a test writes down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from trunkline.errors import TrunklineError, Unreachable


class FakeForwarding:
    """Implements the port `Forwarding`.

    Attributes:
        services: the local port that leads to (namespace, service, port).
        trouble: why none can be opened.
        open: those that are open now.
        interfere: called before each is opened.
    """

    def __init__(self) -> None:
        self.services: dict[tuple[str, str, str], int] = {}
        self.trouble: TrunklineError | None = None
        self.open: list[tuple[str, str, str]] = []
        self.interfere: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def to_service(self, namespace: str, service: str, port: str) -> Iterator[int]:
        self.interfere()
        if self.trouble is not None:
            raise self.trouble
        goal = (namespace, service, port)
        if goal not in self.services:
            raise Unreachable(f"There is no way to service/{service}: not found.")
        self.open.append(goal)
        try:
            yield self.services[goal]
        finally:
            self.open.remove(goal)
