"""The table around the rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rehearsal.tables.rows import KINDS, NOW
from trunkline.rehearsal.kinds import BUILT_IN, Kind
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.tables import table
from trunkline.rehearsal.tables.paths import find
from trunkline.rehearsal.tables.spelling import human

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.sampled_from(["", "x", "True", "Always", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(
        ["spec", "status", "metadata", "name", "type", "state", "conditions", "containers", "template", "labels", "ports",
         "containerStatuses", "initContainerStatuses", "terminated", "rules", "metrics", "subjects", "hard", "items"]), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
OBJECTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("metadata", "spec", "status", "data", "subsets", "type", "source", "webhooks"), ODD
    ),
)
WIDGET = Kind("example.com", ("v1",), "Widget", "widgets")
DEFINITION = {
    "spec": {
        "versions": [
            {"name": "v1alpha1"},
            {
                "name": "v1",
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "how big"},
                    {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
                    {"name": "List", "type": "string", "jsonPath": ".spec.list", "priority": 1},
                    {"name": "Flag", "type": "boolean", "jsonPath": ".spec.flag"},
                    {"name": "Share", "type": "number", "jsonPath": ".spec.share"},
                    {"name": "Born", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
                ],
            },
        ]
    }
}  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-2, "<invalid>"), (-1, "0s"), (0.9, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (600, "10m"),
        (605, "10m"), (10799, "179m"), (10800, "3h"), (11000, "3h3m"), (28800, "8h"), (172799, "47h"), (172800, "2d"),
        (180000, "2d2h"), (691200, "8d"), (63072000, "2y"), (63158400, "2y1d"), (252288000, "8y"), (300000000, "9y"),
    ],
)  # fmt: skip
def test_ages_are_told_as_people_like_them(seconds: float, said: str) -> None:
    """The longer ago, the less exactly it is told."""
    assert human(seconds) == said


def test_what_is_sent_along() -> None:
    """Each row bears the object, its metadata or nothing, as the client has asked, and the object is not changed."""
    value = {"kind": "Secret", "metadata": {"name": "s", "resourceVersion": "7"}, "data": {}}
    before = copy_of(value)
    sent = {
        include: table(KINDS.named("", "Secret"), [value], NOW, include=include)["rows"][0]["object"]
        for include in ("Metadata", "Object", "None")
    }
    assert sent == {
        "Metadata": {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": value["metadata"],
        },
        "Object": value,
        "None": None,
    }
    assert value == before


def test_the_table_of_one_object_has_its_version() -> None:
    """A client that then watches begins where the object was."""
    value = {"metadata": {"name": "s", "resourceVersion": "7"}}
    kind = KINDS.named("", "Secret")
    found = table(kind, [value], NOW)
    assert (found["kind"], found["apiVersion"], found["metadata"]) == (
        "Table",
        "meta.k8s.io/v1",
        {"resourceVersion": "7"},
    )
    assert table(kind, [], NOW)["metadata"] == {}
    assert table(kind, [], NOW)["rows"] == []


def test_columns_are_told_in_full() -> None:
    """A column has a name, a type, a format, a description and a priority, above 0 if it is only for wide tables."""
    found = table(KINDS.named("apps", "ReplicaSet"), [], NOW)["columnDefinitions"]
    assert [(item["name"], item["type"], item["format"], item["priority"]) for item in found] == [
        ("Name", "string", "name", 0),
        ("Desired", "integer", "", 0),
        ("Current", "integer", "", 0),
        ("Ready", "integer", "", 0),
        ("Age", "string", "", 0),
        ("Containers", "string", "", 1),
        ("Images", "string", "", 1),
        ("Selector", "string", "", 1),
    ]
    assert all(item["description"] for item in found)


def test_custom_resources_have_the_columns_of_their_definition() -> None:
    """Each printer column shows the first value at its path, if it is of the column's type."""
    value = {
        "apiVersion": "example.com/v1",
        "metadata": {"name": "w", "creationTimestamp": "2026-03-01T11:59:00Z"},
        "spec": {"size": 3, "list": ["a", 1, True], "flag": True, "share": 1.5},
        "status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]},
    }
    odd = {
        "apiVersion": "example.com/v1",
        "metadata": {"name": "o"},
        "spec": {"size": "3", "flag": "x", "share": True},
    }
    found = table(WIDGET, [value, odd], NOW, definition=DEFINITION)
    assert [row["cells"] for row in found["rows"]] == [
        ["w", 3, "True", '["a",1,true]', True, 1.5, "60s"],
        ["o", None, None, None, None, None, None],
    ]
    assert [item["priority"] for item in found["columnDefinitions"]] == [0, 0, 0, 1, 0, 0, 0]
    assert found["columnDefinitions"][1]["description"] == "how big"


