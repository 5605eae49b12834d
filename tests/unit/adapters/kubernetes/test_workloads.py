"""Looking at workloads: what belongs to them, what is said of them, and an API that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.workloads import gone, look, observe
from trunkline.domain.redaction import Redactor
from trunkline.domain.rollouts import Observation, Resource
from trunkline.errors import Unreachable

WEB = Resource("Deployment", "qa", "web")
AWAY = Unreachable("10.0.0.1:6443 cannot be reached: the connection was refused.")
CORE = "/api/v1/namespaces/qa"
APPS = "/apis/apps/v1/namespaces/qa"


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    made.put("/api/v1/namespaces/qa", {"metadata": {}})
    yield made
    made.close()


def put_workload(api: FakeKubernetesApi, path: str, kind: str) -> dict[str, Any]:
    return api.put(
        path,
        {"kind": kind, "metadata": {}, "spec": {"selector": {"matchLabels": {"app": "web"}}}, "status": {}},
    )


def put_owned(
    api: FakeKubernetesApi, path: str, owner: dict[str, Any] | None, kind: str = "ReplicaSet", **more: Any
) -> dict[str, Any]:
    owners = (
        [{"kind": kind, "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}] if owner else []
    )
    return api.put(path, {"metadata": {"labels": {"app": "web"}, "ownerReferences": owners}, **more})


def put_event(api: FakeKubernetesApi, name: str, about: dict[str, Any], moment: str, **more: Any) -> None:
    body = {
        "metadata": {},
        "type": "Warning",
        "message": name,
        "involvedObject": {"uid": about["metadata"]["uid"]},
        "lastTimestamp": moment,
        **more,
    }
    api.put(f"{CORE}/events/{name}", body)


def look_at(api: FakeKubernetesApi, *workloads: Resource, redactor: Redactor | None = None) -> Observation:
    return look(make_client(api), redactor or Redactor(), workloads)


def names(objects: Any) -> list[str]:
    return [thing["metadata"]["name"] for thing in objects]


def test_deployment(api: FakeKubernetesApi) -> None:
    """A Deployment's ReplicaSets and pods are its own, however many others its selector matches."""
    web = put_workload(api, f"{APPS}/deployments/web", "Deployment")
    old = put_owned(api, f"{APPS}/replicasets/web-1", web)
    new = put_owned(api, f"{APPS}/replicasets/web-2", web)
    alien = put_owned(api, f"{APPS}/replicasets/alien-1", None)
    for owner, name in ((old, "web-1-a"), (new, "web-2-a"), (alien, "alien-1-a"), (None, "stray")):
        put_owned(api, f"{CORE}/pods/{name}", owner)
    seen = look_at(api, WEB)
    assert names([seen.objects[WEB]]) == ["web"]
    assert names(seen.owners[WEB]) == ["web-1", "web-2"]
    assert names(seen.pods[WEB]) == ["web-1-a", "web-2-a"]


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("StatefulSet", f"{APPS}/statefulsets/web"),
        ("DaemonSet", f"{APPS}/daemonsets/web"),
        ("Job", "/apis/batch/v1/namespaces/qa/jobs/web"),
    ],
)
def test_other_workloads(api: FakeKubernetesApi, kind: str, path: str) -> None:
    """The pods of the other workloads belong to them directly."""
    live = put_workload(api, path, kind)
    put_owned(api, f"{CORE}/pods/web-0", live, kind)
    put_owned(api, f"{CORE}/pods/stray", None)
    workload = Resource(kind, "qa", "web")
    seen = look_at(api, workload)
    assert names(seen.pods[workload]) == ["web-0"]
    assert workload not in seen.owners


def test_events(api: FakeKubernetesApi) -> None:
    """Warnings about the workload, its ReplicaSets and its pods are shown, newest last, without secrets."""
    web = put_workload(api, f"{APPS}/deployments/web", "Deployment")
    owner = put_owned(api, f"{APPS}/replicasets/web-1", web)
    pod = put_owned(api, f"{CORE}/pods/web-1-a", owner)
    stray = put_owned(api, f"{CORE}/pods/stray", None)
    put_event(api, "third", pod, "", series={"lastObservedTime": "2026-03-01T12:00:03.000000Z"})
    put_event(api, "first with s3cret-value", web, "2026-03-01T12:00:01Z")
    put_event(api, "second", owner, "2026-03-01T12:00:02Z")
    put_event(api, "normal", pod, "2026-03-01T12:00:04Z", type="Normal")
    put_event(api, "alien", stray, "2026-03-01T12:00:04Z")
    seen = look_at(api, WEB, redactor=Redactor(["s3cret-value"]))
    assert [event["message"] for event in seen.events] == ["first with *****", "second", "third"]


