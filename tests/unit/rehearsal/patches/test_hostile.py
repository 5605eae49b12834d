"""Whatever a client sends, it is patched or refused; nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from tests.unit.rehearsal.patches.kinds import (
    CONFIG_MAP,
    CUSTOM,
    DEPLOYMENT,
    NOW,
    POD,
    SERVICE,
    config_map,
    deployment,
    owned,
)
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches import (
    Tracker,
    apply,
    as_stored,
    json_patch,
    merge_patch,
    problems,
    strategic_merge,
)
from trunkline.rehearsal.patches.fields import difference, intersection, union
from trunkline.rehearsal.patches.values import same
from trunkline.rehearsal.registry import Write


def _tidy(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree of which no node is on the way to nothing, and whose top is a set."""

    def node(found: dict[str, Any]) -> dict[str, Any]:
        below = {key: node(item) for key, item in found.items() if key != "."}
        return {".": {}, **below} if "." in found and below else below

    return {key: item for key, item in node(tree).items() if key != "."}


_WORDS = (
    "metadata", "spec", "status", "template", "containers", "name", "image", "ports", "containerPort", "protocol", "env",
    "labels", "finalizers", "ownerReferences", "uid", "volumes", "selector", "strategy", "type", "data", "value",
    "$patch", "$retainKeys", "$setElementOrder/containers", "$setElementOrder/finalizers", "managedFields", "manager",
    "$deleteFromPrimitiveList/finalizers", "operation", "fieldsV1", "fieldsType", "f:spec", "f:a", ".", 'k:{"name":"a"}',
    "apiVersion", "kind", "time", "conditions", "", "a", "a/b", "~", "-", "0",
)  # fmt: skip
_texts = some.sampled_from(
    [*_WORDS, "delete", "replace", "merge", "Apply", "Update", "FieldsV1", "TCP"]
) | some.text(max_size=3)
_scalars = some.none() | some.booleans() | some.integers(-2, 99) | some.floats(allow_nan=False) | _texts
_json = some.recursive(
    _scalars,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_texts, inner, max_size=4),
    max_leaves=12,
)
_maps = some.dictionaries(_texts, _json, max_size=4)
_items = some.lists(
    some.fixed_dictionaries({}, optional={"name": some.sampled_from("abc"), "image": _json, "env": _json, "ports": _json, "$patch": _texts}) | _json,
    max_size=3,
)  # fmt: skip
_entries = some.lists(
    some.fixed_dictionaries(
        {},
        optional={
            "manager": _texts,
            "operation": some.sampled_from(["Apply", "Update", "Frob"]),
            "apiVersion": some.just("apps/v1") | _json,
            "fieldsType": some.just("FieldsV1") | _json,
            "fieldsV1": _json,
            "time": _json,
            "subresource": _json,
        },
    )
    | _json,
    max_size=3,
)
_metadata = some.fixed_dictionaries(
    {"name": some.just("it")},
    optional={"labels": _json, "finalizers": _json, "ownerReferences": _items, "managedFields": _entries | _json, "annotations": _maps},
)  # fmt: skip
_pod_specs = some.fixed_dictionaries(
    {},
    optional={
        "containers": _items | _json,
        "volumes": _items,
        "$setElementOrder/containers": _items,
        "a": _json,
    },
)
_objects = some.fixed_dictionaries(
    {"apiVersion": some.just("apps/v1"), "kind": some.just("Deployment")},
    optional={
        "metadata": _metadata | _maps,
        "spec": some.fixed_dictionaries(
            {}, optional={"template": some.fixed_dictionaries({}, optional={"spec": _pod_specs, "metadata": _metadata}), "replicas": _json, "strategy": _json}
        )
        | _maps,
        "status": _json,
        "data": _json,
    },
)  # fmt: skip
_operations = some.lists(
    some.fixed_dictionaries(
        {},
        optional={
            "op": some.sampled_from(["add", "remove", "replace", "move", "copy", "test", "frob"]) | _json,
            "path": some.lists(_texts, max_size=3).map(lambda keys: "".join(f"/{key}" for key in keys))
            | _json,
            "from": some.lists(_texts, max_size=3).map(lambda keys: "".join(f"/{key}" for key in keys))
            | _json,
            "value": _json,
        },
    )
    | _json,
    max_size=4,
)
_fields = some.recursive(
    some.just({}),
    lambda inner: some.dictionaries(some.sampled_from(["f:a", "f:b", "f:c", ".", 'k:{"name":"a"}']), inner, min_size=1),
    max_leaves=8,
).map(_tidy)  # fmt: skip
_QUICK = settings(max_examples=60, deadline=None)
_KINDS = [DEPLOYMENT, POD, SERVICE, CONFIG_MAP, CUSTOM]


