"""Services, what is behind them, and what leads to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import (
    NONE,
    UNKNOWN,
    UNSET,
    age,
    items,
    labels,
    number,
    selector,
    shortened,
    text,
    texts,
)

_TOLD = 3


def _service(value: Object, now: datetime) -> list[Any]:
    return [
        name_of(value),
        text(value, "spec", "type"),
        text(value, "spec", "clusterIPs", 0) or text(value, "spec", "clusterIP") or NONE,
        _external_address(value),
        ",".join(_port(item) for item in items(value, "spec", "ports")) or NONE,
        age(value, now),
        labels(at(value, "spec", "selector")),
    ]


def _external_address(value: Object) -> str:
    given = texts(value, "spec", "externalIPs")
    match text(value, "spec", "type"):
        case "ClusterIP" | "NodePort":
            return ",".join(given) or NONE
        case "LoadBalancer":
            return ",".join([*_addresses(value), *given]) or "<pending>"
        case "ExternalName":
            return text(value, "spec", "externalName")
        case _:
            return UNKNOWN


def _addresses(value: Object) -> list[str]:
    """Of its load balancer."""
    found = {
        text(item, "ip") or text(item, "hostname")
        for item in items(value, "status", "loadBalancer", "ingress")
    }
    return sorted(found - {""})


def _port(item: dict[str, Any]) -> str:
    node = number(item, "nodePort")
    return f"{number(item, 'port')}{f':{node}' if node > 0 else ''}/{text(item, 'protocol')}"


def _endpoints(value: Object, now: datetime) -> list[Any]:
    subsets, found = items(value, "subsets"), []
    for subset in subsets:
        addresses = [text(item, "ip") for item in items(subset, "addresses")]
        ports = [number(item, "port") for item in items(subset, "ports")]
        found += [_joined(address, port) for port in ports for address in addresses] if ports else addresses
    return [name_of(value), shortened(found, _TOLD) if subsets else NONE, age(value, now)]


def _joined(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _slice(value: Object, now: datetime) -> list[Any]:
    ports = [text(item, "port") or text(item, "name") or "*" for item in items(value, "ports")]
    addresses = [address for item in items(value, "endpoints") for address in texts(item, "addresses")]
    return [
        name_of(value),
        text(value, "addressType"),
        shortened(ports, _TOLD) or UNSET,
        shortened(addresses, _TOLD) or UNSET,
        age(value, now),
    ]


def _ingress(value: Object, now: datetime) -> list[Any]:
    rules = items(value, "spec", "rules")
    hosts = [host for item in rules if (host := text(item, "host"))]
    return [
        name_of(value),
        text(value, "spec", "ingressClassName") or NONE,
        shortened(hosts, _TOLD, len(rules) if len(hosts) >= _TOLD else len(hosts)) or "*",
        ",".join(_addresses(value)),
        "80, 443" if items(value, "spec", "tls") else "80",
        age(value, now),
    ]


def _ingress_class(value: Object, now: datetime) -> list[Any]:
    parameters, told = at(value, "spec", "parameters"), NONE
    if isinstance(parameters, dict):
        group = text(parameters, "apiGroup")
        told = f"{text(parameters, 'kind')}{f'.{group}' if group else ''}/{text(parameters, 'name')}"
    return [name_of(value), text(value, "spec", "controller"), told, age(value, now)]


def _policy(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), selector(at(value, "spec", "podSelector")), age(value, now)]


LAYOUTS = {
    ("", "Service"): Layout(
        columns("Name", "Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "*Selector"), _service
    ),
    ("", "Endpoints"): Layout(columns("Name", "Endpoints", "Age"), _endpoints),
    ("discovery.k8s.io", "EndpointSlice"): Layout(
        columns("Name", "AddressType", "Ports", "Endpoints", "Age"), _slice
    ),
    ("networking.k8s.io", "Ingress"): Layout(
        columns("Name", "Class", "Hosts", "Address", "Ports", "Age"), _ingress
    ),
    ("networking.k8s.io", "IngressClass"): Layout(
        columns("Name", "Controller", "Parameters", "Age"), _ingress_class
    ),
    ("networking.k8s.io", "NetworkPolicy"): Layout(columns("Name", "Pod-Selector", "Age"), _policy),
}
