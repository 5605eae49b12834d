"""Requests past all clients: selectors, chunks, preconditions, conflicts, and what is refused."""

from __future__ import annotations

from tests.fidelity.sessions.manifests import config, deployment
from tests.fidelity.steps import Session, http

_MAPS = "/api/v1/namespaces/NS/configmaps"
_STRATEGIC = "application/strategic-merge-patch+json"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/NS/deployments"

_STEPS = (
    http("post", "POST", _MAPS, config("a", x="1")),
    http("post again", "POST", _MAPS, config("a", x="1")),
    http("post dry", "POST", f"{_MAPS}?dryRun=All", config("dry", x="1")),
    http("post dry in another way", "POST", f"{_MAPS}?dryRun=Some", config("dry", x="1")),
    http("post second", "POST", _MAPS, config("b", x="1")),
    http("post without a name", "POST", _MAPS, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
    http("post a bad name", "POST", _MAPS, config("A_B")),
    http(
        "post another kind", "POST", _MAPS, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}
    ),
    http(
        "post another namespace",
        "POST",
        _MAPS,
        {**config("q"), "metadata": {"name": "q", "namespace": "default"}},
    ),
    http("post no JSON", "POST", _MAPS, "{nothing"),
    http("post a list of numbers", "POST", _MAPS, [1, 2]),
    http("post wrong types", "POST", _MAPS, {**config("w"), "data": {"x": 1}}),
    http("post an unknown medium", "POST", _MAPS, config("m"), "text/html"),
    http("get", "GET", f"{_MAPS}/a"),
    http("get nothing", "GET", f"{_MAPS}/none"),
    http("get an unknown resource", "GET", "/api/v1/namespaces/NS/things"),
    http("get an unknown group", "GET", "/apis/no.such/v1/things"),
    http("method not allowed", "POST", f"{_MAPS}/a", config("a")),
    http("put a list", "PUT", _MAPS, config("a")),
    http("first chunk", "GET", f"{_MAPS}?limit=1&fieldSelector=metadata.name!=kube-root-ca.crt"),
    http("by name", "GET", f"{_MAPS}?fieldSelector=metadata.name=b"),
    http("by an unknown field", "GET", f"{_MAPS}?fieldSelector=data.x=1"),
    http("by a bad label", "GET", f"{_MAPS}?labelSelector=a%20b"),
    http("bad limit", "GET", f"{_MAPS}?limit=many"),
    http("bad continue", "GET", f"{_MAPS}?continue=nonsense"),
    http("bad version", "GET", f"{_MAPS}?resourceVersion=abc"),
    http("match without a version", "GET", f"{_MAPS}?resourceVersionMatch=Exact"),
    http("conflict", "PUT", f"{_MAPS}/a", {**config("a"), "metadata": {"name": "a", "resourceVersion": "1"}}),
    http("put under another name", "PUT", f"{_MAPS}/a", config("b")),
    http("put", "PUT", f"{_MAPS}/a", config("a", x="2")),
    http("merge patch", "PATCH", f"{_MAPS}/a", {"data": {"y": "1"}}, "application/merge-patch+json"),
    http("strategic patch", "PATCH", f"{_MAPS}/a", {"data": {"y": None}}, _STRATEGIC),
    http("patch of an unknown kind", "PATCH", f"{_MAPS}/a", {}, "application/json"),
    http("patch nothing", "PATCH", f"{_MAPS}/none", {"data": {}}, "application/merge-patch+json"),
    http("patch no JSON", "PATCH", f"{_MAPS}/a", "{", "application/merge-patch+json"),
    http("JSON patch no list", "PATCH", f"{_MAPS}/a", {"op": "add"}, "application/json-patch+json"),
    http("apply without a manager", "PATCH", f"{_MAPS}/a", config("a"), "application/apply-patch+yaml"),
    http("apply", "PATCH", f"{_MAPS}/c?fieldManager=me", config("c", x="1"), "application/apply-patch+yaml"),
    http(
        "apply conflict",
        "PATCH",
        f"{_MAPS}/c?fieldManager=you",
        config("c", x="2"),
        "application/apply-patch+yaml",
    ),
    http("delete another uid", "DELETE", f"{_MAPS}/a", {"preconditions": {"uid": "another"}}),
    http("delete dry", "DELETE", f"{_MAPS}/a?dryRun=All"),
    http("delete", "DELETE", f"{_MAPS}/a"),
    http("delete again", "DELETE", f"{_MAPS}/a"),
    http("deployment with no selector", "POST", _DEPLOYMENTS, {**deployment(), "spec": {}}),
    http(
        "deployment that matches not",
        "POST",
        _DEPLOYMENTS,
        deployment(selector={"matchLabels": {"app": "other"}}),
    ),
    http("deployment, dry", "POST", f"{_DEPLOYMENTS}?dryRun=All", deployment(replicas=0)),
    http("scale of nothing", "GET", f"{_DEPLOYMENTS}/none/scale"),
    http("logs of nothing", "GET", "/api/v1/namespaces/NS/pods/none/log"),
    http("delete collection", "DELETE", f"{_MAPS}?labelSelector=no=such"),
)
SESSIONS = (Session("requests", _STEPS),)
