"""A way to the stubs that answer for a simulated cluster's pods."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.errors import Unreachable
from trunkline.rehearsal.cluster import SimulatedCluster


class StubForwarding:
    """The port `Forwarding`: the stubs listen on loopback already."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        self._cluster = cluster

    @contextmanager
    def to_service(self, namespace: str, service: str, port: str) -> Iterator[int]:
        """See the port."""
        found = self._cluster.stubs.reach_service(namespace, service, port)
        if found is None:
            raise Unreachable(
                f"No ready pod stands behind port {port} of service/{service} in namespace {namespace}.",
                "Look at the Service's selector and its ports.",
            )
        yield found[1]
