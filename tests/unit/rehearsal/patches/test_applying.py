"""Server-side apply, beyond what was recorded of a real one."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.rehearsal.patches.kinds import (
    CONFIG_MAP,
    CUSTOM,
    DEPLOYMENT,
    NOW,
    SERVICE,
    config_map,
    deployment,
    owned,
)
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches import Tracker, apply
from trunkline.rehearsal.registry import Write

_LATER = NOW + timedelta(minutes=1)
_ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration"


def _updated(previous: Any, value: Any, manager: str) -> Any:
    value = copy_of(value)
    if previous is not None:
        value["metadata"].setdefault("managedFields", previous["metadata"]["managedFields"])
    Tracker(lambda: NOW).track(CONFIG_MAP, previous, value, Write(manager))
    return value


def _annotated(value: dict[str, Any], last: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = copy_of(value)
    found["metadata"]["annotations"] = {_ANNOTATION: json.dumps(last) + "\n"}
    return found


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (
            [("kubectl-client-side-apply", {"a": "1"})],
            'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using v1: .data.a',
        ),
        (
            [("one", {"a": "1"}), ("two", {"a": "1", "b": "1"})],
            """Apply failed with 2 conflicts: conflicts with "one" using v1:
- .data.a
conflicts with "two" using v1:
- .data.b""",
        ),
    ],
)
def test_conflicts_are_told_as_the_real_api_tells_them(others: list[Any], message: str) -> None:
    """One conflict is told in a line, several by managers; each is a cause with its path."""
    live: Any = None
    for manager, data in others:
        live = _updated(live, config_map(**data), manager)
    with pytest.raises(ApiError) as refused:
        apply(CONFIG_MAP, live, config_map(a="2", b="2"), "x", False, NOW)
    assert (refused.value.code, refused.value.reason, refused.value.message) == (409, "Conflict", message)
    assert refused.value.details["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": f'conflict with "{others[0][0]}" using v1',
        "field": ".data.a",
    }


def test_paths_name_the_keys_of_items() -> None:
    """A conflict in a list of maps is told by the item's keys, as `[port=80,protocol="TCP"]`."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "it"}}
    live = apply(SERVICE, None, {**service, "spec": {"ports": [{"port": 80, "name": "a"}]}}, "x", False, NOW)
    with pytest.raises(ApiError) as refused:
        apply(SERVICE, live, {**service, "spec": {"ports": [{"port": 80, "name": "b"}]}}, "y", False, NOW)
    assert refused.value.message.endswith('conflict with "x": .spec.ports[port=80,protocol="TCP"].name')


def test_force_takes_fields_and_gives_none_back() -> None:
    """Force takes the fields that differ; a value that both want is shared, and outlives either."""
    live = apply(CONFIG_MAP, None, config_map(a="1", b="1"), "x", False, NOW)
    live = apply(CONFIG_MAP, live, config_map(a="2", b="1"), "y", True, NOW)
    assert owned(live) == {
        "x Apply": {"f:data": {"f:b": {}}},
        "y Apply": {"f:data": {"f:a": {}, "f:b": {}}},
    }
    live = apply(CONFIG_MAP, live, config_map(a="2"), "y", False, NOW)
    assert live["data"] == {"a": "2", "b": "1"}


def test_what_updates_have_set_outlives_an_apply_that_forgets_it() -> None:
    """A field that somebody else manages, too, stays when it is no longer applied."""
    live = apply(CONFIG_MAP, None, config_map(a="1"), "x", False, NOW)
    live = _updated(live, config_map(a="1", b="1"), "hand")
    live = apply(CONFIG_MAP, live, config_map(a="1", b="1"), "x", False, NOW)
    live = apply(CONFIG_MAP, live, config_map(), "x", False, NOW)
    assert live["data"] == {"b": "1"}


