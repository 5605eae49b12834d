"""The objects of a manifest as the cluster has them, and as it would make them: reads and dry runs, many at a time.

What the API server would make of a manifest it says itself: a JSON merge patch with `dryRun=All` goes through its
defaults, its spellings and its admission, and is not kept. (Server-side apply would refuse what Helm's own patches
may send: ports without a protocol, quantities that are numbers.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.ports import LiveObject

# One answer, and one try again: who compares has a person waiting.
_PATIENCE = Patience(request_s=10.0, retry_s=3.0)
_AT_A_TIME = 8
_SCALERS = "/apis/autoscaling/v1/namespaces"


def live(
    client: KubernetesClient, objects: Sequence[Mapping[str, Any]], namespace: str
) -> tuple[LiveObject, ...]:
    """See `Cluster.live`."""
    client = client.with_patience(_PATIENCE)
    return _ask_all(client, objects, namespace, lambda address, _: client.get(address))


def reapplied(
    client: KubernetesClient, objects: Sequence[Mapping[str, Any]], namespace: str
) -> tuple[LiveObject, ...]:
    """See `Cluster.reapplied`."""
    client = client.with_patience(_PATIENCE)

    def dry_run(address: str, item: Mapping[str, Any]) -> JsonObject:
        return client.patch(address, item, dryRun="All", fieldManager="trunkline")

    return _ask_all(client, objects, namespace, dry_run)


def autoscaled(client: KubernetesClient, namespace: str) -> frozenset[tuple[str, str]]:
    """See `Cluster.autoscaled`."""
    try:
        found = client.with_patience(_PATIENCE).list(path_of(_SCALERS, namespace, "horizontalpodautoscalers"))
    except ApiError as error:
        if error.forbidden or error.not_found:
            return frozenset()
        raise
    targets = [(item.get("spec") or {}).get("scaleTargetRef") or {} for item in found.items]
    return frozenset((str(target.get("kind")), str(target.get("name"))) for target in targets)


def _ask_all(
    client: KubernetesClient,
    objects: Sequence[Mapping[str, Any]],
    namespace: str,
    ask: Callable[[str, Mapping[str, Any]], JsonObject],
) -> tuple[LiveObject, ...]:
    kinds = _Kinds(client)

    def one(item: Mapping[str, Any]) -> LiveObject:
        try:
            return LiveObject(ask(kinds.address(item, namespace), item))
        except _UnknownKind as error:
            return LiveObject(trouble=str(error))
        except ApiError as error:
            return LiveObject() if error.not_found else LiveObject(trouble=error.said)

    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        return tuple(pool.map(one, objects))


class _UnknownKind(Exception):
    """The cluster serves no such kind."""


class _Kinds:
    """Where objects of a kind are, as the API's discovery says; each group and version is asked for once."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._known: dict[str, Mapping[str, tuple[str, bool]]] = {}

    def address(self, item: Mapping[str, Any], namespace: str) -> str:
        """The path of an object.

        Raises:
            _UnknownKind: the cluster does not serve it. ApiError, Unreachable: discovery failed.
        """
        version, kind, metadata = str(item.get("apiVersion")), str(item.get("kind")), item["metadata"]
        root = path_of("/apis", *version.split("/")) if "/" in version else path_of("/api", version)
        found = self._resources(root).get(kind)
        if found is None:
            raise _UnknownKind(f"the cluster knows no {kind} in {version}")
        plural, namespaced = found
        home = ("namespaces", str(metadata.get("namespace") or namespace)) if namespaced else ()
        return path_of(root, *home, plural, str(metadata["name"]))

    def _resources(self, root: str) -> Mapping[str, tuple[str, bool]]:
        with self._lock:
            if root not in self._known:
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
