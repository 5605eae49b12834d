"""Cluster addresses and node ports: each is given once, and stays with its Service."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at
from trunkline.rehearsal.store import Store

_FIRST_PORT, _LAST_PORT = 30000, 32767


class Addresses:
    """Gives Services what they did not ask for by name."""

    def __init__(self, store: Store, services: Kind) -> None:
        self._store, self._services = store, services

    def allot(self, value: Object, previous: Object | None) -> None:
        """Fill in a Service's address and node ports, in place."""
        spec = value["spec"]
        if spec.get("type") == "ExternalName":
            return
        before = at(previous, "spec") or {}
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP") or next(self._free_addresses())
        spec["clusterIPs"] = [spec["clusterIP"]]
        if spec.get("type") not in ("NodePort", "LoadBalancer"):
            return
        kept = {port.get("port"): port.get("nodePort") for port in before.get("ports") or ()}
        free = self._free_ports()
        for port in spec.get("ports") or ():
            if isinstance(port, dict) and not port.get("nodePort"):
                port["nodePort"] = kept.get(port.get("port")) or next(free)

    def _free_addresses(self) -> Iterator[str]:
        taken = {at(item, "spec", "clusterIP") for item in self._store.all_of(self._services)}
        for number in range(1, 2**16):
            address = f"10.96.{number // 256}.{number % 256}"
            if address not in taken:
                yield address

    def _free_ports(self) -> Iterator[int]:
        taken = {
            port.get("nodePort")
            for item in self._store.all_of(self._services)
            for port in at(item, "spec", "ports") or ()
        }
        return (port for port in range(_FIRST_PORT, _LAST_PORT + 1) if port not in taken)
