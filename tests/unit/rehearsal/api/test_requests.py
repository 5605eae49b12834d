"""The API over real HTTP: what clients rely on, and what hostile ones may send."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trunkline.rehearsal.cluster import SimulatedCluster

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.lists(
    st.sampled_from(
        ["api", "apis", "v1", "apps", "batch", "namespaces", "default", "pods", "deployments", "web", "status", "scale", "log",
         "watch", "openapi", "v3", "secrets", "eviction", "binding", "finalize", "proxy", "autoscaling", "v2", "%00", "..", "ä"]
    ) | st.text(max_size=5),
    max_size=8,
)  # fmt: skip
TYPES = st.sampled_from(
    ["application/json", "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
     "application/apply-patch+yaml", "application/vnd.kubernetes.protobuf", "text/plain", ""]
)  # fmt: skip
QUERIES = st.dictionaries(
    st.sampled_from(["fieldManager", "force", "dryRun", "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion",
                     "fieldValidation", "propagationPolicy", "gracePeriodSeconds", "tailLines", "container"]),
    st.sampled_from(["", "x", "All", "true", "1", "-1", "a=b", "a in (b)", "((", "Strict", "Orphan", "999999999999999999999999"]),
    max_size=3,
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster() -> Iterator[SimulatedCluster]:
    with SimulatedCluster() as made:
        yield made


def ask(
    cluster: SimulatedCluster,
    method: str,
    path: str,
    body: Any = None,
    content_type: str = "application/json",
    raw: bytes | None = None,
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(cluster.api.address, timeout=20)
    try:
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        connection.request(method, path, content, {"Content-Type": content_type})
        answer = connection.getresponse()
        text = answer.read()
    finally:
        connection.close()
    try:
        return answer.status, json.loads(text)
    except ValueError:
        return answer.status, text


def deployment(name: str = "web", **spec: Any) -> dict[str, Any]:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
    }
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }  # fmt: skip


DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def test_an_object_from_its_creation_to_its_end(cluster: SimulatedCluster) -> None:
    """It is made with defaults, read, changed with its generation counted, and gone."""
    code, made = ask(cluster, "POST", DEPLOYMENTS, deployment("first"))
    assert (code, made["spec"]["progressDeadlineSeconds"], made["metadata"]["generation"]) == (201, 600, 1)
    code, again = ask(cluster, "POST", DEPLOYMENTS, deployment("first"))
    assert (code, again["reason"]) == (409, "AlreadyExists")
    merge = "application/merge-patch+json"
    _, changed = ask(cluster, "PATCH", f"{DEPLOYMENTS}/first", {"spec": {"replicas": 3}}, merge)
    assert (changed["metadata"]["generation"], changed["spec"]["replicas"]) == (2, 3)
    code, stale = ask(cluster, "PUT", f"{DEPLOYMENTS}/first", made)
    assert (code, stale["reason"]) == (409, "Conflict")
    assert ask(cluster, "DELETE", f"{DEPLOYMENTS}/first")[0] == 200
    code, gone = ask(cluster, "GET", f"{DEPLOYMENTS}/first")
    assert (code, gone["message"]) == (404, 'deployments.apps "first" not found')


def test_a_dry_run_leaves_nothing(cluster: SimulatedCluster) -> None:
    """What would be made is shown, and is not there."""
    assert ask(cluster, "POST", f"{DEPLOYMENTS}?dryRun=All", deployment("dry"))[0] == 201
    assert ask(cluster, "GET", f"{DEPLOYMENTS}/dry")[0] == 404


def test_lists_are_cut_where_it_is_asked_for(cluster: SimulatedCluster) -> None:
    """A limited list goes on from its token until nothing is left."""
    maps = "/api/v1/namespaces/default/configmaps"
    for number in range(5):
        ask(cluster, "POST", maps, {"metadata": {"name": f"cut-{number}", "labels": {"cut": "yes"}}})
    seen, token = [], ""
    for _ in range(5):
        _, part = ask(cluster, "GET", f"{maps}?labelSelector=cut%3Dyes&limit=2&continue={token}")
        seen += [item["metadata"]["name"] for item in part["items"]]
        token = part["metadata"].get("continue", "")
        if not token:
            break
    assert seen == [f"cut-{number}" for number in range(5)]


def test_a_watch_tells_what_happens(cluster: SimulatedCluster) -> None:
    """Initial events, their bookmark, and then each change, seen through the selector."""
    maps = "/api/v1/namespaces/default/configmaps"
    ask(cluster, "POST", maps, {"metadata": {"name": "seen", "labels": {"w": "1"}}})
    connection = http.client.HTTPConnection(cluster.api.address, timeout=20)
    query = "watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&labelSelector=w%3D1"
    connection.request("GET", f"{maps}?{query}")
    lines = connection.getresponse()
    first, mark = json.loads(lines.readline()), json.loads(lines.readline())
    assert (first["type"], first["object"]["metadata"]["name"]) == ("ADDED", "seen")
    assert mark["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}
    merge = "application/merge-patch+json"
    ask(cluster, "PATCH", f"{maps}/seen", {"data": {"a": "1"}}, merge)
    assert json.loads(lines.readline())["type"] == "MODIFIED"
    ask(cluster, "PATCH", f"{maps}/seen", {"metadata": {"labels": {"w": "2"}}}, merge)
    assert json.loads(lines.readline())["type"] == "DELETED"
    connection.close()


def test_a_watch_from_what_is_forgotten(cluster: SimulatedCluster) -> None:
    """It is told to list again: 410."""
    code, status = ask(cluster, "GET", "/api/v1/pods?watch=true&resourceVersion=1")
    assert (code, status["reason"]) == (410, "Expired")


def test_two_managers_conflict(cluster: SimulatedCluster) -> None:
    """Server-side apply refuses what another manager owns, names both, and takes it over when forced."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"a": "1"}}
    path, kind = "/api/v1/namespaces/default/configmaps/shared", "application/apply-patch+yaml"
    assert ask(cluster, "PATCH", f"{path}?fieldManager=one", body, kind)[0] == 201
    code, status = ask(cluster, "PATCH", f"{path}?fieldManager=two", {**body, "data": {"a": "2"}}, kind)
    assert (code, status["reason"]) == (409, "Conflict")
    assert 'conflict with "one"' in status["message"]
    assert (
        ask(cluster, "PATCH", f"{path}?fieldManager=two&force=true", {**body, "data": {"a": "2"}}, kind)[0]
        == 200
    )