def test_custom_resources_without_columns_show_their_age() -> None:
    """A definition that says nothing of columns gets a name and an age."""
    value = {
        "apiVersion": "example.com/v1alpha1",
        "metadata": {"name": "w", "creationTimestamp": "2026-03-01T11:59:00Z"},
    }
    found = table(WIDGET, [value], NOW, definition=DEFINITION)
    assert [item["name"] for item in found["columnDefinitions"]] == ["Name", "Age"]
    assert found["rows"][0]["cells"] == ["w", "60s"]


VALUE = {"a": {"b.c": [1, 2, 3], "d": [{"n": "x", "v": 1}, {"n": "y", "v": 2}, {"v": 3}]}}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", [VALUE]),
        (".", [VALUE]),
        (".a.d[0].n", ["x"]),
        ("a.d[0].n", ["x"]),
        ("{.a.d[0].n}", ["x"]),
        ("$.a.d[-1].v", [3]),
        (".a.d[9]", []),
        (".a.d[-9]", []),
        (".a.d[*].v", [1, 2, 3]),
        (".a.d[1:].v", [2, 3]),
        (".a.d[0:1].v", [1]),
        (r".a.b\.c[0]", [1]),
        (".a['b.c'][1]", [2]),
        ('.a["b.c"][1]', [2]),
        (".a['b.c'][*]", [1, 2, 3]),
        ('.a.d[?(@.n=="y")].v', [2]),
        (".a.d[?(@.n == 'y')].v", [2]),
        (".a.d[?(@.v>1)].v", [2, 3]),
        (".a.d[?(@.n>1)].v", []),
        (".a.d[?(@.n)].v", [1, 2]),
        ("['a'].d[0].v", [1]),
        (".a.x.y", []),
        (".a[", []),
        (".a[?(", []),
    ],
)
def test_paths(path: str, found: list[Any]) -> None:
    """A JSONPath leads to its values, and one that nobody can read leads nowhere."""
    assert find(VALUE, path) == found


@given(path=st.text(alphabet=".ab[]?()@=='\"\\*:-0123 $", max_size=30))
def test_hostile_paths(path: str) -> None:
    """No path is an error."""
    find(VALUE, path)


@given(value=OBJECTS)
@settings(max_examples=60, deadline=None)
def test_hostile_objects(value: dict[str, Any]) -> None:
    """No object of any kind is an error, and each has as many cells as columns."""
    for kind in (*BUILT_IN, WIDGET):
        found = table(kind, [value], NOW, definition=DEFINITION if kind is WIDGET else None)
        assert len(found["rows"][0]["cells"]) == len(found["columnDefinitions"])
        json.dumps(found)


@given(definition=st.fixed_dictionaries({"spec": st.fixed_dictionaries({"versions": ODD})}))
def test_hostile_definitions(definition: dict[str, Any]) -> None:
    """No definition of a custom resource is an error."""
    json.dumps(table(WIDGET, [{"metadata": {"name": "w"}}], NOW, definition=definition))
