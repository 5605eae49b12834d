"""Ways into a cluster through `kubectl port-forward` (docs/decisions/port-forward.md says why)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from trunkline.domain.releases import ClusterTarget
from trunkline.errors import Unreachable
from trunkline.expressions import expression
from trunkline.ports import Command, Processes, Running

_READY = expression(r"Forwarding from 127\.0\.0\.1:(\d+) -> ")
# Longer than a login through a plugin takes.
_OPENING_S = 20.0
_LAST_LINES = 3


class KubectlForwarding:
    """Implements the port `Forwarding` with the `kubectl` on PATH."""

    def __init__(self, cluster: ClusterTarget, processes: Processes) -> None:
        self._cluster = cluster
        self._processes = processes

    @contextlib.contextmanager
    def to_service(self, namespace: str, service: str, port: str) -> Iterator[int]:
        """See the port."""
        argv = ["kubectl", "port-forward", f"service/{service}", f":{port}"]
        argv += ["--address", "127.0.0.1", "--namespace", namespace]
        if self._cluster.context:
            argv += ["--context", self._cluster.context]
        environment = {"KUBECONFIG": self._cluster.kubeconfig} if self._cluster.kubeconfig else {}
        with self._processes.running(Command(tuple(argv), environment)) as kubectl:
            yield _local_port(kubectl, f"port {port} of service/{service} in namespace {namespace}")


def _local_port(kubectl: Running, goal: str) -> int:
    said: list[str] = []
    hint = "Try it by hand: kubectl port-forward; it takes the right to create pods/portforward."
    try:
        while (line := kubectl.line(_OPENING_S)) is not None:
            if found := _READY.match(line):
                return int(found[1])
            said.append(line.strip())
    except TimeoutError:
        raise Unreachable(f"kubectl did not open a way to {goal} within {_OPENING_S:.0f} s.", hint) from None
    why = " ".join(said[-_LAST_LINES:]).removeprefix("error: ") or "it said nothing"
    raise Unreachable(f"kubectl opened no way to {goal}: {why}", hint)
