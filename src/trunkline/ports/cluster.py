"""One Kubernetes cluster: its lock, what it shows, what its containers say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.releases import ReleaseTarget
from trunkline.domain.rollouts import Observation, Resource


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """Who holds a lease: the run, where it works, and what a waiting person wants to know of it."""

    identity: str
    description: str = ""


class Lease(Protocol):
    """A lock in the cluster that its holder keeps alive; leaving the context gives it back."""

    def ensure_held(self) -> None:
        """Verify, before each deed, that the lease is still ours.

        Raises:
            Locked: it was lost (we could not renew it in time).
        """
        ...


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a container wrote."""

    pod: str
    container: str
    text: str


@dataclass(frozen=True, slots=True)
class LiveObject:
    """One object of a manifest as the cluster has it, or would make it; `trouble` says why that is not known."""

    found: Mapping[str, object] | None = None
    trouble: str = ""


class Watch(Protocol):
    """A picture of a cluster's objects that Kubernetes' own watches keep fresh until the context is left."""

    def observe(self, resources: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        """What is seen of these resources: whenever it changes, and at least every half second.

        An API that does not answer for a while yields observations whose `trouble` says so; the last one
        is yielded after the deadline, and is `expired`. Resources may be in other namespaces, too.
        """
        ...

    def look(self, resources: Sequence[Resource]) -> Observation:
        """What the API answers now, asked anew and not taken from the picture.

        Raises:
            Unreachable: it does not answer, or does not let us look.
        """
        ...

    def hooks(self) -> Observation:
        """What is seen of Helm's hooks: Jobs and Pods that bear `helm.sh/hook` and were made since this was opened."""
        ...


class Cluster(Protocol):
    """One Kubernetes cluster, through its API."""

    def version(self) -> str:
        """The server's version.

        Raises:
            Unreachable: it does not answer, or refuses the credentials.
        """
        ...

    def allowed(self, namespace: str, verb: str, group: str, resource: str) -> bool:
        """Whether the credentials may do that (SelfSubjectAccessReview); `pods/log` is a resource, too.

        Raises:
            Unreachable: as above.
        """
        ...

    def ensure_namespace(self, namespace: str) -> None:
        """Create the namespace unless it is there.

        Raises:
            Unreachable: as above. DeploymentFailed: it is being deleted, or may not be created.
        """
        ...

    def lease(
        self,
        target: ReleaseTarget,
        holder: LeaseHolder,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> AbstractContextManager[Lease]:
        """The lock of one release. A holder that stopped renewing is replaced once its time is up.

        While it waits, `on_wait` is told who is at work: at once, and then every minute.

        Raises:
            Locked: somebody else is at work; the message says who, since when.
            Unreachable: as above.
        """
        ...

    def good_revisions(self, target: ReleaseTarget) -> Mapping[int, str]:
        """The revisions whose rollouts Trunkline saw succeed, with what `note_good` was told of them.

        Raises:
            Unreachable: as above.
        """
        ...

    def note_good(self, target: ReleaseTarget, revision: int, made_of: str = "") -> None:
        """Note on the Lease object that a rollout succeeded, and one line on what it is made of; the newest 50 are kept.

        The annotations are `trunkline.dev/good-revisions` and `trunkline.dev/ingredients`.

        Raises:
            Unreachable: as above.
        """
        ...

    def forget_good(self, target: ReleaseTarget) -> None:
        """Take back all such notes: the release is gone, and its next revision 1 is another one.

        Raises:
            Unreachable: as above.
        """
        ...

    def mark_failed(self, target: ReleaseTarget, revision: int, description: str) -> None:
        """Turn Helm's record of a revision that a dead client left `pending-*` into `failed`.

        Raises:
            Unreachable: as above.
        """
        ...

    def watch(self, namespace: str) -> AbstractContextManager[Watch]:
        """Open a picture of the namespace; nothing that happens from now on is missed.

        Opening waits for nothing and raises nothing: an API that does not answer shows as `trouble`.
        """
        ...

    def logs(
        self, namespace: str, selectors: Sequence[Mapping[str, str]], *, follow: bool, tail: int | None
    ) -> Iterator[LogLine]:
        """Log lines of all pods that a selector matches; with `follow`, of new pods and restarts, too.

        Raises:
            Unreachable: as above.
        """
        ...

    def last_log(self, namespace: str, pod: str, container: str, lines: int) -> tuple[str, ...]:
        """The last lines of a container, of its previous life if it was restarted; empty where none are kept."""
        ...

    def live(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        """Each of these objects (of a manifest, named) as it is now, with its managedFields; in the same order.

        One that is not there has neither `found` nor `trouble`; one that may not be read, or whose kind the
        cluster does not know, has its trouble.

        Raises:
            Unreachable: the API does not answer.
        """
        ...

    def reapplied(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        """Each of these objects as the API server would make it if its manifest was applied again now.

        Nothing is changed. `trouble` says why the server would not tell: the credentials, a webhook that knows
        no dry run, a field that cannot be changed.

        Raises:
            Unreachable: as above.
        """
        ...

    def autoscaled(self, namespace: str) -> frozenset[tuple[str, str]]:
        """Kind and name of every workload that a HorizontalPodAutoscaler there scales, as far as we may look.

        Raises:
            Unreachable: as above.
        """
        ...

    def delete(self, objects: Sequence[Mapping[str, object]], namespace: str) -> None:
        """Delete these objects and what belongs to them; those that are not there are no error.

        Raises:
            Unreachable: the cluster does not answer, or does not allow it.
        """
        ...

    def gone(self, objects: Sequence[Mapping[str, object]], namespace: str, timeout_s: float) -> bool:
        """Wait until the pods of these objects are gone; whether they are."""
        ...
