"""Who set a field of a live object, as `metadata.managedFields` tells it.

The format is that of the API's `FieldsV1`: `f:NAME` for a field, `k:{…}` for a list's item by its keys, `v:…` for a
scalar in a set, `.` for the node itself; a node without children covers all that lies below it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.differences import Path, Step

# Helm below 3.7 called itself by the name of the library that it is made with.
_HELM = ("helm", "Go-http-client", "trunkline")
_KUBERNETES = ("kube-", "kubelet", "cloud-controller-manager", "k3s", "k0s", "rke2")
_KEY_DEFAULTS = {"protocol": "TCP"}


@dataclass(frozen=True, slots=True)
class Owner:
    """A client that set a field.

    Attributes:
        name: what it called itself, such as `kubectl-edit`.
        at: when it last changed something of the object, RFC 3339; or empty.
    """

    name: str
    at: str = ""

    @property
    def is_helm(self) -> bool:
        """Whether it is Helm, or we."""
        return self.name.startswith(_HELM)

    @property
    def is_kubernetes(self) -> bool:
        """Whether it is a part of Kubernetes that does its work."""
        return self.name.startswith(_KUBERNETES) or self.name.endswith("-controller-manager")

    @property
    def is_kubectl(self) -> bool:
        """Whether it is a person's kubectl."""
        return self.name.startswith("kubectl")


def owners_of(live: Mapping[str, Any], path: Path) -> tuple[Owner, ...]:
    """Everybody who is noted as an owner of the field, the latest first."""
    metadata = live.get("metadata")
    entries = metadata.get("managedFields") if isinstance(metadata, Mapping) else None
    found = []
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping) and entry.get("subresource") != "status":
            owned = entry.get("fieldsV1")
            if _covers(owned, path):
                found.append(Owner(str(entry.get("manager") or "unknown"), str(entry.get("time") or "")))
    return tuple(sorted(found, key=lambda owner: owner.at, reverse=True))


def outsider_at(live: Mapping[str, Any], path: Path) -> Owner | None:
    """The latest owner of the field that is neither Helm nor Kubernetes itself."""
    owners = owners_of(live, path)
    return next((owner for owner in owners if not owner.is_helm and not owner.is_kubernetes), None)


def _covers(node: Any, path: Path) -> bool:
    for step in path:
        if not isinstance(node, Mapping):
            return False
        if not node:
            return True
        node = _below(node, step)
    # A node with children and no dot of its own merely leads to them.
    return isinstance(node, Mapping) and (not node or "." in node)


def _below(node: Mapping[Any, Any], step: Step) -> Any:
    if not step.to_item:
        return node.get(f"f:{step.label}")
    for name, child in node.items():
        sign, _, spelling = str(name).partition(":")
        try:
            value = json.loads(spelling) if sign in {"k", "v"} else None
        except (ValueError, RecursionError):
            continue
        if sign == "v" and value == step.item:
            return child
        if sign == "k" and isinstance(value, Mapping) and isinstance(step.item, Mapping):
            item = {**_KEY_DEFAULTS, **step.item}
            if all(item.get(key) == wanted for key, wanted in value.items()):
                return child
    return None
