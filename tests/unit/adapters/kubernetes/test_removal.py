"""Whether the pods of removed objects are gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.removal import gone
from trunkline.errors import Unreachable

AWAY = Unreachable("10.0.0.1:6443 cannot be reached: the connection was refused.")
CORE = "/api/v1/namespaces/qa"


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    made.put("/api/v1/namespaces/qa", {"metadata": {}})
    yield made
    made.close()


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
