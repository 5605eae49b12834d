"""What an object uses of a quota, by its kind (`k8s.io/kubernetes/pkg/quota/v1/evaluator/core`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from trunkline.rehearsal.admission.demands import LIMITS, REQUESTS, demand, is_best_effort
from trunkline.rehearsal.admission.quantities import ONE, ZERO, Amounts, Quantity, amounts, quantity
from trunkline.rehearsal.controllers.reading import entries
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, is_ending, metadata, moment_of

_POD = ("", "Pod")
_CLASS = ".storageclass.storage.k8s.io/"
_BETA_CLASS = "volume.beta.kubernetes.io/storage-class"
_COMPUTED = ("cpu", "memory", "ephemeral-storage")
_POD_NAMES = {
    "pods", *_COMPUTED,
    *(f"{which}.{name}" for which in (REQUESTS, LIMITS) for name in _COMPUTED),
}  # fmt: skip
_OF_CONTAINERS = {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
_NAMES: dict[tuple[str, str], set[str]] = {
    _POD: _POD_NAMES,
    ("", "Service"): {"services", "services.nodeports", "services.loadbalancers"},
    ("", "PersistentVolumeClaim"): {"persistentvolumeclaims", "requests.storage"},
    ("", "ConfigMap"): {"configmaps"},
    ("", "Secret"): {"secrets"},
    ("", "ResourceQuota"): {"resourcequotas"},
    ("", "ReplicationController"): {"replicationcontrollers"},
}
CHANGING = {("", "Service"), ("", "PersistentVolumeClaim")}
"""The kinds whose use of a quota may grow by a change; of all others it is counted when they are made."""


def names_of(kind: Kind, names: Iterable[str]) -> set[str]:
    """Those of a quota's resources that objects of a kind use."""
    own = _NAMES.get((kind.group, kind.kind), set()) | {_counted(kind)}
    found = {name for name in names if name in own}
    if (kind.group, kind.kind) == _POD:
        found |= {name for name in names if _is_extended(name) or "hugepages-" in name}
    elif kind.kind == "PersistentVolumeClaim" and not kind.group:
        found |= {name for name in names if _CLASS in name}
    return found


def usage_of(kind: Kind, value: Object, now: datetime) -> Amounts:
    """What one object uses."""
    rule = _RULES.get((kind.group, kind.kind))
    own = dict.fromkeys(_NAMES.get((kind.group, kind.kind), ()), ONE) if rule is None else rule(value, now)
    return {_counted(kind): ONE, **own}


def in_scope(quota: Object, kind: Kind, value: Object) -> bool:
    """Whether an object is one of those that a quota looks at."""
    scopes = at(quota, "spec", "scopes")
    wanted = (
        [{"scopeName": name, "operator": "Exists"} for name in scopes] if isinstance(scopes, list) else []
    )
    wanted += entries(quota, "spec", "scopeSelector", "matchExpressions")
    if not wanted:
        return True
    return (kind.group, kind.kind) == _POD and all(_is_of(item, value) for item in wanted)


def unspecified(pod: Object, names: set[str]) -> dict[str, list[str]]:
    """What a quota of these resources wants each container to say, with the containers that do not."""
    wanted = names & _OF_CONTAINERS
    found: dict[str, list[str]] = {}
    for container in [*entries(pod, "spec", "containers"), *entries(pod, "spec", "initContainers")]:
        requests, limits = (amounts(at(container, "resources", which)) for which in (REQUESTS, LIMITS))
        for name in wanted - set(_computed(requests, limits)):
            found.setdefault(name, []).append(str(container.get("name")))
    return {name: sorted(set(found[name])) for name in sorted(found)}


def is_charged(pod: Object, now: datetime) -> bool:
    """Whether a pod's demands count: not once it has ended, or should have."""
    if at(pod, "status", "phase") in {"Succeeded", "Failed"}:
        return False
    if not is_ending(pod):
        return True
    since, grace_s = (
        moment_of(metadata(pod)["deletionTimestamp"]),
        metadata(pod).get("deletionGracePeriodSeconds"),
    )
    if since is None or not isinstance(grace_s, int):
        return True
    return now <= since + timedelta(seconds=min(grace_s, 1 << 31))


def _counted(kind: Kind) -> str:
    return f"count/{kind.plural}.{kind.group}" if kind.group else f"count/{kind.plural}"


def _pod(value: Object, now: datetime) -> Amounts:
    if not is_charged(value, now):
        return {}
    spec = at(value, "spec")
    return {"pods": ONE, **_computed(demand(spec, REQUESTS), demand(spec, LIMITS))}


def _computed(requests: Amounts, limits: Amounts) -> Amounts:
    found: Amounts = {}
    for name, item in requests.items():
        if name in _COMPUTED or name.startswith("hugepages-"):
            found[name] = found[f"requests.{name}"] = item
        elif _is_extended(f"requests.{name}"):
            found[f"requests.{name}"] = item
    found |= {f"limits.{name}": item for name, item in limits.items() if name in _COMPUTED}
    return found


def _is_extended(name: str) -> bool:
    plain = name.removeprefix("requests.")
    return name != plain and "/" in plain and "kubernetes.io/" not in plain


def _service(value: Object, _: datetime) -> Amounts:
    type_, ports = at(value, "spec", "type"), entries(value, "spec", "ports")
    if type_ == "LoadBalancer" and at(value, "spec", "allocateLoadBalancerNodePorts") is False:
        ports = [port for port in ports if port.get("nodePort")]
    is_open = type_ in {"NodePort", "LoadBalancer"}
    return {
        "services": ONE,
        "services.nodeports": Quantity(len(ports) * ONE.nano) if is_open else ZERO,
        "services.loadbalancers": ONE if type_ == "LoadBalancer" else ZERO,
    }


def _claim(value: Object, _: datetime) -> Amounts:
    size = quantity(at(value, "spec", "resources", "requests", "storage"))
    found: Amounts = {"persistentvolumeclaims": ONE}
    if size is not None:
        found["requests.storage"] = size
    name = at(value, "metadata", "annotations", _BETA_CLASS) or at(value, "spec", "storageClassName")
    if name:
        found |= {f"{name}{_CLASS}{resource}": item for resource, item in list(found.items())}
    return found


_RULES: dict[tuple[str, str], Callable[[Object, datetime], Amounts]] = {
    _POD: _pod,
    ("", "Service"): _service,
    ("", "PersistentVolumeClaim"): _claim,
}


def _is_of(wanted: dict[str, Any], pod: Object) -> bool:
    """Whether a pod is in a scope, as far as a selector of it says."""
    deadline_s = at(pod, "spec", "activeDeadlineSeconds")
    match wanted.get("scopeName"):
        case "Terminating":
            return isinstance(deadline_s, int) and deadline_s >= 0
        case "NotTerminating":
            return not (isinstance(deadline_s, int) and deadline_s >= 0)
        case "BestEffort":
            return is_best_effort(at(pod, "spec"))
        case "NotBestEffort":
            return not is_best_effort(at(pod, "spec"))
        case "PriorityClass":
            return _selects(wanted, str(at(pod, "spec", "priorityClassName") or ""))
        case _:
            return False


def _selects(wanted: dict[str, Any], name: str) -> bool:
    values = wanted.get("values")
    listed = values if isinstance(values, list) else []
    match wanted.get("operator"):
        case "In":
            return name in listed
        case "NotIn":
            return name not in listed
        case "Exists":
            return bool(name)
        case _:
            return not name
