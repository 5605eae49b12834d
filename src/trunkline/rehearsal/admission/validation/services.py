"""Services: their names, their ports, and what of them never changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.rehearsal.admission.validation.words import (
    duplicate,
    invalid,
    label_problems,
    port_name_problems,
    port_problems,
    required,
    service_name_problems,
    unsupported,
)
from trunkline.rehearsal.controllers.reading import entries, mapping
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.objects import Object, name_of

_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_PROTOCOLS = ("SCTP", "TCP", "UDP")
_HEADLESS = "None"


def service_problems(value: Object, previous: Object | None) -> Iterator[FieldError]:
    """What is wrong with a Service, or with its change."""
    spec = mapping(value, "spec")
    if previous is None:
        yield from service_name_problems("metadata.name", name_of(value))
    kind = spec.get("type")
    if kind and kind not in _TYPES:
        yield unsupported("spec.type", kind, *_TYPES)
    if kind == "ExternalName":
        if not spec.get("externalName"):
            yield required("spec.externalName")
        return
    ports = entries(spec, "ports")
    if not ports and spec.get("clusterIP") != _HEADLESS:
        yield required("spec.ports")
    yield from _ports(ports)
    if previous is not None:
        yield from _changed(spec, mapping(previous, "spec"))


def _ports(ports: list[Any]) -> Iterator[FieldError]:
    names: set[str] = set()
    taken: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        here, name = f"spec.ports[{index}]", str(port.get("name") or "")
        if not name and len(ports) > 1:
            yield required(f"{here}.name")
        elif name:
            yield from label_problems(f"{here}.name", name)
            if name in names:
                yield duplicate(f"{here}.name", name)
        names.add(name)
        yield from port_problems(f"{here}.port", port.get("port") or 0)
        protocol = port.get("protocol") or "TCP"
        if protocol not in _PROTOCOLS:
            yield unsupported(f"{here}.protocol", protocol, *_PROTOCOLS)
        target = port.get("targetPort")
        if isinstance(target, str):
            yield from port_name_problems(f"{here}.targetPort", target)
        elif target is not None:
            yield from port_problems(f"{here}.targetPort", target)
        key = (str(protocol), port.get("port")) if isinstance(port.get("port"), int) else None
        if key is not None and key in taken:
            shown = f'core.ServicePort{{Protocol:"{protocol}", Port:{port.get("port")}}}'
            yield FieldError(here, "FieldValueDuplicate", f"Duplicate value: {shown}")
        if key is not None:
            taken.add(key)


def _changed(spec: Object, before: Object) -> Iterator[FieldError]:
    had, has = before.get("clusterIP"), spec.get("clusterIP")
    if had and has != had and spec.get("type") != "ExternalName" != before.get("type"):
        said = "may not change once set"
        yield (
            FieldError("spec.clusterIPs[0]", "FieldValueInvalid", f'Invalid value: ["{has}"]: {said}')
            if isinstance(has, str) and has
            else invalid("spec.clusterIPs[0]", "", "primary clusterIP can not be unset")
        )
