"""Which addresses a Service has, by its pods, for Endpoints and for EndpointSlices. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.controllers.readiness import has_ended, is_ready
from trunkline.rehearsal.controllers.reading import entries
from trunkline.rehearsal.objects import Object, at, is_ending, name_of, namespace_of, uid_of

Port = tuple[str, str, int]
"""Name, protocol and number."""


@dataclass(frozen=True, slots=True)
class Address:
    """A pod as a Service sees it."""

    pod: Object
    ports: tuple[Port, ...]
    is_ready: bool
    is_serving: bool
    is_ending: bool
    hostname: str

    @property
    def ip(self) -> str:
        """Its address."""
        return str(at(self.pod, "status", "podIP"))

    @property
    def target(self) -> dict[str, Any]:
        """The pod as an endpoint names it."""
        pod = self.pod
        return {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}


def addresses_of(service: Object, pods: Iterable[Object]) -> list[Address]:
    """The addresses of the pods that a Service selects; a pod without an address, or that has ended, has none."""
    found = []
    publishes_all = at(service, "spec", "publishNotReadyAddresses") is True
    for pod in pods:
        if has_ended(pod) or not at(pod, "status", "podIP"):
            continue
        ending, ready = is_ending(pod), is_ready(pod)
        is_named = at(pod, "spec", "hostname") and at(pod, "spec", "subdomain") == name_of(service)
        found.append(
            Address(
                pod,
                _ports(service, pod),
                is_ready=publishes_all or (ready and not ending),
                is_serving=ready,
                is_ending=ending,
                hostname=str(at(pod, "spec", "hostname")) if is_named else "",
            )
        )
    return found


def subsets_of(addresses: Iterable[Address]) -> list[dict[str, Any]]:
    """The `subsets` of Endpoints; pods that are about to end are left out."""
    groups: dict[tuple[Port, ...], list[Address]] = {}
    for address in addresses:
        if not address.is_ending or address.is_ready:
            groups.setdefault(address.ports, []).append(address)
    found = []
    for ports, members in sorted(groups.items()):
        members.sort(key=lambda item: item.ip)
        subset: dict[str, Any] = {}
        for key, ready in (("addresses", True), ("notReadyAddresses", False)):
            listed = [_endpoint_address(item) for item in members if item.is_ready is ready]
            if listed:
                subset[key] = listed
        if ports:
            subset["ports"] = ports_of(ports)
        found.append(subset)
    return found


def slices_of(addresses: Iterable[Address], most: int = 100) -> list[dict[str, Any]]:
    """The `endpoints` and `ports` of EndpointSlices, with so many endpoints in each at most; never none."""
    groups: dict[tuple[Port, ...], list[Address]] = {}
    for address in addresses:
        groups.setdefault(address.ports, []).append(address)
    found: list[dict[str, Any]] = []
    for ports, members in sorted(groups.items()):
        members.sort(key=lambda item: item.ip)
        endpoints = [_slice_endpoint(item) for item in members]
        found += [
            {"endpoints": endpoints[first : first + most], "ports": ports_of(ports)}
            for first in range(0, len(endpoints), most)
        ]
    return found or [{"endpoints": None, "ports": None}]


def ports_of(ports: Iterable[Port]) -> list[dict[str, Any]]:
    """Ports as objects list them."""
    return [
        {**({"name": name} if name else {}), "port": number, "protocol": protocol}
        for name, protocol, number in ports
    ]


def _ports(service: Object, pod: Object) -> tuple[Port, ...]:
    found = []
    for item in entries(service, "spec", "ports"):
        target = at(item, "targetPort")
        protocol = str(at(item, "protocol") or "TCP")
        if not target:
            target = at(item, "port")
        number = target if isinstance(target, int) else _named_port(pod, str(target), protocol)
        if number:
            found.append((str(at(item, "name") or ""), protocol, number))
    return tuple(found)


def _named_port(pod: Object, name: str, protocol: str) -> int:
    for container in entries(pod, "spec", "containers"):
        for port in entries(container, "ports"):
            if at(port, "name") == name and (at(port, "protocol") or "TCP") == protocol:
                return int(at(port, "containerPort") or 0)
    return 0


def _endpoint_address(address: Address) -> dict[str, Any]:
    found: dict[str, Any] = {"ip": address.ip, "targetRef": address.target}
    if at(address.pod, "spec", "nodeName"):
        found["nodeName"] = at(address.pod, "spec", "nodeName")
    if address.hostname:
        found["hostname"] = address.hostname
    return found


def _slice_endpoint(address: Address) -> dict[str, Any]:
    found: dict[str, Any] = {
        "addresses": [address.ip],
        "conditions": {
            "ready": address.is_ready,
            "serving": address.is_serving,
            "terminating": address.is_ending,
        },
        "targetRef": address.target,
    }
    if at(address.pod, "spec", "nodeName"):
        found["nodeName"] = at(address.pod, "spec", "nodeName")
    if address.hostname:
        found["hostname"] = address.hostname
    return found
