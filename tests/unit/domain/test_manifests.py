"""Objects of a manifest: which is which, and when two spellings mean the same."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.manifests import Identity, blank, essence, identified, merge_key, quantity, same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000m", "1"),
        ("1000m", 1),
        (0.5, "500m"),
        ("1Gi", "1024Mi"),
        ("1Gi", "1073741824"),
        ("100M", "1e8"),
        ("100M", "100e6"),
        (100000000.0, "100M"),
        ("0", 0),
        ("1.5Gi", "1536Mi"),
    ],
)
def test_quantities_that_are_the_same(one: Any, other: Any) -> None:
    """Two spellings of one amount are the same where quantities stand, and texts everywhere else."""
    assert same(one, other, ("spec", "resources", "limits", "cpu"))
    assert same(other, one, ("spec", "resources", "limits", "cpu"))
    assert same(one, other, ("data", "limits")) is (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1", "1m"), ("1G", "1Gi"), ("1", ""), ("1", "one"), (1, True), (0, False), ("1", None)],
)
def test_quantities_that_differ(one: Any, other: Any) -> None:
    """Other amounts differ, and what is no amount is compared as it is."""
    assert not same(one, other, ("limits",))


@pytest.mark.parametrize("text", ["", "m", "1 Gi", "1e", "1e9999", "Gi1", "--1", "1.2.3", "\u0661", "9" * 99])
def test_no_quantities(text: str) -> None:
    """What Kubernetes takes for no amount, or is absurdly long, is none."""
    assert quantity(text) is None


def test_a_quantity() -> None:
    """An amount is exact."""
    assert quantity("0.1") == Decimal("0.1")
    assert quantity("3n") == Decimal("0.000000003")
    assert quantity(True) is None


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (False, False, True),
        ("80", 80, False),
        (math.nan, math.nan, True),
        ("a", "a", True),
        ([], {}, False),
    ],
)
def test_other_values(one: Any, other: Any, expected: bool) -> None:
    """Elsewhere a number is no text, and no truth is a number."""
    assert same(one, other, ("spec",)) is expected


def test_identified() -> None:
    """Objects are told apart by group, kind, namespace and name; members of lists count, other shapes do not."""
    web = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}
    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "other"}}
    listed = {"apiVersion": "v1", "kind": "List", "items": [other, "nonsense"]}
    shapeless = [None, 1, "x", {}, {"kind": "Pod"}, {"kind": 1}, {"kind": "Pod", "metadata": {"name": 3}}]
    assert identified([web, listed, *shapeless], "team") == {
        Identity("Deployment", "web", "team", "apps"): web,
        Identity("Service", "web", "other"): other,
    }


def test_essence() -> None:
    """Status and bookkeeping are nobody's decision; a Secret's texts are data that is not encoded yet."""
    secret = {
        "kind": "Secret",
        "metadata": {"name": "x", "uid": "1", "creationTimestamp": None, "managedFields": [], "labels": {}},
        "data": {"a": "YQ=="},
        "stringData": {"b": "b", "a": "c"},
        "status": {},
    }
    assert essence(secret) == {
        "kind": "Secret",
        "metadata": {"name": "x", "labels": {}},
        "data": {"a": "Yw==", "b": "Yg=="},
    }


@pytest.mark.parametrize(
    ("items", "names"),
    [
        ([{"name": "a"}, {"name": "b"}], ["a", "b"]),
        ([{"port": 53}, {"port": 53, "protocol": "UDP"}], ["53/TCP", "53/UDP"]),
        ([{"name": "http", "containerPort": 80}, {"containerPort": 81}], ["80/TCP", "81/TCP"]),
        ([{"mountPath": "/a", "name": "x"}, {"mountPath": "/b", "name": "x"}], ["/a", "/b"]),
        ([{"name": "a"}, {"name": "a"}], None),
        ([{"name": "a"}, "b"], None),
        (["a", "b"], None),
        ([{"name": ["a"]}], None),
    ],
)
def test_merge_key(items: list[Any], names: list[str] | None) -> None:
    """A list has keys where Kubernetes merges by them and each names one item."""
    key = merge_key(items)
    assert (None if key is None else [key(item) for item in items]) == names


@pytest.mark.parametrize("value", [None, "", 0, False, {}, [], {"a": None}])
def test_blank(value: Any) -> None:
    """Such values say nothing."""
    assert blank(value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_shape(shape: Any) -> None:
    """Whatever a manifest holds, it is sorted out without an exception."""
    identified([shape, {"kind": "XList", "items": shape}, {"kind": "X", "metadata": shape}], "team")
    blank(shape)
    merge_key([shape])
    quantity(shape)
