"""Mends Helm's own record of a revision that a dead client left `pending-*`.

Helm (storage/driver of v3 and v4) keeps each revision as a Secret or ConfigMap `sh.helm.release.v1.NAME.vN` with a
label `status`; the payload is base64 of gzip of JSON, in a Secret under the API's own base64 once more.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import json
import zlib
from collections.abc import Mapping

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.domain.releases import ReleaseTarget
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import Clock

_COLLECTIONS = {
    "": "secrets",
    "secret": "secrets",
    "secrets": "secrets",
    "configmap": "configmaps",
    "configmaps": "configmaps",
}
_TRIES = 3
_GZIP = b"\x1f\x8b"
# The API server takes objects of 1 MiB; whatever unpacks to more than this is no release.
_LARGEST = 64 * 1024 * 1024


def mark_failed(
    client: KubernetesClient,
    clock: Clock,
    driver: str,
    target: ReleaseTarget,
    revision: int,
    description: str,
) -> None:
    """See `Cluster.mark_failed`; a record that is not pending (any more) is left alone.

    `driver` is the `HELM_DRIVER` of the Helm that wrote it, empty for its default.
    """
    collection = _COLLECTIONS.get(driver)
    if collection is None:
        raise UsageError(
            f"Revision {revision} of release {target} is stuck, and with HELM_DRIVER={driver} only Helm can mend it.",
            f"Run `helm rollback {target.name} --namespace {target.namespace}`, then the command again.",
        )
    path = path_of(
        "/api/v1/namespaces", target.namespace, collection, f"sh.helm.release.v1.{target.name}.v{revision}"
    )
    for attempt in range(1, _TRIES + 1):
        try:
            record = client.get(path)
            failed = _failed(record, collection == "secrets", description, int(clock.now().timestamp()))
            if failed is not None:
                client.replace(path, failed)
        except ApiError as error:
            if error.not_found:
                return
            if not error.conflict or attempt == _TRIES:
                raise
        except _NotHelms as error:
            raise Unreachable(
                f"Helm's record of revision {revision} of release {target} cannot be read: {error}.",
                f"Delete it (kubectl delete {collection} {path.rpartition('/')[2]} --namespace {target.namespace}).",
            ) from error
        else:
            return


def encode(release: Mapping[str, object], *, secret: bool) -> str:
    """A release's JSON as Helm stores it."""
    packed = base64.b64encode(gzip.compress(json.dumps(release).encode()))
    return (base64.b64encode(packed) if secret else packed).decode()


def decode(payload: str, *, secret: bool) -> JsonObject:
    """A release's JSON from what Helm stored."""
    try:
        data = base64.b64decode(payload, validate=True)
        if secret:
            data = base64.b64decode(data, validate=True)
        if data.startswith(_GZIP):
            data = gzip.GzipFile(fileobj=io.BytesIO(data)).read(_LARGEST + 1)
        release = json.loads(data) if len(data) <= _LARGEST else None
    except (binascii.Error, ValueError, OSError, EOFError, zlib.error, RecursionError):
        # From None: the payload holds the release's values, and with them secrets.
        raise _NotHelms("its payload is damaged") from None
    if not isinstance(release, dict):
        raise _NotHelms("its payload is no release")
    return release


class _NotHelms(Exception):
    """Why a record cannot be understood."""


def _failed(record: JsonObject, secret: bool, description: str, now: int) -> JsonObject | None:  # noqa: FBT001 - one caller
    """The record as failed; None when it is not pending."""
    metadata, data = record.get("metadata") or {}, record.get("data") or {}
    release = decode(str(data.get("release") or ""), secret=secret)
    info = release.get("info")
    if not isinstance(info, dict):
        raise _NotHelms("its payload has no info")
    if not str(info.get("status") or "").startswith("pending-"):
        return None
    changed = {**release, "info": {**info, "status": "failed", "description": description}}
    labels = {**(metadata.get("labels") or {}), "status": "failed", "modifiedAt": str(now)}
    return {
        **record,
        "metadata": {**metadata, "labels": labels},
        "data": {**data, "release": encode(changed, secret=secret)},
    }