def _refused_or_not(deed: Callable[[], Any]) -> Any:
    try:
        return deed()
    except ApiError as error:
        refused = error
    assert 400 <= refused.code < 500
    assert json.dumps(refused.status)
    return None


@_QUICK
@given(_json, _json)
def test_any_patches_are_applied_or_refused(value: Any, patch: Any) -> None:
    """No merge patch and no value does any harm, and neither is changed."""
    before = copy_of([value, patch])
    _refused_or_not(lambda: merge_patch(value, patch))
    _refused_or_not(lambda: json_patch(value, patch))
    _refused_or_not(lambda: problems(DEPLOYMENT, value))
    assert [value, patch] == before


@_QUICK
@given(_json | _objects, _operations)
def test_any_operations_are_done_or_refused(value: Any, operations: Any) -> None:
    """No list of operations does any harm, and the value is not changed."""
    before = copy_of(value)
    _refused_or_not(lambda: json_patch(value, operations))
    assert same(value, before)


@_QUICK
@given(some.sampled_from(_KINDS), _objects | _json, _objects | _json)
def test_any_strategic_merge_patch_is_applied_or_refused(kind: Any, value: Any, patch: Any) -> None:
    """No strategic merge patch does any harm, and neither it nor the value is changed."""
    before = copy_of([value, patch])
    _refused_or_not(lambda: strategic_merge(kind, value, patch))
    assert same([value, patch], before)


@_QUICK
@given(some.sampled_from(_KINDS), some.none() | _objects, _objects, some.booleans())
def test_any_configuration_is_applied_or_refused(kind: Any, live: Any, applied: Any, force: bool) -> None:
    """No configuration and no object does any harm, and neither is changed."""
    applied["apiVersion"] = kind.api_version
    before = copy_of([live, applied])
    _refused_or_not(lambda: apply(kind, live, applied, "x", force, NOW))
    _refused_or_not(lambda: apply(kind, live, applied, "kubectl", force, NOW, "status"))
    assert same([live, applied], before)


@_QUICK
@given(some.sampled_from(_KINDS), some.none() | _objects, _objects, _texts)
def test_any_write_is_tracked(kind: Any, previous: Any, value: Any, manager: str) -> None:
    """Whatever is written has its managers noted, or is refused."""
    before, rest = copy_of(previous), copy_of(value)
    _refused_or_not(lambda: Tracker(lambda: NOW).track(kind, previous, value, Write(manager)))
    assert same(previous, before)
    for each in (value, rest):
        if isinstance(each.get("metadata"), dict):
            each["metadata"].pop("managedFields", None)
    assert value in (rest, {**rest, "metadata": {}})


@_QUICK
@given(_objects, _objects)
def test_what_is_stored_is_stored_again_as_it_is(value: Any, other: Any) -> None:
    """Decoding twice is as good as once, and what has no problem has none when it is stored."""
    found = _refused_or_not(lambda: as_stored(DEPLOYMENT, value))
    assert as_stored(DEPLOYMENT, found) == found
    assert not problems(DEPLOYMENT, found).unknown
    _refused_or_not(lambda: as_stored(SERVICE, other))


