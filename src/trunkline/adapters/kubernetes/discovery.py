"""Where objects of a kind are, as the API's own discovery says; the built-in kinds are known without asking."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from trunkline.adapters.kubernetes.client import KubernetesClient, path_of
from trunkline.adapters.kubernetes.failures import ApiError

_BUILT_IN: Mapping[tuple[str, str], tuple[str, bool]] = {
    ("v1", "Pod"): ("pods", True),
    ("v1", "Event"): ("events", True),
    ("v1", "Service"): ("services", True),
    ("v1", "PersistentVolumeClaim"): ("persistentvolumeclaims", True),
    ("v1", "ConfigMap"): ("configmaps", True),
    ("v1", "Secret"): ("secrets", True),
    ("apps/v1", "Deployment"): ("deployments", True),
    ("apps/v1", "ReplicaSet"): ("replicasets", True),
    ("apps/v1", "StatefulSet"): ("statefulsets", True),
    ("apps/v1", "DaemonSet"): ("daemonsets", True),
    ("batch/v1", "Job"): ("jobs", True),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): ("customresourcedefinitions", False),
}
# What a manifest means where it names no version: only tests and the oldest charts do so.
_DEFAULT_VERSIONS = {kind: version for version, kind in _BUILT_IN}


class UnknownKind(Exception):
    """The cluster serves no such kind; the message says so in words."""


class Kinds:
    """The kinds that one cluster serves; each group and version is asked for once, and again where it was empty."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, Mapping[str, tuple[str, bool]]] = {}

    def collection(self, api_version: str, kind: str, namespace: str) -> str:
        """The path of the collection that objects of a kind are in.

        Raises:
            UnknownKind: the cluster does not serve it. ApiError, Unreachable: discovery failed.
        """
        version = api_version or _DEFAULT_VERSIONS.get(kind, "v1")
        root = path_of("/apis", *version.split("/")) if "/" in version else path_of("/api", version)
        found = _BUILT_IN.get((version, kind)) or self._resources(root).get(kind)
        if found is None:
            raise UnknownKind(f"the cluster knows no {kind} in {version}")
        plural, namespaced = found
        home = ("namespaces", namespace) if namespaced else ()
        return path_of(root, *home, plural)

    def address(self, item: Mapping[str, Any], namespace: str) -> str:
        """The path of an object of a manifest; raises as `collection`."""
        metadata = item["metadata"]
        where = self.collection(
            str(item.get("apiVersion")), str(item.get("kind")), str(metadata.get("namespace") or namespace)
        )
        return path_of(where, str(metadata["name"]))

    def _resources(self, root: str) -> Mapping[str, tuple[str, bool]]:
        with self._lock:
            if not self._known.get(root):
                self._known[root] = self._discover(root)
            return self._known[root]

    def _discover(self, root: str) -> Mapping[str, tuple[str, bool]]:
        try:
            listed = self._client.get(root).get("resources")
        except ApiError as error:
            if error.not_found:
                return {}
            raise
        return {
            str(entry.get("kind")): (str(entry.get("name")), entry.get("namespaced") is True)
            for entry in (listed if isinstance(listed, list) else ())
            if isinstance(entry, Mapping) and "/" not in str(entry.get("name"))
        }
