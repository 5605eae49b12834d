"""Objects by their paths, in the words of the real API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.api.asking import TYPES, Asking, config_map, deployment, pod

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"


def names(found: Any) -> list[str]:
    return [item["metadata"]["name"] for item in found["items"]]


def test_life(api: Asking) -> None:
    """An object is created, read, changed and deleted, each time with a new version."""
    made = api.post(MAPS, config_map("a", x="1"))
    assert api.get(f"{MAPS}/a") == made
    code, changed = api.ask("PUT", f"{MAPS}/a", {**made, "data": {"x": "2"}})
    assert (code, changed["data"]) == (200, {"x": "2"})
    assert int(changed["metadata"]["resourceVersion"]) > int(made["metadata"]["resourceVersion"])
    code, status = api.ask("DELETE", f"{MAPS}/a")
    assert (code, status["kind"], status["status"]) == (200, "Status", "Success")
    assert status["details"] == {"name": "a", "kind": "configmaps", "uid": made["metadata"]["uid"]}
    assert api.refused("GET", f"{MAPS}/a") == (404, "NotFound", 'configmaps "a" not found')


def test_deleting_what_stays(api: Asking) -> None:
    """What finalizers hold back is answered as the object that ends."""
    value = config_map("a")
    value["metadata"]["finalizers"] = ["example.com/hold"]
    api.post(MAPS, value)
    code, found = api.ask("DELETE", f"{MAPS}/a")
    assert (code, found["kind"]) == (200, "ConfigMap")
    assert found["metadata"]["deletionTimestamp"]


def test_old_version(api: Asking) -> None:
    """Whoever writes over a change of somebody else is told to read again."""
    made = api.post(MAPS, config_map("a"))
    api.ask("PUT", f"{MAPS}/a", {**made, "data": {"x": "2"}})
    code, reason, message = api.refused("PUT", f"{MAPS}/a", {**made, "data": {"x": "3"}})
    assert (code, reason) == (409, "Conflict")
    assert "the object has been modified; please apply your changes to the latest version" in message


def test_dry_run(api: Asking) -> None:
    """A dry run answers as the deed would, and stores nothing."""
    assert api.post(MAPS, config_map("a"), dryRun="All")["metadata"]["uid"]
    assert "a" not in names(api.get(MAPS))
    api.post(MAPS, config_map("a"))
    assert api.ask("DELETE", f"{MAPS}/a", query={"dryRun": "All"})[0] == 200
    assert api.get(f"{MAPS}/a")


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "/nowhere", b"", (404, "NotFound", "the server could not find the requested resource")),
        ("GET", "/openapi/v2", b"", (404, "NotFound", "the server could not find the requested resource")),
        ("GET", "/api/v1/unicorns", b"", (404, "NotFound", "the server could not find the requested resource")),
        ("PUT", MAPS, b"{}", (405, "MethodNotAllowed", "the server does not allow this method on the requested resource")),
        ("GET", PODS + "?fieldSelector=spec.foo%3D1", b"", (400, "BadRequest", "field label not supported: spec.foo")),
        ("POST", "/api/v1/namespaces/nowhere/configmaps", config_map("a"), (404, "NotFound", 'namespaces "nowhere" not found')),
        ("DELETE", f"{MAPS}/none", b"", (404, "NotFound", 'configmaps "none" not found')),
        ("PUT", f"{MAPS}/none", config_map("none"), (404, "NotFound", 'configmaps "none" not found')),
    ],
)  # fmt: skip
def test_refusals(api: Asking, method: str, path: str, body: Any, expected: tuple[int, str, str]) -> None:
    """What is refused is refused in the real API's words."""
    assert api.refused(method, path, body) == expected


@pytest.mark.parametrize("body", [b"{", b"[1]", b"\xff", b'{"a":' * 5000, b"null"])
def test_broken_bodies(api: Asking, body: bytes) -> None:
    """A body that is no object of JSON is a bad request."""
    assert api.refused("POST", MAPS, body)[:2] == (400, "BadRequest")


