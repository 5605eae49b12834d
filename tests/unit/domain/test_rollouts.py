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


def test_what_is_watched() -> None:
    """Workloads of the built-in kinds are watched, in the namespace that they name or the release's."""
    objects = [
        deployment(),
        deployment(kind="StatefulSet", metadata={"name": "db", "namespace": "data"}),
        deployment(kind="DaemonSet", metadata={"name": "agent", "namespace": ""}),
        deployment(kind="Job", apiVersion="batch/v1", metadata={"name": "seed"}),
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}},
        {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"}},
    ]
    assert awaited_in(objects, "team") == (
        Resource("Deployment", "team", "web", "apps/v1"),
        Resource("StatefulSet", "data", "db", "apps/v1"),
        Resource("DaemonSet", "team", "agent", "apps/v1"),
        Resource("Job", "team", "seed", "batch/v1"),
    )


def test_a_foreign_kind_of_the_same_name_is_not_watched() -> None:
    """A Deployment of somebody's own API group is not Kubernetes' Deployment."""
    assert awaited_in([deployment(apiVersion="apps.example.com/v1"), deployment(kind="Job")], "team") == ()


def test_lists_are_looked_into() -> None:
    """Objects that a chart wraps into a `List` are found like any other."""
    wrapped = [
        {
            "apiVersion": "v1",
            "kind": "List",
            "items": [deployment(), None, {"kind": "List", "items": [deployment()]}],
        }
    ]
    assert len(awaited_in(wrapped, "team")) == 2
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