def test_an_eviction_respects_a_budget(cluster: SimulatedCluster) -> None:
    """A pod that a budget needs stays, and the answer says so."""
    pod = {
        "metadata": {"name": "needed", "labels": {"b": "1"}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1"}]},
    }
    ask(cluster, "POST", "/api/v1/namespaces/default/pods", pod)
    budget = {
        "metadata": {"name": "one"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"b": "1"}}},
    }
    assert ask(cluster, "POST", "/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)[0] == 201
    with cluster.store.lock:
        cluster.store.changed.wait_for(lambda: ask_ready(cluster), timeout=20)
    code, status = ask(cluster, "POST", "/api/v1/namespaces/default/pods/needed/eviction", {})
    assert (code, status["reason"]) == (429, "TooManyRequests")


def ask_ready(cluster: SimulatedCluster) -> bool:
    pod = cluster.store.get(cluster.kinds.named("", "Pod"), "default", "needed")
    return pod is not None and any(
        item["type"] == "Ready" and item["status"] == "True" for item in pod["status"].get("conditions", ())
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]), PATHS, QUERIES, TYPES, JSON
)
def test_nothing_makes_it_fail(
    cluster: SimulatedCluster,
    method: str,
    parts: list[str],
    query: dict[str, str],
    content_type: str,
    body: Any,
) -> None:
    """Any method, path, query, type and body is answered, and never with a fault of the server."""
    path = "/" + "/".join(quote(part, safe="%") for part in parts) + ("?" + urlencode(query) if query else "")
    code, _ = ask(cluster, method, path, body, content_type)
    assert code < 500 or code in {501, 503}


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["spec", "metadata", "status", "data"]), st.sampled_from([
    "/api/v1/namespaces/default/pods", "/api/v1/namespaces/default/services", "/api/v1/namespaces/default/configmaps", DEPLOYMENTS,
    "/apis/apps/v1/namespaces/default/statefulsets", "/apis/batch/v1/namespaces/default/jobs", "/apis/batch/v1/namespaces/default/cronjobs",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    "/api/v1/namespaces/default/secrets", "/api/v1/namespaces/default/persistentvolumeclaims", "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
]), JSON, st.booleans())  # fmt: skip
def test_no_object_makes_it_fail(
    cluster: SimulatedCluster, key: str, path: str, part: Any, named: bool
) -> None:
    """Objects of every kind with any content are taken or refused."""
    body: dict[str, Any] = {"metadata": {"generateName": "odd-"} if named else {}, "spec": {}}
    body[key] = part
    code, _ = ask(cluster, "POST", f"{path}?dryRun=All", body)
    assert code < 500


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), TYPES, st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]))
def test_no_bytes_make_it_fail(cluster: SimulatedCluster, raw: bytes, content_type: str, method: str) -> None:
    """Bodies that are nothing at all are refused."""
    path = DEPLOYMENTS if method == "POST" else f"{DEPLOYMENTS}/odd?fieldManager=x"
    assert ask(cluster, method, path, None, content_type, raw)[0] < 500


def test_bodies_too_large_or_too_deep(cluster: SimulatedCluster) -> None:
    """They are refused before anybody walks them."""
    assert ask(cluster, "POST", DEPLOYMENTS, raw=b"[" * 100_000)[0] == 400
    assert ask(cluster, "POST", DEPLOYMENTS, raw=b'{"a":' * 5000 + b"1" + b"}" * 5000)[0] == 400
    assert ask(cluster, "POST", DEPLOYMENTS, raw=b"x" * (4 * 1024 * 1024))[0] == 413