def test_defaults_stay_when_others_of_their_struct_go() -> None:
    """What nobody set, such as a default, stays beside what is no longer applied, but goes with a whole item."""
    applied = deployment({"name": "a", "image": "1"}, {"name": "b", "image": "1"}, minReadySeconds=1)
    live = apply(DEPLOYMENT, None, applied, "x", False, NOW)
    live["spec"]["progressDeadlineSeconds"] = 600
    for container in live["spec"]["template"]["spec"]["containers"]:
        container["imagePullPolicy"] = "Always"
    live = apply(DEPLOYMENT, live, deployment({"name": "b", "image": "2"}), "x", False, NOW)
    assert live["spec"]["progressDeadlineSeconds"] == 600
    assert "minReadySeconds" not in live["spec"]
    assert live["spec"]["template"]["spec"]["containers"] == [
        {"name": "b", "image": "2", "imagePullPolicy": "Always"}
    ]


def test_another_time_is_noted_only_for_a_change() -> None:
    """Applying the same again leaves the time; anything else brings the present one."""
    first = apply(CONFIG_MAP, None, config_map(a="1"), "x", False, NOW)
    assert apply(CONFIG_MAP, first, config_map(a="1"), "x", False, _LATER) == first
    second = apply(CONFIG_MAP, first, config_map(a="2"), "x", False, _LATER)
    assert second["metadata"]["managedFields"][0]["time"] == "2030-01-01T12:01:00Z"


def test_the_status_is_applied_through_its_subresource_only() -> None:
    """The object itself has no say in its status, and the status none in the object."""
    applied = {**deployment(), "status": {"replicas": 1}}
    live = apply(DEPLOYMENT, None, applied, "x", False, NOW)
    assert "status" not in live
    live = apply(DEPLOYMENT, live, {**applied, "spec": {"replicas": 5}}, "x", False, NOW, "status")
    assert (live["status"], live["spec"]) == ({"replicas": 1}, deployment()["spec"])
    assert [entry.get("subresource") for entry in live["metadata"]["managedFields"]] == [None, "status"]


def test_kubectl_takes_over_what_it_applied_on_the_clients_side() -> None:
    """Kubectl's own earlier apply is no conflict, its annotation is kept up to date, and another's change is one."""
    first = config_map(a="1", b="1")
    live = _updated(None, _annotated(first, first), "kubectl-client-side-apply")
    found = apply(CONFIG_MAP, live, config_map(a="2", b="1"), "kubectl", False, NOW)
    assert found["data"] == {"a": "2", "b": "1"}
    assert json.loads(found["metadata"]["annotations"][_ANNOTATION])["data"] == {"a": "2", "b": "1"}
    with pytest.raises(ApiError, match=r'conflict with "kubectl-client-side-apply" using v1: \.data\.a'):
        apply(CONFIG_MAP, live, config_map(a="2", b="1"), "other", False, NOW)


def test_maps_of_custom_resources_are_merged() -> None:
    """A custom resource's maps have several managers, its lists one."""
    thing: dict[str, Any] = {"apiVersion": "example.org/v1", "kind": "Thing", "metadata": {"name": "it"}}
    live = apply(CUSTOM, None, {**thing, "spec": {"a": 1, "list": [{"name": "x"}]}}, "x", False, NOW)
    live = apply(CUSTOM, live, {**thing, "spec": {"b": {"c": 1}}}, "y", False, NOW)
    assert live["spec"] == {"a": 1, "list": [{"name": "x"}], "b": {"c": 1}}
    with pytest.raises(ApiError, match=r'conflict with "x": \.spec\.list'):
        apply(CUSTOM, live, {**thing, "spec": {"list": []}}, "y", False, NOW)


@pytest.mark.parametrize(
    ("applied", "manager", "code", "message"),
    [
        ([], "x", 400, "not an object"),
        ({**config_map(), "apiVersion": "v2"}, "x", 400, "Specified patch version: v2, expected: v1"),
        ({**config_map(), "metadata": {"managedFields": []}}, "x", 400, "metadata.managedFields must be nil"),
        (config_map(), "", 422, "fieldManager: Required value: is required for apply patch"),
        (config_map(a=[]), "x", 400, r"\(/it; v1, Kind=ConfigMap\): \.data\.a: expected string, got &value"),
    ],
)
def test_configurations_that_make_no_sense_are_refused(
    applied: Any, manager: str, code: int, message: str
) -> None:
    """What is no configuration of the kind is refused, with the reason."""
    with pytest.raises(ApiError, match=message) as refused:
        apply(CONFIG_MAP, None, applied, manager, False, NOW)
    assert refused.value.code == code