@_QUICK
@given(_maps, _maps)
def test_a_merge_patch_applied_twice_changes_nothing_more(value: Any, patch: Any) -> None:
    """Merge patches are idempotent."""
    once = merge_patch(value, patch)
    assert same(merge_patch(once, patch), once)
    assert same(merge_patch(once, {}), once)


@_QUICK
@given(_maps, _texts, _json)
def test_what_is_added_can_be_tested_and_removed(value: Any, key: str, item: Any) -> None:
    """An added key passes a test of its value, moves back and forth, and is gone after it was removed."""
    path = "/" + key.replace("~", "~0").replace("/", "~1")
    added = json_patch(
        value, [{"op": "add", "path": path, "value": item}, {"op": "test", "path": path, "value": item}]
    )
    moved = json_patch(
        added, [{"op": "move", "from": path, "path": "/x-y"}, {"op": "move", "from": "/x-y", "path": path}]
    )
    assert same(moved, {**value, key: item} if "x-y" not in value else moved)
    assert key not in json_patch(added, [{"op": "remove", "path": path}])  # fmt: skip


_environments = some.lists(
    some.fixed_dictionaries({"name": some.sampled_from("AB"), "value": some.sampled_from("12")}),
    max_size=2,
    unique_by=lambda item: str(item["name"]),
)
_limits = some.dictionaries(some.just("cpu"), some.sampled_from("12"))
_optional: dict[str, Any] = {
    "image": some.sampled_from(["1", "2"]),
    "env": _environments,
    "args": some.lists(some.sampled_from("xy"), max_size=2),
    "resources": some.dictionaries(some.just("limits"), _limits),
}
_sane_containers: some.SearchStrategy[list[dict[str, Any]]] = some.lists(
    some.fixed_dictionaries({"name": some.sampled_from("abcd")}, optional=_optional),
    max_size=3,
    unique_by=lambda item: str(item["name"]),
)
_sane = some.builds(
    lambda containers, spec, labels: {
        **deployment(*containers, **spec),
        "metadata": {"name": "it", "labels": labels},
    },
    _sane_containers,
    some.fixed_dictionaries(
        {},
        optional={
            "replicas": some.integers(0, 2),
            "paused": some.booleans(),
            "strategy": some.fixed_dictionaries({}, optional={"type": some.just("Recreate")}),
        },
    ),
    some.dictionaries(some.sampled_from("ab"), some.sampled_from("12"), max_size=2),
)


@_QUICK
@given(some.none() | _sane, _sane, _sane, _sane)
def test_applying_the_same_twice_changes_nothing(live: Any, first: Any, second: Any, third: Any) -> None:
    """A manager that applies again what it applied last changes nothing, not even a time."""
    if live is not None:
        Tracker(lambda: NOW).track(DEPLOYMENT, None, live, Write("maker"))
    found = apply(DEPLOYMENT, live, first, "x", True, NOW)
    found = apply(DEPLOYMENT, found, second, "y", True, NOW)
    found = apply(DEPLOYMENT, found, third, "x", True, NOW)
    again = apply(DEPLOYMENT, found, third, "x", False, NOW + timedelta(hours=1))
    assert again == found
    assert merge_patch(found, third)["spec"].get("replicas") == found["spec"].get("replicas")


@_QUICK
@given(_sane, _sane)
def test_one_manager_alone_has_what_it_applied_last(first: Any, second: Any) -> None:
    """What only one manager has ever applied is what it applied last, whatever came before."""
    found = apply(DEPLOYMENT, apply(DEPLOYMENT, None, first, "x", False, NOW), second, "x", False, NOW)
    assert list(owned(found)) == ["x Apply"]
    alone = apply(DEPLOYMENT, None, second, "x", False, NOW)
    assert owned(found) == owned(alone)
    found["metadata"].pop("managedFields")
    alone["metadata"].pop("managedFields")
    assert as_stored(DEPLOYMENT, found) == as_stored(DEPLOYMENT, alone)


