"""What the API fills into a pod's spec, and so into every template of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Section = dict[str, Any]

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_MODE = 420
_GRACE_S = 30


def default_pod_spec(spec: Section) -> None:
    """Fill in a pod's spec, in place."""
    _fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=_GRACE_S,
        dnsPolicy="ClusterFirst",
        schedulerName="default-scheduler",
    )
    if spec.get("securityContext") is None:
        spec["securityContext"] = {}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account:
        spec["serviceAccountName"] = spec["serviceAccount"] = account
    for container in containers(spec):
        _default_container(container)
    for volume in _mappings(spec.get("volumes")):
        _default_volume(volume)


def containers(spec: Any) -> Iterator[Section]:
    """All containers of a pod's spec."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        yield from _mappings(spec.get(key) if isinstance(spec, dict) else None)


def _default_container(container: Section) -> None:
    _fill(
        container,
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        imagePullPolicy=_pull_policy(str(container.get("image") or "")),
    )
    resources = container.get("resources")
    if not isinstance(resources, dict):
        resources = container["resources"] = {}
    limits = resources.get("limits")
    if isinstance(limits, dict) and limits:
        requests = resources.get("requests")
        resources["requests"] = {**limits, **requests} if isinstance(requests, dict) else dict(limits)
    for port in _mappings(container.get("ports")):
        _fill(port, protocol="TCP")
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(key)
        if isinstance(probe, dict):
            _fill(probe, **_PROBE)
            _default_handler(probe)
    for hook in _mappings(list(_section(container, "lifecycle").values())):
        _default_handler(hook)
    for variable in _mappings(container.get("env")):
        reference = _section(_section(variable, "valueFrom"), "fieldRef")
        if reference:
            _fill(reference, apiVersion="v1")


def _default_handler(handler: Section) -> None:
    http = handler.get("httpGet")
    if isinstance(http, dict):
        _fill(http, path="/", scheme="HTTP")


def _default_volume(volume: Section) -> None:
    for key in ("configMap", "secret", "projected", "downwardAPI"):
        source = volume.get(key)
        if isinstance(source, dict):
            _fill(source, defaultMode=_MODE)
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}


def _pull_policy(image: str) -> str:
    last = image.rpartition("/")[2]
    if "@" in last:
        return "IfNotPresent"
    return "IfNotPresent" if ":" in last and not last.endswith(":latest") else "Always"


def _fill(section: Section, **values: Any) -> None:
    for key, value in values.items():
        if section.get(key) is None:
            section[key] = value


def _section(value: Any, key: str) -> Section:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, dict) else {}


def _mappings(value: Any) -> list[Section]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


Default = Callable[[Section], None]