def test_unknown_type(api: Asking) -> None:
    """A body of a type that nobody reads is refused as such."""
    code, reason, _ = api.refused("POST", MAPS, b"<a/>", content_type="text/xml")
    assert (code, reason) == (415, "UnsupportedMediaType")


def test_selectors(api: Asking) -> None:
    """Lists hold what their selectors ask for, in one namespace or in all."""
    for name, tier in (("a", "web"), ("b", "web"), ("c", "batch")):
        api.post(MAPS, config_map(name, {"tier": tier}))
    assert names(api.get(MAPS, labelSelector="tier=web")) == ["a", "b"]
    assert names(api.get("/api/v1/configmaps", labelSelector="tier in (batch, x)")) == ["c"]
    assert names(api.get(MAPS, labelSelector="tier,tier!=web")) == ["c"]
    assert names(api.get(MAPS, fieldSelector="metadata.name=b")) == ["b"]


def test_chunks(api: Asking) -> None:
    """A long list comes in parts, none twice and none left out."""
    for number in range(7):
        api.post(MAPS, config_map(f"m{number}", {"many": "yes"}))
    seen: list[str] = []
    more = ""
    while True:
        found = api.get(MAPS, labelSelector="many", limit=3, **({"continue": more} if more else {}))
        assert len(found["items"]) <= 3
        seen += names(found)
        more = found["metadata"].get("continue", "")
        if not more:
            break
    assert seen == [f"m{number}" for number in range(7)]


def test_delete_collection(api: Asking) -> None:
    """A collection is deleted as its selector says."""
    for name, tier in (("a", "web"), ("b", "web"), ("c", "batch")):
        api.post(MAPS, config_map(name, {"tier": tier}))
    assert api.ask("DELETE", MAPS, query={"labelSelector": "tier=web"})[0] == 200
    assert names(api.get(MAPS, labelSelector="tier")) == ["c"]


def test_field_validation(api: Asking) -> None:
    """Unknown fields are refused, warned of or let pass, as the client wishes."""
    odd = {**config_map("a"), "dada": {}}
    code, reason, message = api.refused("POST", MAPS, odd, query={"fieldValidation": "Strict"})
    assert (code, reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "dada"' in message
    warned = api.raw("POST", MAPS, odd, query={"fieldValidation": "Warn"})
    assert (warned.code, warned.headers["Warning"]) == (201, '299 - "unknown field \\"dada\\""')
    odd["metadata"]["name"] = "b"
    assert not api.raw("POST", MAPS, odd, query={"fieldValidation": "Ignore"}).headers


@pytest.mark.parametrize(
    ("how", "patch"),
    [
        ("json", [{"op": "replace", "path": "/spec/replicas", "value": 3}]),
        ("merge", {"spec": {"replicas": 3}}),
        ("strategic", {"spec": {"replicas": 3}}),
        ("apply", {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3}}),
    ],
)
def test_patches(api: Asking, how: str, patch: Any) -> None:
    """Each kind of patch changes what it says and leaves the rest."""
    api.post(DEPLOYMENTS, deployment("web"), fieldManager="a")
    query = {"fieldManager": "b", "force": "true"} if how == "apply" else {}
    code, found = api.ask("PATCH", f"{DEPLOYMENTS}/web", patch, content_type=TYPES[how], query=query)
    assert (code, found["spec"]["replicas"], found["metadata"]["generation"]) == (200, 3, 2)
    assert found["spec"]["template"]["spec"]["containers"][0]["image"] == "app:1"


def test_apply_creates_and_conflicts(api: Asking) -> None:
    """Applying creates what is not there, in YAML too, and a second manager has to force what differs."""
    first = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
    code, _ = api.ask("PATCH", f"{MAPS}/a", first, content_type=TYPES["apply"], query={"fieldManager": "a"})
    assert code == 201
    second = first.replace(b"'1'", b"'2'")
    code, reason, message = api.refused(
        "PATCH", f"{MAPS}/a", second, content_type=TYPES["apply"], query={"fieldManager": "b"}
    )
    assert (code, reason) == (409, "Conflict")
    assert 'conflict with "a": .data.x' in message
    query = {"fieldManager": "b", "force": "true"}
    code, found = api.ask("PATCH", f"{MAPS}/a", second, content_type=TYPES["apply"], query=query)
    assert (code, found["data"]["x"]) == (200, "2")


