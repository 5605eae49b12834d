"""What belongs to a resource, and what is said of it: as the API answers, and as watches keep it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.kubernetes.watching import KubernetesWatch
from trunkline.domain.redaction import Redactor
from trunkline.domain.rollouts import Observation, Resource

WEB = Resource("Deployment", "qa", "web")
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


def look_at(api: FakeKubernetesApi, *resources: Resource, redactor: Redactor | None = None) -> Observation:
    """Asked of the API, which is also what a watch has to show as soon as its lists are in."""
    with contextlib.closing(
        KubernetesWatch(make_client(api), SystemClock(), redactor or Redactor(), "qa")
    ) as watch:
        asked = watch.look(resources)
        kept = next(watch.observe(resources, 60.0))
    assert told(kept) == told(asked)
    return asked


def told(seen: Observation) -> list[Any]:
    """What an observation shows; the items of a list do not repeat their kind."""
    lists = [
        [live for live in seen.objects.values() if live],
        *seen.owners.values(),
        *seen.pods.values(),
        seen.events,
    ]
    return [[{**thing, "kind": "", "apiVersion": ""} for thing in found] for found in lists]


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
    """What was said about the workload, its ReplicaSets and its pods are shown, newest last, without secrets."""
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
    assert [event["message"] for event in seen.events] == ["first with *****", "second", "third", "normal"]


def test_claims_of_pods(api: FakeKubernetesApi) -> None:
    """What is said of a claim that a pod names belongs to the pod's story; of another claim, not."""
    web = put_workload(api, f"{APPS}/statefulsets/web", "StatefulSet")
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-web-0"}}]
    put_owned(api, f"{CORE}/pods/web-0", web, "StatefulSet", spec={"volumes": volumes})
    for name in ("data-web-0", "other"):
        claim = {"kind": "PersistentVolumeClaim", "name": name, "uid": f"uid-{name}"}
        body = {
            "metadata": {},
            "message": name,
            "involvedObject": claim,
            "lastTimestamp": "2026-03-01T12:00:01Z",
        }
        api.put(f"{CORE}/events/{name}", body)
    seen = look_at(api, Resource("StatefulSet", "qa", "web"))
    assert [event["message"] for event in seen.events] == ["data-web-0"]


def test_a_custom_resource_is_found_by_discovery(api: FakeKubernetesApi) -> None:
    """A kind that nobody can know beforehand is found where the API says that it is; an unknown one is not there."""
    api.put(
        "/apis/acme.example/v1",
        {"metadata": {}, "resources": [{"name": "mice", "kind": "Mouse", "namespaced": True}]},
    )
    api.put("/apis/acme.example/v1/namespaces/qa/mice/pip", {"metadata": {}, "status": {"ready": True}})
    pip, cat = (Resource(kind, "qa", "pip", "acme.example/v1") for kind in ("Mouse", "Cat"))
    seen = look_at(api, pip, cat)
    assert names([seen.objects[pip]]) == ["pip"]
    assert seen.objects[cat] is None


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
