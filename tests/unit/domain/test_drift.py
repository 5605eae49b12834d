"""A live object against the last release's manifest, and who changed it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given

from tests.unit.domain.test_differences import objects
from trunkline.domain.drift import drift

AT = "2026-11-23T09:41:02Z"
MANIFEST: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {
                "containers": [
                    {
                        "name": "web",
                        "image": "web:1",
                        "command": None,
                        "env": [{"name": "A", "value": "1"}, {"name": "EMPTY", "value": ""}],
                        "ports": [{"containerPort": 8080}],
                        "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}},
                    }
                ]
            },
        },
    },
}


def live() -> dict[str, Any]:
    """The object as the API server has it after an untouched release."""
    made = copy.deepcopy(MANIFEST)
    made["metadata"] |= {
        "namespace": "team",
        "uid": "1",
        "annotations": {"deployment.kubernetes.io/revision": "1", "meta.helm.sh/release-name": "web"},
        "labels": {"app.kubernetes.io/managed-by": "Helm"},
        "managedFields": [
            owner("helm", {"f:spec": {"f:replicas": {}}, "f:metadata": {"f:labels": {".": {}}}}),
            owner(
                "kube-controller-manager",
                {
                    "f:metadata": {"f:annotations": {"f:deployment.kubernetes.io/revision": {}}},
                    "f:status": {},
                },
            ),
        ],
    }
    made["status"] = {"replicas": 1}
    made["spec"]["strategy"] = {"type": "RollingUpdate"}
    web = container(made)
    del web["command"]
    web |= {"imagePullPolicy": "IfNotPresent", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}
    web["env"][1] = {"name": "EMPTY"}
    web["ports"] = [{"containerPort": 8080, "protocol": "TCP"}]
    return made


def container(item: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = item["spec"]["template"]["spec"]["containers"][0]
    return found


def owner(name: str, fields: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"manager": name, "operation": "Update", "time": AT, "fieldsV1": fields, **more}


def below(*names: str, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    node = fields or {}
    for name in reversed(names):
        node = {name: node}
    return node


CONTAINERS = ("f:spec", "f:template", "f:spec", "f:containers")
WEB = (*CONTAINERS, 'k:{"name":"web"}')


def told(seen: dict[str, Any], expected: dict[str, Any] | None = None, **more: bool) -> list[tuple[str, ...]]:
    changes = drift(MANIFEST, seen, expected, **more)
    return [
        (change.path, change.kind.value, str(change.before), str(change.after), change.by)
        for change in changes
    ]


@pytest.mark.parametrize("informed", [False, True])
def test_an_untouched_release(informed: bool) -> None:
    """Defaults, spellings, controllers' notes and Helm's own labels are no drift, with the API's help and without."""
    assert told(live(), live() if informed else None) == []


def test_a_changed_image() -> None:
    """A value that somebody changed is told with both sides, by whom, and when."""
    seen, expected = live(), live()
    container(seen)["image"] = "web:2"
    seen["metadata"]["managedFields"].append(owner("kubectl-edit", below(*WEB, "f:image")))
    [change] = drift(MANIFEST, seen, expected)
    assert change.path == "spec.template.spec.containers[web].image"
    assert (change.before, change.after, change.by, change.at) == ("web:1", "web:2", "kubectl-edit", AT)


@pytest.mark.parametrize("informed", [False, True])
def test_what_was_removed(informed: bool) -> None:
    """An entry that is gone is told; nobody is noted as its owner."""
    seen = live()
    del container(seen)["env"][0]
    assert told(seen, live() if informed else None) == [
        ("spec.template.spec.containers[web].env[A]", "removed", "{'name': 'A', 'value': '1'}", "None", "")
    ]


@pytest.mark.parametrize("manager", ["kubectl-patch", "Mozilla", "Reloader"])
def test_what_was_added(manager: str) -> None:
    """An entry in a list that a client other than Helm owns is told."""
    seen = live()
    container(seen)["env"].append({"name": "B", "value": "2"})
    fields = below(*WEB, "f:env", 'k:{"name":"B"}', fields={".": {}, "f:name": {}, "f:value": {}})
    seen["metadata"]["managedFields"].append(owner(manager, fields))
    assert told(seen, live()) == [
        ("spec.template.spec.containers[web].env[B]", "added", "None", "{'name': 'B', 'value': '2'}", manager)
    ]