def test_an_autoscaler_is_heard_of(api: FakeKubernetesApi) -> None:
    """While a pod finds no node, the autoscaler's promise of one is shown although it is no warning."""
    web = put_workload(api, f"{APPS}/deployments/web", "Deployment")
    owner = put_owned(api, f"{APPS}/replicasets/web-1", web)
    status = {"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]}
    pod = put_owned(api, f"{CORE}/pods/web-1-a", owner, status=status)
    put_event(api, "up", pod, "2026-03-01T12:00:01Z", type="Normal", reason="TriggeredScaleUp")
    assert [event["reason"] for event in look_at(api, WEB).events] == ["TriggeredScaleUp"]


def test_events_may_be_forbidden(api: FakeKubernetesApi) -> None:
    """Who may not read events still sees the rollout."""
    put_workload(api, f"{APPS}/deployments/web", "Deployment")
    api.denied.add(("GET", "events"))
    assert look_at(api, WEB).objects[WEB] is not None


def test_few_requests(api: FakeKubernetesApi) -> None:
    """One look at a Deployment costs four requests."""
    put_workload(api, f"{APPS}/deployments/web", "Deployment")
    look_at(api, WEB)
    assert len(api.requests) == 4


def watch(api: FakeKubernetesApi, clock: FakeClock, timeout_s: float) -> Iterator[Observation]:
    return observe(make_client(api, clock=clock), clock, Redactor(), [WEB], timeout_s)


def test_rhythm(api: FakeKubernetesApi) -> None:
    """There is a look every half second, and a last one when the time is up."""
    seen = list(watch(api, FakeClock(), 1.2))
    assert [found.elapsed_s for found in seen] == pytest.approx([0, 0.5, 1.0, 1.2])
    assert [found.expired for found in seen] == [False, False, False, True]


def test_trouble_passes(api: FakeKubernetesApi) -> None:
    """An API that is away for a while shows what was seen last and says why, and is asked again less often."""
    clock = FakeClock()
    put_workload(api, f"{APPS}/deployments/web", "Deployment")
    seen = watch(api, clock, 60.0)
    before = next(seen)
    api.faults = [AWAY]
    during = next(seen)
    assert "the connection was refused" in during.trouble
    assert during.objects == before.objects
    after = next(seen)
    assert after.trouble == ""
    assert after.elapsed_s - during.elapsed_s == pytest.approx(2.0)


def test_trouble_to_the_end(api: FakeKubernetesApi) -> None:
    """An API that never answers ends the watch in time, and still shows every workload."""
    api.faults = [AWAY] * 99
    seen = list(watch(api, FakeClock(), 3.0))
    assert seen[-1].expired
    assert seen[-1].trouble
    assert seen[-1].elapsed_s == pytest.approx(3.0)
    assert seen[-1].objects == {WEB: None}


def manifest(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


MANIFEST = manifest("Deployment", "web", selector={"matchLabels": {"app": "web"}})


@pytest.mark.parametrize(
    ("kind", "owner", "thing"),
    [
        ("ReplicaSet", "web-5d9c7", MANIFEST),
        ("StatefulSet", "web", manifest("StatefulSet", "web", selector={"matchLabels": {"app": "web"}})),
        ("Job", "migrate", manifest("Job", "migrate")),
    ],
)
def test_pods_outlive_their_owner(
    api: FakeKubernetesApi, kind: str, owner: str, thing: dict[str, Any]
) -> None:
    """Pods are waited for by their owner's name, and others that look alike are not."""
    labels = {"app": "web", "job-name": "migrate"}
    owners = [{"kind": kind, "name": owner, "uid": "long gone"}]
    api.put(f"{CORE}/pods/a", {"metadata": {"labels": labels, "ownerReferences": owners}})
    api.put(f"{CORE}/pods/stray", {"metadata": {"labels": labels}})
    clock = FakeClock()
    client = make_client(api, clock=clock)
    assert not gone(client, clock, [thing], "qa", 2.0)
    assert sum(clock.slept) == pytest.approx(2.0)
    api.remove(f"{CORE}/pods/a")
    assert gone(client, clock, [thing], "qa", 0.0)


def test_bare_pods(api: FakeKubernetesApi) -> None:
    """A pod of the manifest itself is waited for by its own name, in its own namespace."""
    thing = {"kind": "Pod", "metadata": {"name": "probe", "namespace": "other"}}
    api.put("/api/v1/namespaces/other/pods/probe", {"metadata": {}})
    clock = FakeClock()
    assert not gone(make_client(api), clock, [thing], "qa", 0.0)
    api.remove("/api/v1/namespaces/other/pods/probe")
    assert gone(make_client(api), clock, [thing, manifest("Service", "web")], "qa", 0.0)


def test_an_api_that_is_away_proves_nothing(api: FakeKubernetesApi) -> None:
    """Pods that cannot be asked for are not gone."""
    clock = FakeClock()
    api.faults = [AWAY]
    assert not gone(make_client(api), clock, [MANIFEST], "qa", 0.0)
    api.faults = [AWAY]
    assert gone(make_client(api), clock, [MANIFEST], "qa", 5.0)


def test_selectors() -> None:
    """Every kind of requirement is spelled as the API reads it."""
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "track", "operator": "NotIn", "values": ["canary"]},
        {"key": "app", "operator": "Exists"},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"x": "1", "y": "2"}, "matchExpressions": expressions}
    assert selectors.of_workload({"spec": {"selector": selector}}) == (
        "x=1,y=2,tier in (a,b),track notin (canary),app,!old"
    )
