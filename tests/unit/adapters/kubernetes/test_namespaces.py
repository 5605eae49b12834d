"""Making sure of a namespace, with more and with fewer rights."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.http import status_response
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes.namespaces import ensure_namespace
from trunkline.errors import DeploymentFailed, Unreachable

PATH = "/api/v1/namespaces/qa"


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    yield made
    made.close()


def ensure(api: FakeKubernetesApi, namespace: str = "qa") -> None:
    ensure_namespace(make_client(api), namespace)


def test_missing(api: FakeKubernetesApi) -> None:
    """A namespace that is missing is created."""
    ensure(api)
    assert api.at(PATH)["metadata"]["name"] == "qa"


def test_may_not_create(api: FakeKubernetesApi) -> None:
    """Who may not create it is told what an administrator has to type."""
    api.denied.add(("POST", "namespaces"))
    with pytest.raises(
        DeploymentFailed, match="qa does not exist, and may not be created: namespaces"
    ) as caught:
        ensure(api)
    assert "kubectl create namespace qa" in caught.value.hint


def test_may_not_read_but_it_is_there(api: FakeKubernetesApi) -> None:
    """Who may not read namespaces uses one that is there, and leaves no trace of having tried."""
    api.put(PATH, {"metadata": {}})
    api.denied |= {("GET", "namespaces"), ("POST", "namespaces")}
    ensure(api)
    assert not make_client(api).list("/apis/coordination.k8s.io/v1/namespaces/qa/leases").items


def test_may_not_read_and_it_is_missing(api: FakeKubernetesApi) -> None:
    """Who may neither read nor create namespaces is told that this one is missing."""
    api.denied |= {("GET", "namespaces"), ("POST", "namespaces")}
    with pytest.raises(DeploymentFailed, match="does not exist, and may not be created"):
        ensure(api)


def test_may_do_nothing(api: FakeKubernetesApi) -> None:
    """Who may not even try goes on: the next step says what is missing."""
    api.denied |= {("GET", "namespaces"), ("POST", "leases")}
    ensure(api)


@pytest.mark.parametrize("readable", [True, False])
def test_being_deleted(api: FakeKubernetesApi, readable: bool) -> None:
    """A namespace that is being deleted is named, with what it waits for where that can be read."""
    condition = {
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": "pods. has 1 resource instances",
    }
    done = {"status": "True", "reason": "ContentDeleted", "message": "All content deleted"}
    metadata = {"deletionTimestamp": "2026-03-01T12:00:00Z"}
    api.put(PATH, {"metadata": metadata, "status": {"conditions": [condition, done]}})
    if not readable:
        api.denied.add(("GET", "namespaces"))
    waits = r" \(it waits for: pods. has 1 resource instances\);" if readable else ";"
    with pytest.raises(DeploymentFailed, match=f"qa is being deleted{waits}"):
        ensure(api)


def test_made_by_somebody_else(api: FakeKubernetesApi) -> None:
    """Two who create it at once are both content."""
    api.faults = [
        status_response(404, "NotFound", "not found"),
        status_response(409, "AlreadyExists", "already exists"),
    ]
    ensure(api)


def test_bad_name(api: FakeKubernetesApi) -> None:
    """A name that Kubernetes refuses is told with its reason."""
    api.faults = [
        status_response(404, "NotFound", "not found"),
        status_response(422, "Invalid", "a lowercase RFC 1123 label must consist of"),
    ]
    with pytest.raises(DeploymentFailed, match="QA cannot be created: a lowercase"):
        ensure(api, "QA")


def test_trouble(api: FakeKubernetesApi) -> None:
    """A cluster that does not answer is no missing namespace."""
    api.faults = [Unreachable("away")] * 99
    with pytest.raises(Unreachable, match="does not answer"):
        ensure(api)
