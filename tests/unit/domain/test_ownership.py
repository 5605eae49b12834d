"""Who set a field, as managedFields tells it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.test_differences import shapes
from trunkline.domain.differences import Path, Step
from trunkline.domain.ownership import Owner, outsider_at, owners_of


def live(*entries: Any) -> dict[str, Any]:
    return {"metadata": {"managedFields": list(entries)}}


def entry(fields: Any, manager: str = "kubectl-edit", at: str = "2026-11-23T09:41:02Z") -> dict[str, Any]:
    return {"manager": manager, "time": at, "fieldsV1": fields}


@pytest.mark.parametrize(
    ("fields", "path", "owned"),
    [
        ({"f:spec": {"f:replicas": {}}}, (Step("spec"), Step("replicas")), True),
        ({"f:spec": {"f:replicas": {}}}, (Step("spec"),), False),
        ({"f:spec": {".": {}, "f:replicas": {}}}, (Step("spec"),), True),
        ({"f:spec": {}}, (Step("spec"), Step("replicas")), True),
        ({"f:spec": {"f:x": {}}}, (Step("spec"), Step("replicas")), False),
        ({"f:c": {'k:{"name":"web"}': {}}}, (Step("c"), Step("web", {"name": "web", "image": "x"})), True),
        ({"f:c": {'k:{"name":"web"}': {}}}, (Step("c"), Step("web", {"name": "other"})), False),
        (
            {"f:p": {'k:{"port":80,"protocol":"TCP"}': {"f:port": {}}}},
            (Step("p"), Step("80", {"port": 80}), Step("port")),
            True,
        ),
        ({"f:f": {'v:"a"': {}}}, (Step("f"), Step("0", "a")), True),
        ({"f:f": {'v:"a"': {}}}, (Step("f"), Step("0", "b")), False),
        ({"f:f": {"k:nonsense": {}, "i:0": {}}}, (Step("f"), Step("0", {"name": "a"})), False),
        ("nonsense", (Step("f"),), False),
        (None, (Step("f"),), False),
    ],
)
def test_owned(fields: Any, path: Path, owned: bool) -> None:
    """A field is owned where its node stands for itself, or a node above it covers all below."""
    assert bool(owners_of(live(entry(fields)), path)) is owned


def test_the_latest_outsider() -> None:
    """Of several owners the latest one that is neither Helm nor Kubernetes counts."""
    fields: dict[str, Any] = {"f:spec": {}}
    seen = live(
        entry(fields, "kubectl-edit", "2026-11-23T09:00:00Z"),
        entry(fields, "kubectl-patch", "2026-11-23T10:00:00Z"),
        entry(fields, "helm", "2026-11-23T11:00:00Z"),
        entry(fields, "kube-controller-manager", "2026-11-23T12:00:00Z"),
    )
    assert outsider_at(seen, (Step("spec"),)) == Owner("kubectl-patch", "2026-11-23T10:00:00Z")
    assert outsider_at({}, (Step("spec"),)) is None


@given(shapes, st.lists(st.text(max_size=3), max_size=3))
def test_no_shape_raises(shape: Any, names: list[str]) -> None:
    """Whatever stands in managedFields, somebody or nobody owns the field."""
    path = tuple(Step(name) for name in names)
    owners_of({"metadata": {"managedFields": shape}}, path)
    owners_of({"metadata": shape}, path)
    owners_of(live(entry(shape)), path)