@_QUICK
@given(_sane, _sane)
def test_a_strategic_merge_of_an_object_into_itself_changes_nothing(value: Any, other: Any) -> None:
    """A patch that says what is already there changes nothing, and a patch applied twice is as good as once."""
    assert strategic_merge(DEPLOYMENT, value, value) == value
    once = strategic_merge(DEPLOYMENT, value, other)
    assert strategic_merge(DEPLOYMENT, once, other) == once


@_QUICK
@given(_sane, _sane)
def test_a_write_is_tracked_once(before: Any, after: Any) -> None:
    """Writing the same again, by whomever, changes nothing of the managers; nobody manages what is not there."""
    Tracker(lambda: NOW).track(DEPLOYMENT, None, before, Write("maker"))
    after["metadata"]["managedFields"] = before["metadata"]["managedFields"]
    Tracker(lambda: NOW).track(DEPLOYMENT, before, after, Write("other"))
    again = copy_of(after)
    Tracker(lambda: NOW + timedelta(hours=1)).track(DEPLOYMENT, after, again, Write("third"))
    assert again == after


@_QUICK
@given(_fields, _fields)
def test_sets_of_fields_obey_the_laws_of_sets(one: Any, other: Any) -> None:
    """Union, difference and intersection are what they are called."""
    assert union(one, one) == one
    assert union(one, other) == union(other, one)
    assert difference(one, one) == {}
    assert intersection(one, other) == intersection(other, one)
    assert union(difference(one, other), intersection(one, other)) == one
    assert intersection(difference(one, other), other) == {}
    assert difference(union(one, other), other) == difference(one, other)


def _deep(levels: int, *, lists: bool) -> Any:
    value: Any = {}
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


@pytest.mark.parametrize("lists", [False, True])
@pytest.mark.parametrize("levels", [99, 101, 5000, 100_000])
def test_what_is_nested_deeply_is_refused(levels: int, lists: bool) -> None:
    """However deep a value is, walking it ends with a refusal and never at the end of the stack."""
    deep = {"spec": _deep(levels, lists=lists)}
    whole = {"apiVersion": "example.org/v1", "metadata": {"name": "it"}, **deep}
    for deed in (
        lambda: merge_patch({}, deep),
        lambda: merge_patch(deep, {}),
        lambda: json_patch({}, [{"op": "add", "path": "/a", "value": deep}]),
        lambda: json_patch(deep, []),
        lambda: strategic_merge(DEPLOYMENT, {}, deep),
        lambda: apply(CUSTOM, None, whole, "x", False, NOW),
        lambda: apply(CUSTOM, whole, {**whole, "spec": 1}, "x", False, NOW),
        lambda: Tracker(lambda: NOW).track(CUSTOM, None, copy_shallow(whole), Write("x")),
        lambda: problems(CUSTOM, whole),
    ):
        with pytest.raises(ApiError, match="depth"):
            deed()


def copy_shallow(value: dict[str, Any]) -> dict[str, Any]:
    return {**value, "metadata": {**value["metadata"]}}


def test_copies_cannot_be_made_to_explode() -> None:
    """A patch that copies a value into itself again and again is refused before it fills the memory."""
    operations = [{"op": "add", "path": "/data/a", "value": "x" * 1000}]
    operations += [{"op": "copy", "from": "/data", "path": f"/data/b{number}"} for number in range(60)]
    with pytest.raises(ApiError) as refused:
        json_patch(config_map(), operations)
    assert refused.value.code == 413


def test_there_are_not_too_many_operations() -> None:
    """More than ten thousand operations are refused, as by the real API."""
    with pytest.raises(ApiError, match="The allowed maximum operations in a JSON patch is 10000, got 10001"):
        json_patch({}, [{}] * 10_001)
