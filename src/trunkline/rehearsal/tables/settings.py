"""Namespaces, nodes, what pods are given, who may do what, and how the API is extended."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, conditions_of, metadata, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import NONE, UNKNOWN, age, items, number, size, text

_ROLE_LABEL, _ROLE = "node-role.kubernetes.io/", "kubernetes.io/role"


def _namespace(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), text(value, "status", "phase"), age(value, now)]


def _node(value: Object, now: datetime) -> list[Any]:
    ready = next((text(item, "status") for item in conditions_of(value) if item.get("type") == "Ready"), None)
    states = ["Unknown" if ready is None else "Ready" if ready == "True" else "NotReady"]
    if at(value, "spec", "unschedulable") is True:
        states.append("SchedulingDisabled")
    system = at(value, "status", "nodeInfo")
    return [
        name_of(value),
        ",".join(states),
        _roles(value),
        age(value, now),
        text(system, "kubeletVersion"),
        _node_address(value, "InternalIP"),
        _node_address(value, "ExternalIP"),
        *(text(system, key) or UNKNOWN for key in ("osImage", "kernelVersion", "containerRuntimeVersion")),
    ]


def _roles(value: Object) -> str:
    labels = metadata(value).get("labels")
    found: set[str] = set()
    for key, item in labels.items() if isinstance(labels, dict) else ():
        if key.startswith(_ROLE_LABEL):
            found.add(key.removeprefix(_ROLE_LABEL))
        elif key == _ROLE:
            found.add(str(item))
    return ",".join(sorted(found - {""})) or NONE


def _node_address(value: Object, type_: str) -> str:
    found = (
        text(item, "address") for item in items(value, "status", "addresses") if item.get("type") == type_
    )
    return next(found, NONE)


def _secret(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), text(value, "type"), size(value, "data"), age(value, now)]


def _config_map(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), size(value, "data") + size(value, "binaryData"), age(value, now)]


def _service_account(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), size(value, "secrets"), age(value, now)]


def _quota(value: Object, now: datetime) -> list[Any]:
    hard = at(value, "status", "hard")
    requests: list[str] = []
    limits: list[str] = []
    for name in sorted(hard) if isinstance(hard, dict) else ():
        told = f"{name}: {text(value, 'status', 'used', name) or '0'}/{text(hard, name)}"
        (limits if name.startswith("limits.") else requests).append(told)
    return [name_of(value), ", ".join(requests), ", ".join(limits), age(value, now)]


def _lease(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), text(value, "spec", "holderIdentity"), age(value, now)]


def _binding(value: Object, now: datetime) -> list[Any]:
    granted: dict[str, list[str]] = {"User": [], "Group": [], "ServiceAccount": []}
    for item in items(value, "subjects"):
        kind, name = text(item, "kind"), text(item, "name")
        if kind in granted:
            granted[kind].append(f"{text(item, 'namespace')}/{name}" if kind == "ServiceAccount" else name)
    role = f"{text(value, 'roleRef', 'kind')}/{text(value, 'roleRef', 'name')}"
    return [name_of(value), role, age(value, now), *(", ".join(names) for names in granted.values())]


def _priority_class(value: Object, now: datetime) -> list[Any]:
    is_global = at(value, "globalDefault") is True
    return [
        name_of(value),
        number(value, "value"),
        is_global,
        age(value, now),
        text(value, "preemptionPolicy"),
    ]


def _webhooks(value: Object, now: datetime) -> list[Any]:
    return [name_of(value), size(value, "webhooks"), age(value, now)]


def _api_service(value: Object, now: datetime) -> list[Any]:
    service, available = at(value, "spec", "service"), "Unknown"
    for item in conditions_of(value):
        if item.get("type") == "Available":
            status, reason = text(item, "status"), text(item, "reason")
            available = status if status == "True" else f"{status} ({reason})"
    place = f"{text(service, 'namespace')}/{text(service, 'name')}" if isinstance(service, dict) else "Local"
    return [name_of(value), place, available, age(value, now)]


_BINDING = Layout(columns("Name", "Role", "Age", "*Users", "*Groups", "*ServiceAccounts"), _binding)
_WEBHOOKS = Layout(columns("Name", "Webhooks:integer", "Age"), _webhooks)
LAYOUTS = {
    ("", "Namespace"): Layout(columns("Name", "Status", "Age"), _namespace),
    ("", "Node"): Layout(
        columns("Name", "Status", "Roles", "Age", "Version", "*Internal-IP", "*External-IP", "*OS-Image",
                "*Kernel-Version", "*Container-Runtime"),
        _node,
    ),
    ("", "Secret"): Layout(columns("Name", "Type", "Data", "Age"), _secret),
    ("", "ConfigMap"): Layout(columns("Name", "Data", "Age"), _config_map),
    ("", "ServiceAccount"): Layout(columns("Name", "Secrets", "Age"), _service_account),
    ("", "ResourceQuota"): Layout(columns("Name", "Request", "Limit", "Age"), _quota),
    ("coordination.k8s.io", "Lease"): Layout(columns("Name", "Holder", "Age"), _lease),
    ("rbac.authorization.k8s.io", "RoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): _BINDING,
    ("scheduling.k8s.io", "PriorityClass"): Layout(
        columns("Name", "Value:integer", "Global-Default:boolean", "Age", "PreemptionPolicy"), _priority_class
    ),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _WEBHOOKS,
    ("apiregistration.k8s.io", "APIService"): Layout(columns("Name", "Service", "Available", "Age"), _api_service),
}  # fmt: skip
