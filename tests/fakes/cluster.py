"""A cluster in memory: what a test writes into it is what the port shows."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from trunkline.domain.releases import ReleaseTarget
from trunkline.domain.rollouts import Observation, Resource
from trunkline.errors import DeploymentFailed, Locked, Unreachable
from trunkline.ports import Lease, LeaseHolder, LiveObject, LogLine, Watch


@dataclass(slots=True)
class FakePod:
    """A pod of one workload; `logs` are its containers' lines, `previous` those of their lives before."""

    namespace: str
    name: str
    workload: str
    labels: Mapping[str, str] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)
    previous: dict[str, list[str]] = field(default_factory=dict)


class FakeCluster:
    """Implements the port `Cluster`.

    A test may fill
        trouble: why the API does not answer; empty while it does.
        namespaces, terminating: those that are there, those that are being deleted.
        denied: (verb, resource) pairs that the credentials do not allow.
        holders: who holds the lease of a release, by `namespace/name`.
        records: Helm's [status, description] by (`namespace/name`, revision).
        good: the revisions that were noted as good, by `namespace/name`.
        observations: what a watch shows, one after another; it goes on with the last one, expired.
        hooks: what a watch shows of hooks.
        deleted: the names of objects that were deleted.
        pods: those that are there.
        live_objects: by kind and name, those that are there; a text says why one cannot be read.
        reapplied_objects: what the API would make of them, where that is another than what is there.
        scaled: kind and name of what an autoscaler scales.
    """

    def __init__(self) -> None:
        self.trouble = ""
        self.namespaces: set[str] = set()
        self.terminating: set[str] = set()
        self.denied: set[tuple[str, str]] = set()
        self.holders: dict[str, LeaseHolder] = {}
        self.records: dict[tuple[str, int], list[str]] = {}
        self.good: dict[str, dict[int, str]] = {}
        self.observations: list[Observation] = []
        self.hooks = Observation(0.0, {})
        self.deleted: list[str] = []
        self.pods: list[FakePod] = []
        self.live_objects: dict[tuple[str, str], Mapping[str, object] | str] = {}
        self.reapplied_objects: dict[tuple[str, str], Mapping[str, object] | str] = {}
        self.scaled: frozenset[tuple[str, str]] = frozenset()
        self._lock = threading.Lock()

    def version(self) -> str:
        self._check()
        return "v1.31.0"

    def allowed(self, namespace: str, verb: str, group: str, resource: str) -> bool:
        self._check()
        return (verb, resource) not in self.denied

    def ensure_namespace(self, namespace: str) -> None:
        self._check()
        if namespace in self.terminating:
            raise DeploymentFailed(f"The namespace {namespace} is being deleted.")
        if namespace not in self.namespaces and ("create", "namespaces") in self.denied:
            raise DeploymentFailed(f"The namespace {namespace} does not exist, and may not be created.")
        self.namespaces.add(namespace)

    @contextlib.contextmanager
    def lease(
        self,
        target: ReleaseTarget,
        holder: LeaseHolder,
        wait_s: float = 0.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> Iterator[Lease]:
        self._check()
        if target.namespace not in self.namespaces:
            raise Unreachable(f"The namespace {target.namespace} does not exist.")
        with self._lock:
            current = self.holders.get(str(target))
            if current is not None:
                if wait_s and on_wait is not None:
                    on_wait(f"waiting for {current.description}")
                raise Locked(f"Release {target} is being deployed by {current.description}.")
            self.holders[str(target)] = holder
        try:
            yield _FakeLease(self, target, holder)
        finally:
            with self._lock:
                if self.holders.get(str(target)) is holder:
                    del self.holders[str(target)]

    def good_revisions(self, target: ReleaseTarget) -> dict[int, str]:
        self._check()
        return dict(self.good.get(str(target), {}))

    def note_good(self, target: ReleaseTarget, revision: int, made_of: str = "") -> None:
        self._check()
        noted = self.good.get(str(target), {})
        kept = {number: line for number, line in noted.items() if number < revision}
        self.good[str(target)] = {**kept, revision: made_of}

    def forget_good(self, target: ReleaseTarget) -> None:
        self._check()
        self.good.pop(str(target), None)

    def mark_failed(self, target: ReleaseTarget, revision: int, description: str) -> None:
        self._check()
        record = self.records.get((str(target), revision))
        if record is not None and record[0].startswith("pending-"):
            record[:] = ["failed", description]

    def observe(self, workloads: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        nothing = Observation(0.0, dict.fromkeys(workloads))
        yield from self.observations
        last = self.observations[-1] if self.observations else nothing
        yield replace(
            last, elapsed_s=max(timeout_s, last.elapsed_s), expired=True, trouble=self.trouble or last.trouble
        )

    @contextlib.contextmanager
    def watch(self, namespace: str) -> Iterator[Watch]:
        yield _FakeWatch(self)

    def logs(
        self, namespace: str, selectors: Sequence[Mapping[str, str]], *, follow: bool, tail: int | None
    ) -> Iterator[LogLine]:
        self._check()
        for pod in self.pods:
            if pod.namespace == namespace and any(s.items() <= pod.labels.items() for s in selectors):
                for container, lines in pod.logs.items():
                    start = 0 if tail is None else max(0, len(lines) - tail)
                    yield from (LogLine(pod.name, container, line) for line in lines[start:])

    def last_log(self, namespace: str, pod: str, container: str, lines: int) -> tuple[str, ...]:
        for found in self.pods:
            if (found.namespace, found.name) == (namespace, pod):
                kept = found.previous.get(container) or found.logs.get(container) or []
                return tuple(kept[-lines:])
        return ()

    def live(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        self._check()
        return tuple(_as_live(self.live_objects.get(_kind_and_name(thing))) for thing in objects)

    def reapplied(self, objects: Sequence[Mapping[str, object]], namespace: str) -> tuple[LiveObject, ...]:
        self._check()
        made = {**self.live_objects, **self.reapplied_objects}
        return tuple(_as_live(made.get(_kind_and_name(thing))) for thing in objects)

    def autoscaled(self, namespace: str) -> frozenset[tuple[str, str]]:
        self._check()
        return self.scaled

    def delete(self, objects: Sequence[Mapping[str, object]], namespace: str) -> None:
        self._check()
        self.deleted += [_name(thing) for thing in objects]

    def gone(self, objects: Sequence[Mapping[str, object]], namespace: str, timeout_s: float) -> bool:
        names = {_name(thing) for thing in objects}
        return not any(pod.namespace == namespace and pod.workload in names for pod in self.pods)

    def _check(self) -> None:
        if self.trouble:
            raise Unreachable(self.trouble)


class _FakeWatch:
    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster
        self._last = Observation(0.0, {})

    def observe(self, resources: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        for observation in self._cluster.observe(resources, timeout_s):
            self._last = observation
            yield observation

    def look(self, resources: Sequence[Resource]) -> Observation:
        if self._last.trouble:
            raise Unreachable(self._last.trouble)
        return self._last

    def hooks(self) -> Observation:
        return self._cluster.hooks


class _FakeLease:
    def __init__(self, cluster: FakeCluster, target: ReleaseTarget, holder: LeaseHolder) -> None:
        self._cluster = cluster
        self._target = target
        self._holder = holder

    def ensure_held(self) -> None:
        if self._cluster.holders.get(str(self._target)) is not self._holder:
            raise Locked(f"The lock of release {self._target} was lost.")


def _as_live(thing: Mapping[str, object] | str | None) -> LiveObject:
    return LiveObject(trouble=thing) if isinstance(thing, str) else LiveObject(thing)


def _kind_and_name(thing: Mapping[str, object]) -> tuple[str, str]:
    return str(thing["kind"]), _name(thing)


def _name(thing: Mapping[str, object]) -> str:
    metadata = thing["metadata"]
    return str(metadata["name"]) if isinstance(metadata, Mapping) else ""
