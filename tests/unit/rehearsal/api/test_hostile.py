"""Whatever is sent, the API answers it with something that is no fault of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.rehearsal.api.asking import TYPES, Asking, config_map, deployment, pod
from tests.unit.rehearsal.api.test_discovery import CRDS, definition
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import BUILT_IN, Kind

_METHODS = st.sampled_from(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW"))
_KEYS = st.sampled_from(
    (
        "metadata", "name", "namespace", "labels", "annotations", "ownerReferences", "finalizers", "generateName", "uid",
        "managedFields", "resourceVersion", "deletionTimestamp", "spec", "status", "replicas", "selector", "matchLabels",
        "template", "containers", "image", "ports", "env", "resources", "limits", "cpu", "conditions", "data", "stringData",
        "kind", "apiVersion", "preconditions", "propagationPolicy", "gracePeriodSeconds", "target", "deleteOptions",
        "op", "path", "value", "from", "$patch", "$retainKeys", "$deleteFromPrimitiveList/finalizers", "group", "names",
        "versions", "plural", "scope", "schema", "served", "storage", "shortNames", "categories", "subresources",
        "resourceAttributes", "maxSurge", "strategy", "rollingUpdate", "type", "parallelism", "schedule", "hard",
        "minAvailable", "rules", "backend", "volumes", "initContainers", "readinessProbe", "metrics", "parameters",
    )
)  # fmt: skip
_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8),
    st.sampled_from((
        "app", "default", "team-a", "v1", "apps/v1", "replace", "add", "remove", "/metadata/name", "/spec/replicas", "/-",
        "1Gi", "100m", "25%", "Foreground", "Orphan", "2026-01-01T00:00:00Z", "9" * 40,
    )),
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=4), st.dictionaries(_KEYS | st.text(max_size=5), below, max_size=6)),
    max_leaves=20,
)  # fmt: skip
_QUERIES = st.dictionaries(
    st.sampled_from((
        "labelSelector", "fieldSelector", "limit", "continue", "resourceVersion", "resourceVersionMatch", "watch",
        "sendInitialEvents", "allowWatchBookmarks", "timeoutSeconds", "dryRun", "force", "fieldManager", "tailLines",
        "fieldValidation", "propagationPolicy", "gracePeriodSeconds", "container", "previous", "sinceSeconds", "limitBytes",
        "includeObject", "follow", "timestamps",
    )),
    st.sampled_from((
        "", "0", "1", "-1", "true", "All", "Strict", "Ignore", "Exact", "NotOlderThan", "app=web", "app in (a,b),!c", "x>1", "a=(",
        "metadata.name=app", "status.phase=Running", "99999999999999999999999", "WzFd", "e30=", "app", "NaN", "\x00", "é\n",
    )) | st.text(max_size=10),
    max_size=4,
)  # fmt: skip
_TYPES = st.sampled_from(
    (
        *TYPES.values(),
        "application/json",
        "application/vnd.kubernetes.protobuf",
        "",
        "text/x",
        "application/yaml",
    )
)
_ACCEPTS = st.sampled_from(
    ("", "application/json", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "*/*")
)


def _path(kind: Kind, namespace: str, name: str, below: str) -> str:
    start = f"/apis/{kind.group}/{kind.versions[-1]}" if kind.group else "/api/v1"
    inside = f"/namespaces/{namespace}" if namespace else ""
    return (
        f"{start}{inside}/{kind.plural}"
        + (f"/{name}" if name else "")
        + (f"/{below}" if name and below else "")
    )


_PATHS = st.one_of(
    st.builds(
        _path,
        st.sampled_from(BUILT_IN),
        st.sampled_from(("", "default", "default", "nowhere", "%00")),
        st.sampled_from(("", "app", "web", "kubernetes", "%2F", "é")),
        st.sampled_from(("", "", "status", "scale", "log", "eviction", "binding", "finalize", "proxy/x", "exec", "token", "no")),
    ),
    st.lists(st.sampled_from(("api", "apis", "v1", "openapi", "v3", "watch", "namespaces", "..", "", "version")) | st.text(max_size=5))
    .map(lambda parts: "/" + "/".join(parts)),
)  # fmt: skip


@pytest.fixture(scope="module")
def asking() -> Iterator[Asking]:
    """One cluster for all of it: what an odd request has left must not harm the next."""
    found = Asking()
    _restock(found)
    yield found
    found.close()


def _restock(asking: Asking) -> None:
    base = "/api/v1/namespaces/default"
    asking.ask("POST", f"{base}/configmaps", config_map("app"))
    asking.ask("POST", f"{base}/pods", pod("app", app="app"))
    asking.ask("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("app"))


def _answered(asking: Asking, method: str, path: str, query: dict[str, str], **more: Any) -> int:
    with contextlib.suppress(ApiError):
        answer = asking.raw(method, path, query=query, **more)
        if answer.parts is not None:
            next(answer.parts, None) if "allowWatchBookmarks" in query else None
            answer.parts.close()  # type: ignore[attr-defined]  # every stream here is a generator
        elif answer.content_type == "application/json":
            json.loads(answer.body)
        return answer.code
    return 400


_SETTINGS = settings(
    deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_SETTINGS
@given(method=_METHODS, path=_PATHS, query=_QUERIES, type_=_TYPES, accept=_ACCEPTS, body=_VALUES)
def test_any_json(
    asking: Asking, method: str, path: str, query: dict[str, str], type_: str, accept: str, body: Any
) -> None:
    """Any method on any path with any JSON is answered, and never with a server's fault."""
    code = _answered(asking, method, path, query, body=body, content_type=type_, accept=accept)
    assert code < 500 or code in {501, 503}


