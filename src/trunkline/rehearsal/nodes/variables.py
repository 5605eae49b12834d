"""What a container's program is told: its environment, and its command with `$(NAME)` filled in, as the kubelet does it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.objects import Object, at, metadata, name_of, namespace_of

Data = Callable[[str, str, str], Mapping[str, str] | None]
"""The texts of a `configmap` or a `secret`, by namespace and name; None if there is none."""
_REFERENCE = expression(r"\$\$|\$\(([-._A-Za-z0-9]+)\)")
_KEYED = expression(r"metadata\.(labels|annotations)\['([^']*)'\]")
_LONGEST_HOSTNAME = 63


def environment_of(pod: Object, container: Object, data: Data) -> dict[str, str]:
    """A container's environment; what it refers to and is not there is left out."""
    found = {
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": "/root",
        "HOSTNAME": str(at(pod, "spec", "hostname") or name_of(pod))[:_LONGEST_HOSTNAME],
    }
    for source in _entries(container.get("envFrom")):
        prefix = str(source.get("prefix") or "")
        for key, kind in (("configMapRef", "configmap"), ("secretRef", "secret")):
            values = data(kind, namespace_of(pod), str(at(source, key, "name"))) if at(source, key) else None
            found |= {prefix + name: value for name, value in (values or {}).items()}
    for variable in _entries(container.get("env")):
        value = _value(pod, variable, data)
        if value is not None:
            found[str(variable.get("name"))] = filled(value, found)
    return found


def words_of(container: Object, environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """A container's command and its arguments."""
    command, arguments = (
        [filled(str(item), environment) for item in container.get(key) or ()] for key in ("command", "args")
    )
    return command, arguments


def filled(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables (Kubernetes' page on dependent environment variables)."""

    def fill(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return environment.get(found[1], found[0])

    return _REFERENCE.sub(fill, text)


def field_of(pod: Object, path: str) -> str:
    """A field of a pod, as the downward API has it."""
    keyed = _KEYED.fullmatch(path)
    if keyed:
        return str((metadata(pod).get(keyed[1]) or {}).get(keyed[2], ""))
    return str(at(pod, *path.split(".")) or "")


def _value(pod: Object, variable: Object, data: Data) -> str | None:
    source = variable.get("valueFrom")
    if not isinstance(source, dict):
        return str(variable.get("value") or "")
    for key, kind in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
        reference = source.get(key)
        if isinstance(reference, dict):
            values = data(kind, namespace_of(pod), str(reference.get("name")))
            return (values or {}).get(str(reference.get("key")))
    path = at(source, "fieldRef", "fieldPath")
    return field_of(pod, str(path)) if path else ""


def _entries(value: Any) -> Iterator[Object]:
    yield from (item for item in value or () if isinstance(item, dict))
