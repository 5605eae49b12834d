"""`KubernetesCluster`, the port `Cluster` over the Kubernetes API, and `connect`, which makes one from a kubeconfig."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from trunkline.adapters.kubernetes import kubeconfig, leases, namespaces
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.adapters.kubernetes.good_revisions import forget_good, good_revisions, note_good
from trunkline.adapters.kubernetes.logs import last_log, read_logs
from trunkline.adapters.kubernetes.removal import delete, gone
from trunkline.adapters.kubernetes.watching import KubernetesWatch
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.ports import (
    Clock,
    Http,
    Lease,
    LeaseHolder,
    LiveObject,
    LogLine,
    Processes,
    TlsSettings,
    Watch,
)


class KubernetesCluster:
    """Implements the port `Cluster`.

    Args:
        open_client: makes the client at the first use; may raise `UsageError`.
        helm_driver: `HELM_DRIVER` of the Helm that is used beside this; empty for its default.
    """

    def __init__(
        self,
        open_client: Callable[[], KubernetesClient],
        clock: Clock,
        redactor: Redactor,
        helm_driver: str = "",
        lease_times: leases.LeaseTimes | None = None,
    ) -> None:
        self._open_client = open_client
        self._clock = clock
        self._redactor = redactor
        self._helm_driver = helm_driver
        self._lease_times = lease_times
        self._lock = threading.Lock()
        self._opened: KubernetesClient | None = None

    def version(self) -> str:
        """See the port."""
        return str(self._client.get("/version").get("gitVersion") or "unknown")

    def allowed(self, namespace: str, verb: str, group: str, resource: str) -> bool:
        """See the port."""
        kind, _, below = resource.partition("/")
        attributes = {"namespace": namespace, "verb": verb, "group": group, "resource": kind}
        attributes |= {"subresource": below} if below else {}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        answer = self._client.ask("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        return (answer.get("status") or {}).get("allowed") is True

    def ensure_namespace(self, namespace: str) -> None:
        """See the port."""
        namespaces.ensure_namespace(self._client, namespace)

    def lease(
        self,
        target: ReleaseTarget,
        holder: LeaseHolder,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> AbstractContextManager[Lease]:
        """See the port."""
        shown = LeaseHolder(holder.identity, self._redactor.text(holder.description))
        return leases.hold(self._client, self._clock, target, shown, wait_s, self._lease_times, on_wait)

    def good_revisions(self, target: ReleaseTarget) -> Mapping[int, str]:
        """See the port."""
        return good_revisions(self._client, target)

    def note_good(self, target: ReleaseTarget, revision: int, made_of: str = "") -> None:
        """See the port."""
        note_good(self._client, target, revision, made_of)

    def forget_good(self, target: ReleaseTarget) -> None:
        """See the port."""
        forget_good(self._client, target)

    def mark_failed(self, target: ReleaseTarget, revision: int, description: str) -> None:
        """See the port."""
        from trunkline.adapters.kubernetes import helm_records  # noqa: PLC0415 - only after a death

        text = self._redactor.text(description)
        helm_records.mark_failed(self._client, self._clock, self._helm_driver, target, revision, text)

    @contextlib.contextmanager
    def watch(self, namespace: str) -> Iterator[Watch]:
        """See the port."""
        watch = KubernetesWatch(self._client, self._clock, self._redactor, namespace)
        try:
            yield watch
        finally:
            watch.close()

    def logs(
        self, namespace: str, selectors: Sequence[Mapping[str, str]], *, follow: bool, tail: int | None
    ) -> Iterator[LogLine]:
        """See the port."""
        if follow:
            from trunkline.adapters.kubernetes.following import (  # noqa: PLC0415 - only one command needs it
                follow_logs,
            )

            return follow_logs(self._client, self._clock, self._redactor, namespace, selectors, tail)
        return read_logs(self._client, self._redactor, namespace, selectors, tail)

    def last_log(self, namespace: str, pod: str, container: str, lines: int) -> tuple[str, ...]:
        """See the port."""
        return last_log(self._client, self._redactor, namespace, pod, container, lines)

    def live(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        """See the port."""
        from trunkline.adapters.kubernetes import live_objects  # noqa: PLC0415 - only one command needs it

        return live_objects.live(self._client, objects, namespace)

    def reapplied(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        """See the port."""
        from trunkline.adapters.kubernetes import live_objects  # noqa: PLC0415 - as above

        return live_objects.reapplied(self._client, objects, namespace)

    def autoscaled(self, namespace: str) -> frozenset[tuple[str, str]]:
        """See the port."""
        from trunkline.adapters.kubernetes import live_objects  # noqa: PLC0415 - as above

        return live_objects.autoscaled(self._client, namespace)

    def delete(self, objects: Sequence[Mapping[str, object]], namespace: str) -> None:
        """See the port."""
        delete(self._client, objects, namespace)

    def gone(self, objects: Sequence[Mapping[str, object]], namespace: str, timeout_s: float) -> bool:
        """See the port."""
        return gone(self._client, self._clock, objects, namespace, timeout_s)

    @property
    def _client(self) -> KubernetesClient:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_client()
            return self._opened


def connect(
    target: ClusterTarget,
    environ: Mapping[str, str],
    home: Path,
    http: Callable[[TlsSettings], Http],
    processes: Processes,
    clock: Clock,
    redactor: Redactor,
) -> KubernetesCluster:
    """The cluster that `target` names; its kubeconfig is read at the first use, not here."""

    def open_client() -> KubernetesClient:
        access = kubeconfig.load(target, environ, home)
        credentials = Credentials(access, processes, clock, redactor, environ)
        return KubernetesClient(access, credentials, http, clock, redactor)

    return KubernetesCluster(open_client, clock, redactor, environ.get("HELM_DRIVER", ""))
