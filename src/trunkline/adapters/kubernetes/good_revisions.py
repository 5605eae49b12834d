"""Remembers on the release's Lease object which revisions' rollouts were seen to succeed, and what they are made of.

Helm calls a revision `deployed` as soon as its objects are applied; whether its pods ever came up is known only to
who watched, and must outlive the container that did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trunkline.adapters.kubernetes.client import KubernetesClient, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.lease_record import LeaseRecord, lease_name, leases_path, new_lease
from trunkline.domain.releases import ReleaseTarget

_KEPT = 50
# The holder's own renewals may get in between, every two seconds.
_TRIES = 5


def good_revisions(client: KubernetesClient, target: ReleaseTarget) -> Mapping[int, str]:
    """See `Cluster.good_revisions`."""
    record = _find(client, target)
    return record.good_revisions if record else {}


def note_good(client: KubernetesClient, target: ReleaseTarget, revision: int, made_of: str) -> None:
    """See `Cluster.note_good`.

    Greater numbers that were noted before are forgotten: they belong to a release that was uninstalled since.
    """

    def noting(base: LeaseRecord) -> Mapping[int, str]:
        earlier = [item for item in base.good_revisions.items() if item[0] < revision]
        return dict([*earlier, (revision, made_of)][-_KEPT:])

    _write(client, target, noting)


def forget_good(client: KubernetesClient, target: ReleaseTarget) -> None:
    """See `Cluster.forget_good`."""
    if good_revisions(client, target):
        _write(client, target, lambda _: {})


def _write(
    client: KubernetesClient, target: ReleaseTarget, change: Callable[[LeaseRecord], Mapping[int, str]]
) -> None:
    path = leases_path(target.namespace)
    for attempt in range(1, _TRIES + 1):
        record = _find(client, target)
        base = record or new_lease(target)
        noted = base.with_good_revisions(change(base))
        try:
            if record is None:
                client.create(path, noted)
            else:
                client.replace(path_of(path, lease_name(target)), noted)
        except ApiError as error:
            if not error.conflict or attempt == _TRIES:
                raise
        else:
            return


def _find(client: KubernetesClient, target: ReleaseTarget) -> LeaseRecord | None:
    try:
        return LeaseRecord(client.get(path_of(leases_path(target.namespace), lease_name(target))))
    except ApiError as error:
        if error.not_found:
            return None
        raise
