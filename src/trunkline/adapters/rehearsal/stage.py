"""One stage of a rehearsal: a simulated cluster, the World around it, and what can be said of it from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from trunkline.adapters.rehearsal.killing import HelmKiller
from trunkline.adapters.rehearsal.time import RehearsedTime
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.rehearsals import FAILURES, Scenario, What
from trunkline.ports import World
from trunkline.ports.rehearsals import Standing
from trunkline.rehearsal.cluster import ClusterState, SimulatedCluster
from trunkline.rehearsal.faults import Fault
from trunkline.rehearsal.objects import Object, at, conditions_of, is_ending, metadata, name_of
from trunkline.rehearsal.store import Change

_UNCOUNTED = {"Lease", "Event"}
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")
_PATIENCE_S = 120.0
_LOOK_S = 1.0


@dataclass(frozen=True, slots=True)
class ClusterSnapshot:
    """The port `Snapshot`: ledgers begin anew, since the cluster alone says what stands."""

    cluster: ClusterState


class SimulatedStage:
    """The port `Stage`.

    Args:
        world: composed around the cluster.
        cluster: running.
        time: the rehearsal's.
        killer: kills Helm half-way once that is asked for.
    """

    def __init__(
        self, world: World, cluster: SimulatedCluster, time: RehearsedTime, killer: HelmKiller
    ) -> None:
        self.world = world
        self._cluster, self._time, self._killer = cluster, time, killer
        self._counted: Counter[str] = Counter()
        cluster.store.listen(self._count)

    def strike(self, scenario: Scenario, environment: Environment) -> None:
        """See the port."""
        if scenario.what is What.HELM_KILLED:
            self._killer.arm(environment.namespace)
            return
        settings = {name: scenario.value(name) for name in FAILURES[scenario.what]}
        fault = Fault(
            scenario.what.value, environment.namespace, scenario.workload, scenario.container, settings
        )
        self._cluster.faults.strike(fault)

    def mend(self) -> None:
        """See the port."""
        self._killer.disarm()
        self._cluster.faults.mend()

    def standing(self, environment: Environment) -> Standing:
        """See the port."""
        until = self._time.monotonic() + _PATIENCE_S
        while True:
            found, moving = self._look(environment.namespace)
            if not moving or self._time.monotonic() > until:
                return found
            self._time.sleep(_LOOK_S)

    def changes(self, environment: Environment) -> int:
        """See the port."""
        return self._counted[environment.namespace]

    def snapshot(self) -> ClusterSnapshot:
        """See the port."""
        return ClusterSnapshot(self._cluster.state())

    def _count(self, change: Change) -> None:
        if change.kind.kind not in _UNCOUNTED:
            self._counted[str(metadata(change.value).get("namespace") or "")] += 1

    def _look(self, namespace: str) -> tuple[Standing, bool]:
        """What stands, and whether anything there is still on its way."""
        with self._cluster.store.lock:
            workloads = [item for kind in _WORKLOADS for item in self._all(("apps", kind), namespace)]
            pods = self._all(("", "Pod"), namespace)
            jobs = self._all(("batch", "Job"), namespace)
            secrets = self._all(("", "Secret"), namespace)
        unready = tuple(_spelled(item) for item in workloads if not _is_ready(item))
        standing = Standing(
            images=tuple(sorted(text for item in workloads for text in _images(item))),
            unready=unready,
            pending=tuple(_pending(secrets)),
            at_work=tuple(_spelled(item) for item in (*jobs, *pods) if _is_hook_at_work(item)),
        )
        return standing, bool(unready) or any(map(is_ending, pods))

    def _all(self, kind: tuple[str, str], namespace: str) -> list[Object]:
        return self._cluster.store.all_of(self._cluster.kinds.named(*kind), namespace)


def _spelled(value: Object) -> str:
    return f"{str(value['kind']).lower()}/{name_of(value)}"


def _images(workload: Object) -> Iterator[str]:
    for container in at(workload, "spec", "template", "spec", "containers") or ():
        yield f"{_spelled(workload)} {container.get('name')}={container.get('image')}"


def _is_ready(workload: Object) -> bool:
    status: Any = at(workload, "status") or {}
    if status.get("observedGeneration") != metadata(workload).get("generation"):
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        return bool(status.get("numberReady", 0) == wanted == status.get("updatedNumberScheduled", 0))
    wanted = at(workload, "spec", "replicas") or 0
    return bool(status.get("readyReplicas", 0) == wanted == status.get("replicas", 0))


def _pending(secrets: list[Object]) -> Iterator[str]:
    for secret in secrets:
        labels = metadata(secret).get("labels") or {}
        if labels.get("owner") == "helm" and str(labels.get("status", "")).startswith("pending-"):
            yield str(labels.get("version"))


def _is_hook_at_work(value: Object) -> bool:
    if "helm.sh/hook" not in (metadata(value).get("annotations") or {}):
        return False
    if value["kind"] == "Pod":
        return at(value, "status", "phase") not in {"Succeeded", "Failed"}
    return not any(
        item.get("type") in {"Complete", "Failed"} and item.get("status") == "True"
        for item in conditions_of(value)
    )
