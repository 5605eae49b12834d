"""Pods, and the templates of them."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.expressions import expression
from trunkline.rehearsal.admission.validation.words import (
    at_least,
    duplicate,
    env_name_problems,
    forbidden,
    invalid,
    label_problems,
    not_found,
    port_name_problems,
    port_problems,
    required,
    unsupported,
)
from trunkline.rehearsal.controllers.reading import entries, mapping
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.nodes.amounts import amount
from trunkline.rehearsal.objects import Object

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PROTOCOLS, _PULLS = ("SCTP", "TCP", "UDP"), ("Always", "IfNotPresent", "Never")
_QUANTITY = expression(r"[+-]?([0-9]+|[0-9]+\.[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3}|[numkMGTPE]|[KMGTPE]i)?")
_NOT_A_QUANTITY = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def pod_spec_problems(spec: Object, path: str, claims: frozenset[str] = frozenset()) -> Iterator[FieldError]:
    """What is wrong with a pod's spec.

    Args:
        spec: with all defaults.
        path: of the spec, such as `spec.template.spec`.
        claims: names of claim templates, which are volumes, too.
    """
    volumes: set[str] = set()
    for index, volume in enumerate(entries(spec, "volumes")):
        here, name = f"{path}.volumes[{index}].name", str(volume.get("name") or "")
        if not name:
            yield required(here)
        else:
            yield from label_problems(here, name)
        if name in volumes:
            yield duplicate(here, name)
        volumes.add(name)
    names: set[str] = set()
    if not entries(spec, "containers"):
        yield required(f"{path}.containers")
    for key in ("containers", "initContainers"):
        for index, container in enumerate(entries(spec, key)):
            here = f"{path}.{key}[{index}]"
            yield from _named(container, here, names)
            yield from _container(container, here, volumes | claims, is_init=key == "initContainers")
    yield from at_least(f"{path}.activeDeadlineSeconds", spec.get("activeDeadlineSeconds"), 1)
    yield from at_least(f"{path}.terminationGracePeriodSeconds", spec.get("terminationGracePeriodSeconds"))


def _named(container: Object, here: str, names: set[str]) -> Iterator[FieldError]:
    name = str(container.get("name") or "")
    if not name:
        yield required(f"{here}.name")
    else:
        yield from label_problems(f"{here}.name", name)
    if name and name in names:
        yield duplicate(f"{here}.name", name)
    names.add(name)


def _container(container: Object, here: str, volumes: set[str], *, is_init: bool) -> Iterator[FieldError]:
    image = container.get("image")
    if not image:
        yield required(f"{here}.image")
    elif isinstance(image, str) and image != image.strip():
        yield invalid(f"{here}.image", image, "must not have leading or trailing whitespace")
    policy = container.get("imagePullPolicy")
    if policy and policy not in _PULLS:
        yield unsupported(f"{here}.imagePullPolicy", policy, *_PULLS)
    yield from _ports(container, here)
    yield from _variables(container, here)
    yield from _mounts(container, here, volumes)
    is_sidecar = container.get("restartPolicy") == "Always"
    for key in _PROBES:
        if isinstance(container.get(key), dict):
            if is_init and not is_sidecar:
                yield forbidden(
                    f"{here}.{key}", "may not be set for init containers without restartPolicy=Always"
                )
            yield from _probe(container[key], f"{here}.{key}", key)
    for key in ("postStart", "preStop"):
        hook = mapping(container, "lifecycle").get(key)
        if isinstance(hook, dict):
            yield from _handler(hook, f"{here}.lifecycle.{key}", (*_HANDLERS[:3], "sleep"))
    yield from _resources(container, here)


def _ports(container: Object, here: str) -> Iterator[FieldError]:
    names: set[str] = set()
    for index, port in enumerate(entries(container, "ports")):
        place = f"{here}.ports[{index}]"
        name = port.get("name")
        if isinstance(name, str) and name:
            problems = list(port_name_problems(f"{place}.name", name))
            yield from problems
            if not problems and name in names:
                yield duplicate(f"{place}.name", name)
            names.add(name)
        if not port.get("containerPort"):
            yield required(f"{place}.containerPort")
        else:
            yield from port_problems(f"{place}.containerPort", port.get("containerPort"))
        if port.get("hostPort"):
            yield from port_problems(f"{place}.hostPort", port.get("hostPort"))
        protocol = port.get("protocol")
        if protocol and protocol not in _PROTOCOLS:
            yield unsupported(f"{place}.protocol", protocol, *_PROTOCOLS)


def _variables(container: Object, here: str) -> Iterator[FieldError]:
    for index, variable in enumerate(entries(container, "env")):
        place = f"{here}.env[{index}]"
        yield from env_name_problems(f"{place}.name", str(variable.get("name") or ""))
        source = variable.get("valueFrom")
        if isinstance(source, dict) and variable.get("value"):
            yield invalid(f"{place}.valueFrom", "", "may not be specified when `value` is not empty")
        elif isinstance(source, dict) and not source:
            yield invalid(
                f"{place}.valueFrom",
                "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`",
            )


def _mounts(container: Object, here: str, volumes: set[str]) -> Iterator[FieldError]:
    paths: set[str] = set()
    for index, mount in enumerate(entries(container, "volumeMounts")):
        place = f"{here}.volumeMounts[{index}]"
        name, path = str(mount.get("name") or ""), str(mount.get("mountPath") or "")
        if not name:
            yield required(f"{place}.name")
        elif name not in volumes:
            yield not_found(f"{place}.name", name)
        if not path:
            yield required(f"{place}.mountPath")
        if path in paths:
            yield invalid(f"{place}.mountPath", path, "must be unique")
        paths.add(path)


def _probe(probe: Object, here: str, key: str) -> Iterator[FieldError]:
    yield from _handler(probe, here, _HANDLERS)
    for name in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        yield from at_least(f"{here}.{name}", probe.get(name))
    if key != "readinessProbe" and probe.get("successThreshold") not in (None, 1):
        yield invalid(f"{here}.successThreshold", probe.get("successThreshold"), "must be 1")


def _handler(handler: Object, here: str, known: tuple[str, ...]) -> Iterator[FieldError]:
    given = [key for key in known if isinstance(handler.get(key), dict)]
    if not given:
        yield required(here, "must specify a handler type")
    for key in given[1:]:
        yield forbidden(f"{here}.{key}", "may not specify more than 1 handler type")
    for key in given:
        place, action = f"{here}.{key}", handler[key]
        if key == "exec" and not action.get("command"):
            yield required(f"{place}.command")
        if key == "httpGet" and not action.get("path"):
            yield required(f"{place}.path")
        if key in {"httpGet", "tcpSocket"}:
            port = action.get("port")
            if isinstance(port, str):
                yield from port_name_problems(f"{place}.port", port)
            else:
                yield from port_problems(f"{place}.port", port or 0)


def _resources(container: Object, here: str) -> Iterator[FieldError]:
    resources = mapping(container, "resources")
    limits, requests = mapping(resources, "limits"), mapping(resources, "requests")
    for word, amounts in (("limits", limits), ("requests", requests)):
        for name, value in amounts.items():
            place = f"{here}.resources.{word}[{name}]"
            if not _QUANTITY.fullmatch(str(value)):
                yield invalid(f"{here}.resources.{word}.{name}", str(value), _NOT_A_QUANTITY)
            elif amount(value) < 0:
                yield invalid(place, str(value), "must be greater than or equal to 0")
    for name, value in requests.items():
        limit = limits.get(name)
        if limit is not None and amount(value) > amount(limit):
            said = f"must be less than or equal to {name} limit of {limit}"
            yield invalid(f"{here}.resources.requests", str(value), said)
