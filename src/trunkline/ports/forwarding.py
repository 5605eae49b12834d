"""A way into a cluster's network, to ask a Service that has no address outside."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol


class Forwarding(Protocol):
    """Ports of this machine that lead into one cluster."""

    def to_service(self, namespace: str, service: str, port: str) -> AbstractContextManager[int]:
        """A port of 127.0.0.1 that leads to one pod of a Service, until the context is left.

        `port` is the Service's, as a number or by name.

        Raises:
            Unreachable: there is no such Service, port or pod, or the cluster does not let us in.
            UsageError: what it takes is not installed.
        """
        ...
