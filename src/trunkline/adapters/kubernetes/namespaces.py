"""Makes sure that a namespace is there, also with credentials that may neither read nor create namespaces."""

from __future__ import annotations

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.lease_record import leases_path
from trunkline.errors import DeploymentFailed

_NAMESPACES = "/api/v1/namespaces"


def ensure_namespace(client: KubernetesClient, namespace: str) -> None:
    """See `Cluster.ensure_namespace`."""
    if _exists(client, namespace):
        return
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    try:
        client.create(_NAMESPACES, body)
    except ApiError as error:
        if error.conflict:
            # Somebody else made it just now.
            return
        if error.forbidden:
            raise DeploymentFailed(
                f"The namespace {namespace} does not exist, and may not be created: {error.said}.",
                f"Have an administrator create it (kubectl create namespace {namespace}), then run the command again.",
            ) from error
        raise DeploymentFailed(
            f"The namespace {namespace} cannot be created: {error.said}.",
            "Correct the namespace in the configuration.",
        ) from error


def _exists(client: KubernetesClient, namespace: str) -> bool:
    try:
        live = client.get(path_of(_NAMESPACES, namespace))
    except ApiError as error:
        if error.not_found:
            return False
        if error.forbidden:
            return _seems_to_exist(client, namespace)
        raise
    if (live.get("metadata") or {}).get("deletionTimestamp"):
        raise _terminating(namespace, _obstacles(live))
    return True


def _seems_to_exist(client: KubernetesClient, namespace: str) -> bool:
    """Tell it from a trial, without effect, of what we may surely do there: creating the lock's lease."""
    body = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"generateName": "trunkline-probe-", "namespace": namespace},
    }
    try:
        client.create(leases_path(namespace), body, dryRun="All")
    except ApiError as error:
        if error.not_found:
            return False
        if error.forbidden and "being terminated" in error.said:
            raise _terminating(namespace, "") from error
        if not error.forbidden:
            raise
    return True


def _terminating(namespace: str, obstacles: str) -> DeploymentFailed:
    waits = f" (it waits for: {obstacles})" if obstacles else ""
    return DeploymentFailed(
        f"The namespace {namespace} is being deleted{waits}; nothing can be deployed to it.",
        "Wait until it is gone, then run the command again.",
    )


def _obstacles(live: JsonObject) -> str:
    """Why the deletion takes its time, in the namespace controller's own words."""
    conditions = (live.get("status") or {}).get("conditions") or ()
    return "; ".join(
        str(condition.get("message", ""))
        for condition in conditions
        if condition.get("status") == "True" and condition.get("reason") != "ContentDeleted"
    )