@pytest.mark.parametrize(
    ("manager", "subresource", "counts"),
    [
        ("kubectl-annotate", "", True),
        ("kubectl-annotate", "status", False),
        ("cert-manager", "", False),
        ("kube-controller-manager", "", False),
        ("k3s", "", False),
        ("helm", "", False),
    ],
)
def test_annotations_of_the_object(manager: str, subresource: str, counts: bool) -> None:
    """A person's annotation counts; those in which controllers keep their notes do not."""
    seen = live()
    seen["metadata"]["annotations"]["note"] = "x"
    fields = below("f:metadata", "f:annotations", "f:note")
    seen["metadata"]["managedFields"].append(owner(manager, fields, subresource=subresource))
    assert bool(told(seen, live())) is counts


def test_what_the_api_server_spells_otherwise() -> None:
    """A value that a webhook or the API server would make the same again is no drift."""
    seen = live()
    container(seen)["image"] = "mirror/web:1"
    assert told(seen, copy.deepcopy(seen)) == []
    assert told(seen, None) != []


def test_a_default_that_somebody_spelled_out() -> None:
    """A default that another client owns, as after `kubectl create`, is no drift; another value is."""
    seen, expected = live(), live()
    fields = below(*WEB, "f:imagePullPolicy")
    seen["metadata"]["managedFields"].append(owner("kubectl-create", fields))
    assert told(seen, expected) == []
    container(seen)["imagePullPolicy"] = "Never"
    [(path, *_)] = told(seen, expected)
    assert path == "spec.template.spec.containers[web].imagePullPolicy"


def test_replicas() -> None:
    """Scaling by hand is drift, by an autoscaler it is not."""
    seen = live()
    seen["spec"]["replicas"] = 3
    assert told(seen, live()) == [("spec.replicas", "changed", "1", "3", "")]
    assert told(seen, live(), autoscaled=True) == []


@pytest.mark.parametrize(
    ("kind", "number", "counts"), [("Deployment", 3, True), ("Deployment", 1, False), ("Odd", 3, False)]
)
def test_replicas_that_the_manifest_does_not_name(kind: str, number: int, counts: bool) -> None:
    """Without a number in the manifest a workload has one replica, unless somebody scaled it."""
    manifest = {"apiVersion": "apps/v1", "kind": kind, "spec": {}}
    assert bool(drift(manifest, {**manifest, "spec": {"replicas": number}})) is counts


def test_a_field_that_says_no() -> None:
    """A false that is gone counts where the API server says that it would be there."""
    manifest = {"kind": "ServiceAccount", "automountServiceAccountToken": False}
    seen: dict[str, Any] = {"kind": "ServiceAccount"}
    assert drift(manifest, seen, manifest)
    assert not drift(manifest, seen, seen)
    assert not drift(manifest, seen, None)


def test_roles_that_kubernetes_fills() -> None:
    """The rules of an aggregated role are Kubernetes' own."""
    manifest = {"kind": "ClusterRole", "aggregationRule": {"x": 1}, "rules": []}
    assert not drift(manifest, {**manifest, "rules": [{"verbs": ["get"]}]})


def test_a_list_without_keys() -> None:
    """A list that only makes sense as a whole is told as a whole."""
    manifest = {"kind": "Role", "rules": [{"verbs": ["get"]}]}
    seen = {"kind": "Role", "rules": [{"verbs": ["get"]}, {"verbs": ["list"]}]}
    [change] = drift(manifest, seen)
    assert (change.path, change.before, change.after) == ("rules", manifest["rules"], seen["rules"])


def test_a_secret() -> None:
    """Of a Secret only the key is told."""
    manifest = {"kind": "Secret", "stringData": {"a": "hunter2-hunter2"}}
    [change] = drift(manifest, {"kind": "Secret", "data": {"a": "b3RoZXI="}})
    assert (change.path, change.hidden, change.before, change.after) == ("data.a", True, None, None)


@given(objects)
def test_nothing_drifts_from_itself(item: dict[str, Any]) -> None:
    """An object that is as its manifest says has no drift, whatever its shape."""
    item = {**item, "apiVersion": "v1"}
    assert not drift(item, item)
    assert not drift(item, item, item)


@given(objects, objects, objects)
def test_no_shape_raises(manifest: dict[str, Any], seen: dict[str, Any], expected: dict[str, Any]) -> None:
    """Objects of any shape can be compared."""
    drift(manifest, seen)
    drift(manifest, seen, expected)
