"""No object, however odd, stops the controllers."""

from __future__ import annotations

import logging
from threading import get_ident
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rehearsal.controllers.objects import template, workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World
from trunkline.rehearsal.controllers.installed import install
from trunkline.rehearsal.controllers.means import place_of
from trunkline.rehearsal.controllers.volume_claims import storage_classes
from trunkline.rehearsal.objects import Object, copy_of

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "x", "50%", "app", "web", "2026-01-01T00:00:00Z"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["name", "uid", "app", "kind", "values", "key"]), inner, max_size=2)
    ),
    max_leaves=4,
)
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "x", "controller": True}


def objects() -> list[Object]:
    rolling = {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1, "partition": 0},
    }
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    expression = {"key": "app", "operator": "In", "values": ["web"]}
    pod = template("web")
    pod["metadata"]["ownerReferences"] = [OWNER]
    pod["metadata"]["finalizers"] = ["x/y"]
    pod["spec"]["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    pod["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 80}]
    plain = [
        ("v1", "Node", {"taints": [{"key": "a", "effect": "NoSchedule"}]}),
        ("v1", "Pod", pod["spec"]),
        ("v1", "Service", {"type": "LoadBalancer", "selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]}),
        ("v1", "PersistentVolumeClaim", claim),
        ("policy/v1", "PodDisruptionBudget", {"maxUnavailable": "10%", "selector": {"matchExpressions": [expression]}}),
        ("autoscaling/v2", "HorizontalPodAutoscaler", {"maxReplicas": 1, "scaleTargetRef": OWNER}),
        ("batch/v1", "CronJob", {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template("web")}}}),
    ]  # fmt: skip
    found: list[Object] = [
        {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}
        for version, kind, spec in plain
    ]
    found[1]["metadata"] = {"name": "web", **pod["metadata"]}
    return [
        *found,
        workload("Deployment", "web", 2, strategy=rolling, progressDeadlineSeconds=600),
        workload("ReplicaSet", "web", 2, minReadySeconds=1),
        workload("StatefulSet", "web", 2, updateStrategy=rolling, volumeClaimTemplates=[{"metadata": {"name": "d"}, "spec": claim}]),
        workload("DaemonSet", "web", updateStrategy=rolling),
        workload("Job", "web", completions=2, backoffLimit=1, activeDeadlineSeconds=5, completionMode="Indexed"),
        *storage_classes(),
    ]  # fmt: skip


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [here] if len(here) > 1 else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if here or key == "spec":
            found += paths(item, (*here, key))
    return found


PLACES = [(number, path) for number, value in enumerate(objects()) for path in paths(value)]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.tuples(st.sampled_from(PLACES), ODD), min_size=1, max_size=4))
def test_odd_objects_stop_nobody(caplog: pytest.LogCaptureFixture, changes: list[tuple[Any, Any]]) -> None:
    """With anything in any field of what is asked for, no controller fails, and a sound workload is rolled out beside it."""
    caplog.clear()
    values = copy_of(objects())
    for (number, path), odd in changes:
        place = values[number]
        for key in path[:-1]:
            try:
                place = place[key]
            except (KeyError, IndexError, TypeError):
                place = None
                break
        # An earlier change may have put a list where a mapping was.
        if isinstance(place, dict) or (isinstance(place, list) and path[-1] in range(len(place))):
            place[path[-1]] = copy_of(odd)
    world = World()
    install(world.store, world.registry, world.kinds, world.clock, world.loop, world.events)
    FakeKubelet(world)
    with caplog.at_level(logging.ERROR):
        for value in values:
            world.create(value)
        world.create(workload("Deployment", "sound", 1))
        world.advance(20)
    assert _logged(caplog) == []
    assert world.get("Deployment", "sound")["status"]["availableReplicas"] == 1


def _logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said here; the threads of clusters that other tests have ended may still say something."""
    return [record.getMessage() for record in caplog.records if record.thread == get_ident()]


STATUS_KEYS = (
    "conditions", "replicas", "phase", "active", "startTime", "currentRevision", "collisionCount", "containerStatuses",
    "loadBalancer", "podIP", "failed", "completedIndexes", "lastScheduleTime", "availableReplicas", "observedGeneration",
)  # fmt: skip


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statuses=st.lists(st.dictionaries(st.sampled_from(STATUS_KEYS), ODD), min_size=1, max_size=3))
def test_odd_statuses_stop_nobody(caplog: pytest.LogCaptureFixture, statuses: list[Object]) -> None:
    """With anything in any status, which clients may write too, no controller fails."""
    caplog.clear()
    world = World()
    install(world.store, world.registry, world.kinds, world.clock, world.loop, world.events)
    FakeKubelet(world)
    with caplog.at_level(logging.ERROR):
        for value in objects():
            world.create(value)
        world.advance(20)
        for status in statuses:
            for kind, value in list(world.store.everything()):
                if kind.has_status and world.store.get(kind, *place_of(value)) is not None:
                    current = copy_of(world.store.get(kind, *place_of(value)))
                    world.registry.update_status(kind, {**current, "status": copy_of(status)})
            world.advance(20)
    assert _logged(caplog) == []
