"""Mending Helm's record of a revision, without losing anything else that it holds."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.fakes.http import status_response
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes.helm_records import decode, encode, mark_failed
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.errors import Unreachable, UsageError

TARGET = ReleaseTarget(ClusterTarget(), "qa", "sample")
NAME = "sh.helm.release.v1.sample.v3"
RELEASE = {
    "name": "sample",
    "version": 3,
    "info": {"status": "pending-upgrade", "description": "Preparing upgrade", "first_deployed": "2026"},
    "config": {"password": "s3cret-value"},
}


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    yield made
    made.close()


def write(api: FakeKubernetesApi, payload: str, collection: str = "secrets") -> str:
    path = f"/api/v1/namespaces/qa/{collection}/{NAME}"
    labels = {"status": "pending-upgrade", "owner": "helm", "name": "sample", "version": "3"}
    api.put(
        path, {"metadata": {"labels": labels}, "type": "helm.sh/release.v1", "data": {"release": payload}}
    )
    return path


def mend(api: FakeKubernetesApi, driver: str = "") -> None:
    clock = FakeClock()
    mark_failed(make_client(api, clock=clock), clock, driver, TARGET, 3, "its client died")


@pytest.mark.parametrize(
    ("driver", "collection"),
    [("", "secrets"), ("secret", "secrets"), ("configmap", "configmaps"), ("configmaps", "configmaps")],
)
def test_pending_becomes_failed(api: FakeKubernetesApi, driver: str, collection: str) -> None:
    """Status and description change in the label and in the payload, for each of Helm's drivers; nothing else does."""
    secret = collection == "secrets"
    path = write(api, encode(RELEASE, secret=secret), collection)
    mend(api, driver)
    record = api.at(path)
    changed = {"status": "failed", "description": "its client died", "first_deployed": "2026"}
    assert decode(record["data"]["release"], secret=secret) == {**RELEASE, "info": changed}
    assert record["metadata"]["labels"] == {
        "status": "failed",
        "owner": "helm",
        "name": "sample",
        "version": "3",
        "modifiedAt": "1772366400",
    }
    assert record["type"] == "helm.sh/release.v1"


def test_the_payload_is_helms() -> None:
    """A Secret's payload is base64 of base64 of gzip of JSON, a ConfigMap's one base64 less."""
    packed = gzip.compress(json.dumps(RELEASE).encode())
    assert decode(base64.b64encode(base64.b64encode(packed)).decode(), secret=True) == RELEASE
    assert decode(base64.b64encode(packed).decode(), secret=False) == RELEASE
    assert gzip.decompress(base64.b64decode(encode(RELEASE, secret=False))) == json.dumps(RELEASE).encode()


def test_a_record_that_changes_meanwhile_is_read_again(api: FakeKubernetesApi) -> None:
    """A conflict is no failure: the record is read and judged again."""
    path = write(api, encode(RELEASE, secret=True))
    client = make_client(api)
    replace = client.replace
    finished = {**RELEASE, "info": {"status": "deployed", "description": "Upgrade complete"}}

    def conflicting(path: str, body: Any) -> Any:
        write(api, encode(finished, secret=True))
        return replace(path, body)

    client.replace = conflicting  # type: ignore[method-assign]  # another Helm gets in between
    mark_failed(client, FakeClock(), "", TARGET, 3, "its client died")
    assert decode(api.at(path)["data"]["release"], secret=True) == finished


def test_endless_conflicts_end(api: FakeKubernetesApi) -> None:
    """A record that always changes is given up after some tries."""
    path = write(api, encode(RELEASE, secret=True))
    live = api.at(path)
    stale = {**live, "metadata": {**live["metadata"], "resourceVersion": "1"}}
    client = make_client(api)
    client.get = lambda *_, **__: stale  # type: ignore[method-assign]  # always an old answer
    with pytest.raises(Unreachable, match="has been modified"):
        mark_failed(client, FakeClock(), "", TARGET, 3, "its client died")


@pytest.mark.parametrize(
    "payload",
    ["", "%%%", "YWJj", encode({"info": 3}, secret=True)],
    ids=["empty", "no base64", "no gzip", "no release"],
)
def test_a_damaged_record(api: FakeKubernetesApi, payload: str) -> None:
    """A record that cannot be read is named, with the way to get rid of it."""
    write(api, payload)
    with pytest.raises(
        Unreachable, match="record of revision 3 of release qa/sample cannot be read"
    ) as caught:
        mend(api)
    assert f"kubectl delete secrets {NAME} --namespace qa" in caught.value.hint


def test_a_bomb_is_no_release(api: FakeKubernetesApi) -> None:
    """A small payload that unpacks to a huge one is refused before it fills the memory."""
    chunk = gzip.compress(b" " * (1 << 24), 9)
    write(api, base64.b64encode(base64.b64encode(chunk * 5)).decode())
    with pytest.raises(Unreachable, match="is no release"):
        mend(api)


@given(st.binary(max_size=60))
def test_hostile_payloads(data: bytes) -> None:
    """Whatever a payload holds, it is a release or a sentence."""
    api = FakeKubernetesApi()
    packed = base64.b64encode(base64.b64encode(gzip.compress(data))).decode()
    write(api, packed)
    with pytest.raises(Unreachable):
        mend(api)


def test_a_driver_that_only_helm_knows(api: FakeKubernetesApi) -> None:
    """With Helm's SQL driver the person is told what to type."""
    with pytest.raises(UsageError) as caught:
        mend(api, "sql")
    assert "helm rollback sample --namespace qa" in caught.value.hint


def test_forbidden(api: FakeKubernetesApi) -> None:
    """Credentials that may not change the record are told so."""
    write(api, encode(RELEASE, secret=True))
    api.faults = [status_response(403, "Forbidden", "secrets is forbidden")]
    with pytest.raises(Unreachable, match="does not allow it: secrets is forbidden"):
        mend(api)
