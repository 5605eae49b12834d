"""Who has set what."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.unit.rehearsal.patches.kinds import (
    CONFIG_MAP,
    CUSTOM,
    DEPLOYMENT,
    NOW,
    STAMP,
    config_map,
    deployment,
    owned,
)
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches import Tracker
from trunkline.rehearsal.registry import Write

_LATER = NOW + timedelta(minutes=1)


def _written(
    kind: Kind, previous: Any, value: Any, manager: str, now: datetime = NOW, subresource: str = ""
) -> Any:
    """What is stored of a write: a client that says nothing of managers keeps them, as the registry does."""
    value = copy_of(value)
    if previous is not None and "managedFields" not in value["metadata"]:
        value["metadata"]["managedFields"] = previous["metadata"].get("managedFields", [])
        if not value["metadata"]["managedFields"]:
            del value["metadata"]["managedFields"]
    Tracker(lambda: now).track(kind, previous, value, Write(manager, subresource))
    return value


def test_an_entry_tells_who_when_and_how() -> None:
    """An entry has the manager, the operation, the version, the time and the fields."""
    assert _written(CONFIG_MAP, None, config_map(a="1"), "maker")["metadata"]["managedFields"] == [
        {
            "manager": "maker",
            "operation": "Update",
            "apiVersion": "v1",
            "time": STAMP,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {".": {}, "f:a": {}}},
        }
    ]


def test_what_is_changed_goes_to_whoever_changed_it() -> None:
    """A changed field leaves its manager, a removed one leaves all, and a manager of nothing vanishes."""
    first = _written(CONFIG_MAP, None, config_map(a="1", b="1"), "one")
    second = _written(CONFIG_MAP, first, config_map(a="2", b="1", c="1"), "two", _LATER)
    assert owned(second) == {
        "one Update": {"f:data": {".": {}, "f:b": {}}},
        "two Update": {"f:data": {"f:a": {}, "f:c": {}}},
    }
    third = _written(CONFIG_MAP, second, config_map(b="1"), "three", _LATER)
    assert owned(third) == {"one Update": {"f:data": {".": {}, "f:b": {}}}}


def test_a_write_that_changes_nothing_notes_nothing() -> None:
    """Nothing changed means not even another time."""
    first = _written(CONFIG_MAP, None, config_map(a="1"), "one")
    assert _written(CONFIG_MAP, first, config_map(a="1"), "one", _LATER) == first
    assert _written(CONFIG_MAP, first, config_map(a="1"), "two", _LATER) == first


def test_what_only_the_api_sets_is_nobodys() -> None:
    """The name, the version, the generation and the like have no manager."""
    value = config_map(a="1")
    value["metadata"] |= {
        "uid": "u",
        "resourceVersion": "1",
        "creationTimestamp": STAMP,
        "generation": 1,
        "labels": {"a": "b"},
    }
    assert list(owned(_written(CONFIG_MAP, None, value, "one"))["one Update"]["f:metadata"]) == ["f:labels"]  # fmt: skip


def test_a_subresource_has_its_own_entry() -> None:
    """What is written through the status is noted there, and a client cannot change managers through it."""
    first = _written(DEPLOYMENT, None, deployment(), "one")
    value = {**first, "metadata": {**first["metadata"], "managedFields": [{}]}, "status": {"replicas": 1}}
    second = _written(DEPLOYMENT, first, value, "controller", _LATER, "status")
    assert owned(second)["controller Update"] == {"f:status": {"f:replicas": {}}}
    assert owned(second)["one Update"] == owned(first)["one Update"]
    assert second["metadata"]["managedFields"][1]["subresource"] == "status"


def test_the_status_that_an_object_begins_with_is_nobodys() -> None:
    """Whoever creates an object does not manage its status."""
    value = {**deployment(), "status": {"phase": "Pending"}}
    assert "f:status" not in owned(_written(DEPLOYMENT, None, value, "maker"))["maker Update"]


@pytest.mark.parametrize("reset", [[], [{}]])
def test_managers_can_be_forgotten(reset: Any) -> None:
    """An empty list, or one empty entry, forgets all managers, and from then on nobody is noted."""
    first = _written(CONFIG_MAP, None, config_map(a="1"), "one")
    asked = config_map(a="1")
    asked["metadata"]["managedFields"] = reset
    second = _written(CONFIG_MAP, first, asked, "one")
    assert "managedFields" not in second["metadata"]
    assert "managedFields" not in _written(CONFIG_MAP, second, config_map(a="2"), "one")["metadata"]


def test_managers_can_be_written_by_hand() -> None:
    """A client may move fields from one manager to another, as kubectl and Helm do; what makes no sense is not taken."""
    first = _written(CONFIG_MAP, None, config_map(a="1"), "one")
    asked = copy_of(first)
    entry = asked["metadata"]["managedFields"][0]
    entry |= {"manager": "kubectl", "operation": "Apply"}
    assert list(owned(_written(CONFIG_MAP, first, asked, "kubectl"))) == ["kubectl Apply"]
    entry["operation"] = "Frob"
    assert list(owned(_written(CONFIG_MAP, first, asked, "kubectl"))) == ["one Update"]


def test_lists_of_custom_resources_have_one_owner() -> None:
    """Of a custom resource, maps are merged, and lists are owned as a whole."""
    value = {
        "apiVersion": "example.org/v1",
        "kind": "Thing",
        "metadata": {"name": "it"},
        "spec": {"a": {"b": 1}, "c": [{"name": "x"}]},
    }
    assert owned(_written(CUSTOM, None, value, "one")) == {
        "one Update": {"f:spec": {".": {}, "f:a": {".": {}, "f:b": {}}, "f:c": {}}}
    }


def test_a_list_that_is_only_put_in_another_order_has_not_changed() -> None:
    """The order of a list of maps is nobody's."""
    one, two = {"name": "one"}, {"name": "two"}
    first = _written(DEPLOYMENT, None, deployment(one, two), "maker")
    assert owned(_written(DEPLOYMENT, first, deployment(two, one), "other")) == owned(first)


def test_tracking_is_quick() -> None:
    """A write of a Deployment with ten containers is tracked in less than a millisecond."""
    containers = [
        {"name": f"c{number}", "image": "i", "env": [{"name": "A", "value": "1"}]} for number in range(10)
    ]
    first = _written(DEPLOYMENT, None, deployment(*containers), "maker")
    value = {**first, "status": {"replicas": 1}}
    tracker, how = Tracker(lambda: NOW), Write("controller", "status")
    durations = []
    for _ in range(50):
        value["metadata"] = {**first["metadata"]}
        began = time.perf_counter()
        tracker.track(DEPLOYMENT, first, value, how)
        durations.append(time.perf_counter() - began)
    assert min(durations) < 0.001
