"""What there is, as clients learn it."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.api.asking import Asking

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(group: str = "example.com", plural: str = "widgets", kind: str = "Widget") -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": schema,
        "subresources": {"status": {}, "scale": {}},
    }
    names = {
        "plural": plural,
        "singular": kind.lower(),
        "kind": kind,
        "listKind": f"{kind}List",
        "shortNames": ["wd"],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }  # fmt: skip


def test_resources(api: Asking) -> None:
    """Kinds are listed with their verbs, short names, categories and subresources."""
    found = {item["name"]: item for item in api.get("/apis/apps/v1")["resources"]}
    assert found["deployments"]["shortNames"] == ["deploy"]
    assert found["deployments"]["categories"] == ["all"]
    assert "watch" in found["deployments"]["verbs"]
    assert found["deployments/scale"]["kind"] == "Scale"
    assert found["deployments/scale"]["group"] == "autoscaling"
    assert {"name": "apps", "version": "v1"}.items() <= {
        "name": api.get("/apis/apps")["name"], "version": api.get("/apis/apps")["preferredVersion"]["version"],
    }.items()  # fmt: skip


def test_custom_resources(api: Asking) -> None:
    """What a definition defines is served until it is gone, and its objects go with it."""
    assert api.refused("GET", "/apis/example.com/v1")[0] == 404
    api.post(CRDS, definition())
    api.settle()
    found = api.get(f"{CRDS}/widgets.example.com")
    assert {item["type"]: item["status"] for item in found["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert found["status"]["acceptedNames"]["kind"] == "Widget"
    assert "example.com" in [group["name"] for group in api.get("/apis")["groups"]]
    path = "/apis/example.com/v1/namespaces/default/widgets"
    api.post(path, {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}})
    assert api.get(path)["kind"] == "WidgetList"
    patch = "application/strategic-merge-patch+json"
    assert api.refused("PATCH", f"{path}/a", {}, content_type=patch)[0] == 415
    scaled, _ = api.ask("PUT", f"{path}/a/scale", {"spec": {"replicas": 1}})
    assert scaled == 200
    api.ask("DELETE", f"{CRDS}/widgets.example.com")
    api.settle()
    assert api.refused("GET", path)[0] == 404


def test_definitions_leave_built_in_kinds_alone(api: Asking) -> None:
    """A definition of a kind that is built in takes nothing over, and its end ends nothing."""
    api.ask("POST", CRDS, definition("apps", "deployments", "Deployment"))
    api.settle()
    api.ask("DELETE", f"{CRDS}/deployments.apps")
    api.settle()
    found = {item["name"] for item in api.get("/apis/apps/v1")["resources"]}
    assert {"deployments", "deployments/status"} <= found


def test_openapi(api: Asking) -> None:
    """Every kind of every group can be patched with `fieldValidation`, as clients look it up."""
    for path in api.get("/openapi/v3")["paths"]:
        document = api.get(f"/openapi/v3/{path}")
        for operations in document["paths"].values():
            names = {item["name"] for item in operations["patch"]["parameters"]}
            assert "fieldValidation" in names
            assert operations["patch"]["x-kubernetes-group-version-kind"]["kind"]


def test_openapi_tells_fields(api: Asking) -> None:
    """A kind's fields are told with their types, and no reference leads nowhere."""
    document = api.get("/openapi/v3/apis/apps/v1")
    schemas = document["components"]["schemas"]
    spec = schemas[schemas["apps.v1.Deployment"]["properties"]["spec"]["$ref"].rpartition("/")[2]]
    assert spec["properties"]["replicas"] == {"type": "integer", "format": "int32"}
    for path in api.get("/openapi/v3")["paths"]:
        found = api.get(f"/openapi/v3/{path}")
        there = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
        assert set(references(found)) <= there


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in references(item)]
