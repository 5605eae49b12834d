"""Reading a release's manifest, which may be of any shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.rollouts import Progress, Resource, awaited_in, images_of, selectors_of


def deployment(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "spec": {
                    "initContainers": [{"name": "migrate", "image": "q/migrate:1"}],
                    "containers": [
                        {"name": "web", "image": "q/web:1"},
                        {"name": "proxy", "image": "q/proxy:2"},
                    ],
                }
            },
        },
    }
    return made | changes


def made(kind: str, version: str, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **more}


def test_what_is_awaited() -> None:
    """Whatever has a state to wait for is awaited, in the namespace that it names or the release's."""
    objects = [
        deployment(),
        deployment(kind="StatefulSet", metadata={"name": "db", "namespace": "data"}),
        deployment(kind="DaemonSet", metadata={"name": "agent", "namespace": ""}),
        made("Job", "batch/v1", "seed"),
        made("Pod", "v1"),
        made("PersistentVolumeClaim", "v1"),
        made("Service", "v1", "public", spec={"type": "LoadBalancer"}),
        made("HorizontalPodAutoscaler", "autoscaling/v2"),
        made("CustomResourceDefinition", "apiextensions.k8s.io/v1", "crons.example.com"),
        made("Certificate", "cert-manager.io/v1"),
        made("Deployment", "apps.example.com/v1"),
    ]
    assert awaited_in(objects, "team") == (
        Resource("Deployment", "team", "web", "apps/v1"),
        Resource("StatefulSet", "data", "db", "apps/v1"),
        Resource("DaemonSet", "team", "agent", "apps/v1"),
        Resource("Job", "team", "seed", "batch/v1"),
        Resource("Pod", "team", "x", "v1"),
        Resource("PersistentVolumeClaim", "team", "x", "v1"),
        Resource("Service", "team", "public", "v1"),
        Resource("HorizontalPodAutoscaler", "team", "x", "autoscaling/v2"),
        Resource("CustomResourceDefinition", "", "crons.example.com", "apiextensions.k8s.io/v1"),
        Resource("Certificate", "team", "x", "cert-manager.io/v1"),
        Resource("Deployment", "team", "x", "apps.example.com/v1"),
    )


@pytest.mark.parametrize(
    "item",
    [
        made("Service", "v1", spec={"type": "ClusterIP"}),
        made("Service", "v1"),
        made("CronJob", "batch/v1"),
        made("ConfigMap", "v1"),
        made("Secret", "v1"),
        made("Role", "rbac.authorization.k8s.io/v1"),
        made("Ingress", "networking.k8s.io/v1"),
        made("Job", "batch/v1", spec={"suspend": True}),
        made("Job", "apps/v1"),
        {**made("Job", "batch/v1"), "metadata": {"name": "x", "annotations": {"helm.sh/hook": "pre-install"}}},
    ],
    ids=lambda item: f"{item['kind']} {item['apiVersion']}",
)  # fmt: skip
def test_what_is_not_awaited(item: dict[str, Any]) -> None:
    """What has no state to wait for, what waits for a person, and Helm's hooks are left out."""
    assert awaited_in([item], "team") == ()


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (Resource("Deployment", "team", "web", "apps/v1"), True),
        (Resource("Deployment", "team", "web"), True),
        (Resource("Deployment", "team", "web", "apps.example.com/v1"), False),
        (Resource("Pod", "team", "web", "v1"), False),
    ],
)
def test_what_makes_pods(resource: Resource, expected: bool) -> None:
    """Only Kubernetes' own controllers are known to bring up pods."""
    assert resource.has_pods is expected


def test_lists_are_looked_into() -> None:
    """Objects that a chart wraps into a `List` are found like any other, each once."""
    wrapped = [
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [deployment(), None, {"kind": "List", "items": [deployment()]}],
        }
    ]
    assert len(awaited_in(wrapped, "team")) == 1
    assert images_of(wrapped) == ("q/migrate:1", "q/web:1", "q/proxy:2")


def test_images_and_selectors() -> None:
    """Every image is told once, in order; selectors are those of the workloads."""
    objects = [
        deployment(),
        deployment(metadata={"name": "web2"}),
        {"kind": "Service", "spec": {"selector": {"a": "b"}}},
    ]
    assert images_of(objects) == ("q/migrate:1", "q/web:1", "q/proxy:2")
    assert selectors_of(objects) == ({"app": "web"}, {"app": "web"})


_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.just("Deployment"),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["items", "kind", "metadata", "name", "namespace", "spec", "selector", "matchLabels", "template",
                         "containers", "initContainers", "image"]),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "apiVersion": st.sampled_from(["apps/v1", "batch/v1", None, 1, [], "apps"]),
                "kind": st.sampled_from(["Deployment", "Job", "List", None, 1, ["Deployment"], {}]),
                "metadata": _odd,
                "spec": _odd,
                "items": _odd,
            },
        ),
        max_size=3,
    )
)
def test_no_manifest_breaks_the_reader(objects: list[dict[str, Any]]) -> None:
    """Whatever a chart renders, what is found are names, images and selectors."""
    assert all(item.name and item.namespace for item in awaited_in(objects, "team"))
    assert all(isinstance(image, str) for image in images_of(objects))
    assert all(isinstance(labels, dict) for labels in selectors_of(objects))


@pytest.mark.parametrize(
    "spec", [None, [], "text", {"template": None, "selector": None}, {"template": {"spec": []}}]
)
def test_an_empty_spec_names_nothing(spec: object) -> None:
    """A workload without a usable spec is watched all the same; the cluster will say what is wrong with it."""
    objects = [deployment(spec=spec)]
    assert awaited_in(objects, "team") == (Resource("Deployment", "team", "web", "apps/v1"),)
    assert images_of(objects) == ()
    assert selectors_of(objects) == ()


def test_progress_is_a_line_for_people() -> None:
    """A line tells the workload, how many are ready and what it waits for; once done it waits for nothing."""
    web = Resource("Deployment", "team", "web", "apps/v1")
    assert (
        str(Progress(web, 1, 3, done=False, waits_for="no pod yet"))
        == "deployment/web: 1/3 ready, no pod yet"
    )
    assert str(Progress(web, 3, 3, done=True, waits_for="x")) == "deployment/web: 3/3 ready"
