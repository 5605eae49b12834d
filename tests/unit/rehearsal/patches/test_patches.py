"""JSON patches, merge patches and strategic merge patches, beyond what was recorded of a real API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.patches.kinds import CUSTOM, DEPLOYMENT, POD
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.patches import json_patch, merge_patch, strategic_merge


@pytest.mark.parametrize(
    ("value", "operation", "expected"),
    [
        ({"a": [1, 2]}, {"op": "add", "path": "/a/1", "value": 3}, {"a": [1, 3, 2]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": {"b": 1}}, {"a": [1, {"b": 1}]}),
        ({"a": 1}, {"op": "add", "path": "/a", "value": 2}, {"a": 2}),
        ({"a": 1}, {"op": "add", "path": "/", "value": 2}, {"a": 1, "": 2}),
        ({"a/b": {"c~d": 1}}, {"op": "remove", "path": "/a~1b/c~0d"}, {"a/b": {}}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/-1"}, {"a": [1]}),
        ({"a": [1, 2]}, {"op": "replace", "path": "/a/0", "value": None}, {"a": [None, 2]}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": {"b": 1}}, {"op": "copy", "from": "/a", "path": "/a/c"}, {"a": {"b": 1, "c": {"b": 1}}}),
        ({"a": 1.0}, {"op": "test", "path": "/a", "value": 1}, {"a": 1.0}),
        ({"a": 1}, {"op": "replace", "path": "", "value": {"b": 2}}, {"b": 2}),
    ],
)
def test_operations_do_what_rfc_6902_says(value: Any, operation: dict[str, Any], expected: Any) -> None:
    """Each operation changes the place that its pointer names."""
    assert json_patch(value, [operation]) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "add", "path": "/a/b/c", "value": 1},
        {"op": "add", "path": "/list/3", "value": 1},
        {"op": "add", "path": "/list/01x", "value": 1},
        {"op": "add", "path": "a", "value": 1},
        {"op": "replace", "path": "/list/-", "value": 1},
        {"op": "remove", "path": "/nothing"},
        {"op": "remove", "path": ""},
        {"op": "move", "from": "/list", "path": "/list/0"},
        {"op": "copy", "from": "/nothing", "path": "/a"},
        {"op": "test", "path": "/a", "value": True},
        {"op": "frob", "path": "/a"},
        {"op": ["add"], "path": "/a"},
        {"op": "add", "path": 5},
    ],
)
def test_operations_that_cannot_be_done_are_refused(operation: dict[str, Any]) -> None:
    """The real API does not tell what was wrong, and neither do we."""
    with pytest.raises(
        ApiError, match="the server rejected our request due to an error in our request"
    ) as refused:
        json_patch({"a": 1, "list": [1, 2]}, [operation])
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")


@pytest.mark.parametrize(
    ("value", "patch", "expected"),
    [
        ({"a": "b", "c": {"d": 1, "e": 2}}, {"a": None, "c": {"d": None}}, {"c": {"e": 2}}),
        ({"a": [1]}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": {"b": 1}}, {"a": [1]}, {"a": [1]}),
        ([1], {"a": 1}, {"a": 1}),
    ],
)
def test_merge_patches_do_what_rfc_7396_says(value: Any, patch: Any, expected: Any) -> None:
    """Maps are merged, null removes, all else replaces."""
    assert merge_patch(value, patch) == expected


@pytest.mark.parametrize("patch", [[], 1, None, "x"])
def test_a_merge_patch_is_a_map(patch: Any) -> None:
    """Anything else is refused, with a bad request rather than the real API's internal error."""
    with pytest.raises(ApiError, match="Invalid JSON Patch"):
        merge_patch({}, patch)


@pytest.mark.parametrize(
    ("spec", "patch", "message"),
    [
        ({}, {"$retainKeys": 1}, "invalid patch format of retainKeys"),
        ({}, {"$retainKeys": ["a"], "b": 1}, "invalid patch format of retainKeys"),
        ({}, {"$deleteFromPrimitiveList/x": 1}, "invalid patch format of primitive list"),
        ({}, {"$setElementOrder/containers": 1}, "invalid patch format of setElementOrder list"),
        ({"containers": []}, {"$setElementOrder/containers": [{"name": "b"}], "containers": [{"name": "a"}]}, "The order in patch list:"),
        ({"containers": [{"name": "a"}]}, {"containers": ["a"]}, "list element types are not identical"),
        ({"containers": [{"name": "a"}]}, {"containers": [{"$patch": "frob", "name": "a"}]}, "merging lists cannot yet"),
    ],
)  # fmt: skip
def test_strategic_merge_patches_that_make_no_sense_are_refused(spec: Any, patch: Any, message: str) -> None:
    """Each wrong directive is a bad request with the words of the real API."""
    with pytest.raises(ApiError, match=message) as refused:
        strategic_merge(POD, {"spec": spec}, {"spec": patch})
    assert refused.value.code == 400


def test_strategic_merge_patches_are_for_built_in_kinds() -> None:
    """A custom resource takes no strategic merge patch."""
    with pytest.raises(ApiError) as refused:
        strategic_merge(CUSTOM, {}, {})
    assert refused.value.code == 415


def test_directives_are_never_stored() -> None:
    """What a patch adds as a whole loses the directives, the nulls, and the items that it only deletes."""
    patch = {"spec": {"template": {"spec": {"$retainKeys": ["containers"], "containers": [{"name": "a", "image": None}, {"name": "b", "$patch": "delete"}]}}}}  # fmt: skip
    found = strategic_merge(DEPLOYMENT, {}, patch)
    assert found == {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}}