def test_scale(api: Asking) -> None:
    """The scale of a Deployment is read, replaced and patched."""
    api.post(DEPLOYMENTS, deployment("web", 2))
    scale = api.get(f"{DEPLOYMENTS}/web/scale")
    assert (scale["kind"], scale["spec"], scale["status"]["selector"]) == (
        "Scale",
        {"replicas": 2},
        "app=web",
    )
    scale["spec"]["replicas"] = 4
    assert api.ask("PUT", f"{DEPLOYMENTS}/web/scale", scale)[1]["spec"] == {"replicas": 4}
    api.ask("PATCH", f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 1}}, content_type=TYPES["merge"])
    assert api.get(f"{DEPLOYMENTS}/web")["spec"]["replicas"] == 1


def test_status(api: Asking) -> None:
    """A status is written by itself only, and an object's writer leaves it alone."""
    made = api.post(DEPLOYMENTS, deployment("web"))
    made["status"] = {"observedGeneration": 7}
    made["spec"]["replicas"] = 5
    code, found = api.ask("PUT", f"{DEPLOYMENTS}/web/status", made)
    assert (code, found["status"], found["spec"]["replicas"]) == (200, {"observedGeneration": 7}, 1)


def test_log_of_a_container_that_waits(api: Asking) -> None:
    """A container that has not begun has no log, and the client is told why."""
    api.post(PODS, pod("a"))
    assert api.refused("GET", f"{PODS}/a/log") == (
        400,
        "BadRequest",
        'container "app" in pod "a" is waiting to start: ContainerCreating',
    )
    assert api.refused("GET", f"{PODS}/a/log", query={"previous": "true"}) == (
        400,
        "BadRequest",
        'previous terminated container "app" in pod "a" not found',
    )
    assert api.refused("GET", f"{PODS}/a/log?container=x")[2] == "container x is not valid for pod a"


def test_eviction_under_a_budget(api: Asking) -> None:
    """A pod is evicted unless its disruption budget forbids it."""
    api.post(PODS, pod("a", app="a"))
    api.post(PODS, pod("b", app="b"))
    budget = {
        "metadata": {"name": "b"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "b"}}},
    }
    api.post("/apis/policy/v1/namespaces/default/poddisruptionbudgets", budget)
    for _ in range(10):
        api.clock.advance(2)
        api.settle()
    conditions = {item["type"]: item["status"] for item in api.get(f"{PODS}/b")["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert api.refused("POST", f"{PODS}/b/eviction", {}) == (
        429,
        "TooManyRequests",
        "Cannot evict pod as it would violate the pod's disruption budget.",
    )
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "a"}}
    assert api.ask("POST", f"{PODS}/a/eviction", eviction)[0] == 201
    assert api.get(f"{PODS}/a")["metadata"]["deletionTimestamp"]
    assert api.refused("POST", f"{PODS}/none/eviction", eviction)[0] == 404


def test_reviews(api: Asking) -> None:
    """Whoever asks may do everything, and is told who that is."""
    asked = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods", "namespace": "default"}}}
    found = api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", asked)
    assert (found["kind"], found["status"]["allowed"]) == ("SelfSubjectAccessReview", True)
    found = api.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert found["status"]["userInfo"]["username"] == "rehearsal"
    assert api.refused("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")[0] == 405


def test_tokens(api: Asking) -> None:
    """A token is given to a ServiceAccount that is there, for ten minutes at least."""
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    api.ask("POST", accounts, {"metadata": {"name": "robot"}})
    found = api.post(f"{accounts}/robot/token", {"spec": {"expirationSeconds": 600}})
    assert (found["kind"], found["status"]["expirationTimestamp"]) == ("TokenRequest", "2026-03-01T12:10:00Z")
    for seconds in (1, "x", 10**30, True):
        code, _ = api.ask("POST", f"{accounts}/robot/token", {"spec": {"expirationSeconds": seconds}})
        assert code == 422
    assert api.ask("POST", f"{accounts}/nobody/token", {})[0] == 404
