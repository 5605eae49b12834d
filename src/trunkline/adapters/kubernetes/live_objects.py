"""The objects of a manifest as the cluster has them, and as it would make them: reads and dry runs, many at a time.

What the API server would make of a manifest it says itself: a JSON merge patch with `dryRun=All` goes through its
defaults, its spellings and its admission, and is not kept. (Server-side apply would refuse what Helm's own patches
may send: ports without a protocol, quantities that are numbers.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.discovery import Kinds, UnknownKind
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
    kinds = Kinds(client)

    def one(item: Mapping[str, Any]) -> LiveObject:
        try:
            return LiveObject(ask(kinds.address(item, namespace), item))
        except UnknownKind as error:
            return LiveObject(trouble=str(error))
        except ApiError as error:
            return LiveObject() if error.not_found else LiveObject(trouble=error.said)

    with ThreadPoolExecutor(max_workers=_AT_A_TIME) as pool:
        return tuple(pool.map(one, objects))
