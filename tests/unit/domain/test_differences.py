"""Where two versions of an object differ."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.differences import ChangeKind, compare_manifests, compare_objects

SECRET = "swordfish-and-chips"
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
names = st.sampled_from(
    ["name", "port", "env", "data", "spec", "kind", "metadata", "protocol", "limits"]
) | st.text(max_size=3)
shapes = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names | st.integers(), inner, max_size=4),
    max_leaves=20,
)
objects = st.dictionaries(names, shapes, max_size=5)


def config(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def told(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    changes = compare_objects(before, after)
    return [(change.path, change.kind.value, change.before, change.after) for change in changes]


CASES: list[tuple[dict[str, Any], dict[str, Any], list[tuple[str, str, Any, Any]]]] = [
    (
        pod(containers=[{"name": "web", "image": "a:1"}]),
        pod(containers=[{"name": "web", "image": "a:2"}]),
        [("spec.containers[web].image", "changed", "a:1", "a:2")],
    ),
    (
        pod(containers=[{"name": "a"}, {"name": "b"}]),
        pod(containers=[{"name": "b"}, {"name": "a"}]),
        [],
    ),
    (
        pod(containers=[{"name": "a"}]),
        pod(containers=[{"name": "b", "image": "x"}, {"name": "a"}]),
        [("spec.containers[b]", "added", None, {"name": "b", "image": "x"})],
    ),
    (
        pod(containers=[{"name": "a", "env": [{"name": "X", "value": "1"}]}]),
        pod(containers=[{"name": "a"}]),
        [("spec.containers[a].env[X]", "removed", {"name": "X", "value": "1"}, None)],
    ),
    (
        pod(ports=[{"port": 80}, {"port": 53, "protocol": "UDP"}]),
        pod(ports=[{"port": 53, "protocol": "UDP"}, {"port": 80, "targetPort": 8080}]),
        [("spec.ports[80/TCP].targetPort", "added", None, 8080)],
    ),
    (pod(a=None, b={"c": None}), pod(b={}), []),
    (pod(resources={"limits": {"cpu": "1000m"}}), pod(resources={"limits": {"cpu": 1}}), []),
    (
        pod(resources={"limits": {"cpu": "1"}}),
        pod(),
        [("spec.resources.limits.cpu", "removed", "1", None)],
    ),
    (pod(args=["a", "b"]), pod(args=["b", "a"]), [("spec.args", "changed", ["a", "b"], ["b", "a"])]),
    (
        pod(rules=[{"verbs": ["get"]}]),
        pod(rules=[{"verbs": ["get", "list"]}]),
        [("spec.rules[0].verbs", "changed", ["get"], ["get", "list"])],
    ),
    (pod(on=True), pod(on=1), [("spec.on", "changed", True, 1)]),
    (pod(port="80"), pod(port=80), [("spec.port", "changed", "80", 80)]),
    (pod(x={"a": 1}), pod(x=[1]), [("spec.x", "changed", {"a": 1}, [1])]),
    (config(**{"app.ini": "a"}), config(**{"app.ini": "b"}), [("data[app.ini]", "changed", "a", "b")]),
    ({**config(), "status": {"a": 1}}, config(), []),
]


@pytest.mark.parametrize(
    ("before", "after", "expected"), CASES, ids=[str(number) for number in range(len(CASES))]
)
def test_differences(
    before: dict[str, Any], after: dict[str, Any], expected: list[tuple[str, str, Any, Any]]
) -> None:
    """What means the same is no difference; the rest is told by its path, with both sides."""
    assert told(before, after) == expected


def test_manifests() -> None:
    """Objects that are new, gone or changed are told in the order of kinds and names."""
    other = {**config(a="1"), "metadata": {"name": "other"}}
    found = compare_manifests([pod(a=1), config(a="1")], [other, pod(a=2)], "team")
    assert [(str(item.object), item.kind) for item in found] == [
        ("ConfigMap/c", ChangeKind.REMOVED),
        ("ConfigMap/other", ChangeKind.ADDED),
        ("Pod/p", ChangeKind.CHANGED),
    ]
    assert found[0].changes[0].before == config(a="1")
    assert found[1].changes[0].after == other


def test_another_version_of_the_api() -> None:
    """An object that moves to another version of its API is the same object."""
    new = {**pod(), "apiVersion": "v2"}
    [item] = compare_manifests([pod()], [new], "team")
    assert [(change.path, change.before, change.after) for change in item.changes] == [
        ("apiVersion", "v1", "v2")
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"data": {"a": "c3dvcmRmaXNo"}}, {"data": {"a": "b3RoZXI="}}),
        ({"stringData": {"a": SECRET}}, {"stringData": {"a": "x"}}),
        ({"stringData": {"a": SECRET}}, {}),
        ({}, {"data": {"a": "c3dvcmRmaXNo"}}),
    ],
)
def test_a_secret(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Of a Secret it is told which key changed, and nothing of the values."""
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    [change] = compare_objects({**kind, **before}, {**kind, **after})
    assert (change.path, change.hidden, change.before, change.after) == ("data.a", True, None, None)


def test_the_same_secret_spelled_otherwise() -> None:
    """A Secret's text and the same as data are no difference."""
    kind = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    assert not compare_objects({**kind, "stringData": {"a": "abc"}}, {**kind, "data": {"a": "YWJj"}})


def test_a_change_within_what_is_masked() -> None:
    """Two texts that differ in a masked part alone are told as changed and not shown."""
    [change] = compare_objects(config(ini=f"password={SECRET}"), config(ini="password=another"))
    assert (change.kind, change.hidden, change.before) == (ChangeKind.CHANGED, True, None)


@given(objects)
def test_nothing_differs_from_itself(item: dict[str, Any]) -> None:
    """No object differs from itself, whatever its shape."""
    assert not compare_objects(item, item)
    assert not compare_manifests([item], [item], "team")


@given(objects, objects)
def test_no_shape_raises(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Two objects of any shape can be compared, and what differs one way differs the other way."""
    there, back = compare_objects(before, after), compare_objects(after, before)
    assert {change.path for change in there} == {change.path for change in back}


@given(st.dictionaries(st.text(min_size=1, max_size=5), shapes, min_size=1, max_size=6), st.randoms())
def test_the_order_of_lists_with_keys(values: dict[str, Any], chance: random.Random) -> None:
    """The order of items that have keys says nothing."""
    items = [{"name": name, "value": value} for name, value in values.items()]
    assert not compare_objects(pod(items=items), pod(items=chance.sample(items, len(items))))


def test_very_deep_objects() -> None:
    """An object far deeper than any of Kubernetes' is compared all the same."""
    one: Any = 1
    other: Any = math.nan
    for _ in range(900):
        one, other = {"a": [one]}, {"a": [other]}
    assert not compare_objects(pod(x=one), pod(x=one))
    assert compare_objects(pod(x=one), pod(x=other))