@_SETTINGS
@given(
    what=st.sampled_from((("/api/v1", "pods"), ("/api/v1", "configmaps"), ("/apis/apps/v1", "deployments"))),
    method=st.sampled_from(("POST", "PUT", "PATCH")),
    type_=_TYPES,
    below=st.sampled_from(("", "", "/status", "/scale", "/binding", "/eviction")),
    path=st.lists(_KEYS, min_size=1, max_size=4),
    value=_VALUES,
    query=_QUERIES,
)
def test_objects_with_one_odd_place(
    asking: Asking, what: tuple[str, str], method: str, type_: str, below: str, path: list[str], value: Any, query: dict[str, str]
) -> None:  # fmt: skip
    """An object that is in order but for one place is taken or refused, and so is every object after it."""
    _restock(asking)
    base, plural = what
    body = {"pods": pod("app"), "configmaps": config_map("app"), "deployments": deployment("app")}[plural]
    _plant(body, path, value)
    address = f"{base}/namespaces/default/{plural}" + ("" if method == "POST" else f"/app{below}")
    code = _answered(asking, method, address, query, body=body, content_type=type_)
    assert code < 500 or code == 501
    asking.settle()
    assert asking.raw("GET", f"{base}/{plural}").code == 200


def _plant(value: Any, path: list[str], what: Any) -> None:
    """Put something at a place, through lists to their first item, making the way where there is none."""
    for number, key in enumerate(path):
        while isinstance(value, list) and value:
            value = value[0]
        if not isinstance(value, dict):
            return
        if number == len(path) - 1 or not isinstance(value.get(key, {}), dict | list):
            value[key] = what
            return
        value = value.setdefault(key, {})


@_SETTINGS
@given(body=st.binary(max_size=60), type_=_TYPES, method=st.sampled_from(("POST", "PUT", "PATCH", "DELETE")))
def test_any_bytes(asking: Asking, body: bytes, type_: str, method: str) -> None:
    """Any bytes as a body of any type are answered, and never with a server's fault."""
    path = "/api/v1/namespaces/default/configmaps" + ("" if method == "POST" else "/app")
    for content in (body, b"k8s\x00" + body, b"{" + body + b"}", b"a: " + body):
        assert _answered(asking, method, path, {"fieldManager": "x"}, body=content, content_type=type_) < 500


@_SETTINGS
@given(path=st.lists(_KEYS, min_size=1, max_size=3), value=_VALUES)
def test_definitions_with_one_odd_place(asking: Asking, path: list[str], value: Any) -> None:
    """A definition that is in order but for one place is served, refused or left alone, and so is what it defines."""
    body = definition()
    _plant(body["spec"], path, value)
    asking.ask("POST", CRDS, body)
    asking.settle()
    for address in ("/apis", "/openapi/v3", "/apis/example.com/v1", "/openapi/v3/apis/example.com/v1"):
        assert asking.raw("GET", address).code in {200, 404}
    widgets = "/apis/example.com/v1/namespaces/default/widgets"
    made = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": value}
    assert asking.raw("POST", widgets, made).code < 500
    for below in ("", "/scale", "/status"):
        assert asking.raw("GET", f"{widgets}/a{below}").code < 500
        assert asking.raw("PUT", f"{widgets}/a{below}", {**made, "spec": {"replicas": 1}}).code < 500
    table = asking.raw("GET", widgets, accept="application/json;as=Table;v=v1;g=meta.k8s.io,application/json")
    assert table.code < 500
    asking.ask("DELETE", f"{CRDS}/widgets.example.com")
    asking.settle()
