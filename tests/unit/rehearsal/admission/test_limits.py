"""LimitRanges: what containers are given, and what is refused and in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.errors import ApiError


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as found:
        yield found


def limit(cluster: Played, *items: dict[str, Any]) -> Any:
    value = {"metadata": {"name": "limits", "namespace": "default"}, "spec": {"limits": list(items)}}
    return cluster.create("", "LimitRange", value)["spec"]["limits"]


def pod(*resources: Any) -> dict[str, Any]:
    containers = [
        {"name": name, "image": "web:1", "resources": found}
        for name, found in zip("abc", resources, strict=False)
    ]
    return {"metadata": {"name": "web", "namespace": "default"}, "spec": {"containers": containers}}


def refusal(cluster: Played, value: dict[str, Any], kind: str = "Pod") -> str:
    with pytest.raises(ApiError) as caught:
        cluster.create("", kind, value)
    assert caught.value.code == 403
    return caught.value.message.partition(" is forbidden: ")[2]


def test_what_a_range_leaves_to_be_concluded(cluster: Played) -> None:
    """A most is the default, too, and a default is what is requested."""
    given = {
        "type": "Container",
        "max": {"memory": "64Mi", "cpu": "1"},
        "min": {"memory": "4Mi", "pods": "1"},
    }
    concluded = {"cpu": "1", "memory": "64Mi"}
    assert limit(cluster, given) == [
        {**given, "default": concluded, "defaultRequest": {**concluded, "pods": "1"}}
    ]
    assert limit_of_pods(cluster) == [{"type": "Pod", "max": {"cpu": "1"}}]


def limit_of_pods(cluster: Played) -> Any:
    value = {
        "metadata": {"name": "more", "namespace": "default"},
        "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]},
    }
    return cluster.create("", "LimitRange", value)["spec"]["limits"]


def test_defaults(cluster: Played) -> None:
    """A container gets what it does not say, and a note tells which."""
    limit(
        cluster,
        {"type": "Container", "default": {"cpu": "1", "memory": "64Mi"}, "defaultRequest": {"cpu": "100m"}},
    )
    cluster.create("", "Pod", pod({}, {"limits": {"memory": "32Mi"}, "requests": {"cpu": "2m"}}))
    found = cluster.get("", "Pod", "web")
    assert found["metadata"]["annotations"] == {
        "kubernetes.io/limit-ranger": "LimitRanger plugin set: cpu, memory request for container a; cpu, memory limit "
        "for container a; cpu limit for container b"
    }
    assert [item["resources"] for item in found["spec"]["containers"]] == [
        {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}},
        {"requests": {"cpu": "2m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "32Mi"}},
    ]


@pytest.mark.parametrize(
    ("item", "resources", "said"),
    [
        ({"max": {"memory": "64Mi"}}, {"limits": {"memory": "128Mi"}}, "maximum memory usage per Container is 64Mi, but limit is 128Mi"),
        ({"min": {"memory": "4Mi"}}, {"limits": {"memory": "1Mi"}}, "minimum memory usage per Container is 4Mi, but request is 1Mi"),
        (
            {"maxLimitRequestRatio": {"memory": "2"}}, {"requests": {"memory": "10Mi"}, "limits": {"memory": "64Mi"}},
            "memory max limit to request ratio per Container is 2, but provided ratio is 6.400000",
        ),
        ({"maxLimitRequestRatio": {"cpu": "2"}}, {}, "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0"),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}}, {"requests": {"cpu": "1"}},
            "cpu max limit to request ratio per Container is 2, but no limit is specified or limit is 0",
        ),
        (
            {"max": {"memory": "64Mi", "cpu": "1"}}, {"limits": {"memory": "128Mi", "cpu": 2}},
            "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 64Mi, but limit is 128Mi]",
        ),
        ({"type": "Pod", "max": {"cpu": "1500m"}}, {"limits": {"cpu": "2"}}, "maximum cpu usage per Pod is 1500m, but limit is 2"),
        ({"type": "Pod", "max": {"cpu": "1"}}, {}, "maximum cpu usage per Pod is 1.  No limit is specified"),
        ({"type": "Pod", "min": {"cpu": "1"}}, {}, "minimum cpu usage per Pod is 1.  No request is specified"),
    ],
)  # fmt: skip
def test_refusals(cluster: Played, item: dict[str, Any], resources: dict[str, Any], said: str) -> None:
    """What is out of bounds is refused in the API's words."""
    limit(cluster, {"type": "Container", **item})
    assert refusal(cluster, pod(resources)) == said


@pytest.mark.parametrize(
    ("requests", "said"),
    [
        (
            {"storage": "500Mi"},
            "minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 500Mi",
        ),
        ({"storage": "3Gi"}, "maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"),
    ],
)
def test_claims(cluster: Played, requests: dict[str, str], said: str) -> None:
    """A claim has bounds, too."""
    limit(cluster, {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}})
    claim = {
        "metadata": {"name": "data", "namespace": "default"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": requests}},
    }
    assert refusal(cluster, claim, "PersistentVolumeClaim") == said


def test_within_bounds(cluster: Played) -> None:
    """What is within the bounds is made, as is what the range of another namespace would refuse."""
    limit(
        cluster,
        {"type": "Container", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "2"}},
    )
    cluster.create("", "Pod", pod({"requests": {"cpu": "1"}, "limits": {"cpu": "2"}}))
    other = pod({"limits": {"cpu": "9"}})
    cluster.create("", "Pod", {**other, "metadata": {"name": "web", "namespace": "kube-public"}})


@pytest.mark.parametrize(
    "items", [3, [3], [{"type": "Container", "max": 3, "min": []}], [{"type": "Pod", "max": {"cpu": "x"}}]]
)
def test_odd_ranges(cluster: Played, items: Any) -> None:
    """A range of the wrong shape stops nobody's work."""
    value = {"metadata": {"name": "limits", "namespace": "default"}, "spec": {"limits": items}}
    cluster.create("", "LimitRange", value)
    cluster.create("", "Pod", pod([], {"limits": []}))
