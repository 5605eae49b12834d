"""Strategic merge patches: merge patches that know which lists are merged, and by which field of their items.

See "Use a JSON merge patch / a strategic merge patch" in the Kubernetes documentation, and the design of its
directives: `$patch`, `$retainKeys`, `$setElementOrder/<list>` and `$deleteFromPrimitiveList/<list>`.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.errors import ApiError, bad_request
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches.go import go_kind, go_text
from trunkline.rehearsal.patches.ordering import identity, in_order, places
from trunkline.rehearsal.patches.schema import Shape, shape_of
from trunkline.rehearsal.patches.values import refuse_deep

_PATCH, _RETAIN = "$patch", "$retainKeys"
_ORDER, _DELETE_FROM = "$setElementOrder/", "$deleteFromPrimitiveList/"


def strategic_merge(kind: Kind, value: Any, patch: Any) -> Any:
    """What a strategic merge patch makes of an object, which stays as it was.

    Raises:
        ApiError: 415, the kind is a custom one; 400, the patch is no such patch, or nested too deeply.
    """
    shape = shape_of(kind, str(value.get("apiVersion") or "") if isinstance(value, dict) else "")
    if shape is None:
        raise ApiError(
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: "
            "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
        )
    if patch is None:
        return copy_of(value)
    if not isinstance(patch, dict):
        raise bad_request(
            f"json: cannot unmarshal {go_kind(patch)} into Go value of type map[string]interface {{}}"
        )
    refuse_deep(value, patch)
    return merged_map(value if isinstance(value, dict) else {}, patch, shape)


def merged_map(value: dict[str, Any], patch: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """What a patch makes of a map; the argument stays as it was."""
    directive = patch.get(_PATCH)
    if _PATCH in patch and directive != "merge":
        if directive == "replace":
            return {key: copy_of(item) for key, item in patch.items() if key != _PATCH}
        if directive == "delete":
            return {}
        raise bad_request(f"unknown patch type: {go_text(directive)} in map: {go_text(patch)}")
    found: dict[str, Any] = dict(_retained(value, patch))
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _order(found, patch, key.removeprefix(_ORDER), order, shape)
    ordered = {key.removeprefix(_ORDER) for key in patch if key.startswith(_ORDER)}
    for key, item in patch.items():
        if key in {_PATCH, _RETAIN} or key.startswith(_ORDER) or key in ordered:
            continue
        if key.startswith(_DELETE_FROM):
            _delete_from(found, key.removeprefix(_DELETE_FROM), item)
        elif item is None:
            found.pop(key, None)
        else:
            found[key] = _merged(found.get(key), item, shape.child(key))
    return copy_of(found)  # type: ignore[no-any-return]  # a copy is of the type that it copies


def without_directives(value: Any) -> Any:
    """A patch as a value of its own: without directives, nulls, and items to delete."""
    if isinstance(value, dict):
        return {
            key: without_directives(item)
            for key, item in value.items()
            if item is not None
            and key not in {_PATCH, _RETAIN}
            and not key.startswith((_ORDER, _DELETE_FROM))
        }
    if isinstance(value, list):
        return [
            without_directives(item)
            for item in value
            if not (isinstance(item, dict) and item.get(_PATCH) in {"delete", "replace"})
        ]
    return value


def _merged(value: Any, patch: Any, shape: Shape) -> Any:
    if isinstance(value, dict) and isinstance(patch, dict):
        return patch if shape.replaces else merged_map(value, patch, shape)
    if isinstance(value, list) and isinstance(patch, list):
        if shape.merges:
            return _merged_list(value, patch, shape)
        # Nobody looks for directives in a list that replaces another one.
        return [without_directives(_bare(item)) for item in patch]
    return without_directives(patch)


def _bare(item: Any) -> Any:
    return {key: value for key, value in item.items() if key != _PATCH} if isinstance(item, dict) else item


def _merged_list(value: list[Any], patch: list[Any], shape: Shape) -> list[Any]:
    if not value and not patch:
        return value
    if not _are_maps([*value, *patch]):
        both = {identity(item): item for item in [*value, *patch]}
        return in_order(list(both.values()), patch, value, "")
    if not shape.merge_key:
        raise bad_request(f"cannot merge lists without merge key for {shape.form}")
    return _merged_maps(value, patch, shape, shape.merge_key)


def _merged_maps(value: list[Any], patch: list[Any], shape: Shape, merge_key: str) -> list[Any]:
    found, plain = list(value), []
    for item in patch:
        if _PATCH not in item:
            plain.append(item)
        elif item[_PATCH] == "delete":
            gone = identity(_key_of(item, merge_key))
            found = [other for other in found if identity(other, merge_key) != gone]
        elif item[_PATCH] != "replace":
            raise bad_request(f"merging lists cannot yet be specified in the patch: {go_text(item[_PATCH])}")
    if any(item.get(_PATCH) == "replace" for item in patch):
        return [without_directives(item) for item in plain]
    element, known = shape.element, places(found, merge_key)
    for item in plain:
        place = known.setdefault(identity(_key_of(item, merge_key)), len(found))
        if place == len(found):
            found.append(without_directives(item))
        elif element is not None:
            found[place] = merged_map(found[place], item, element)
    return in_order(found, plain, value, merge_key)


def _order(found: dict[str, Any], patch: dict[str, Any], key: str, order: Any, shape: Shape) -> None:
    """Merge one list, in place, and give it the order that the patch names."""
    if not isinstance(order, list):
        raise bad_request("invalid patch format of setElementOrder list")
    before, said = found.get(key), patch.get(key)
    if key in patch and said is None:
        found.pop(key, None)
        return
    if any(item is not None and not isinstance(item, list) for item in (before, said)):
        raise bad_request("invalid patch format of setElementOrder list")
    if before is None and said is None:
        return
    child = shape.child(key)
    merge_key = child.merge_key if _are_maps([*(before or ()), *(said or ())]) else ""
    _check_order(said or [], order, merge_key)
    merged = _merged(before, said, child) if said is not None else before
    found[key] = in_order(merged or [], order, before or [], merge_key)


def _check_order(patch: list[Any], order: list[Any], merge_key: str) -> None:
    names = [identity(item, merge_key) for item in patch if not (isinstance(item, dict) and item.get(_PATCH))]
    left = iter([identity(item, merge_key) for item in order])
    if not all(name in left for name in names):
        raise bad_request(
            f"The order in patch list:\n{go_text(patch)}\n doesn't match $setElementOrder list:\n{go_text(order)}\n"
        )


def _delete_from(found: dict[str, Any], key: str, items: Any) -> None:
    if not isinstance(items, list):
        raise bad_request("invalid patch format of primitive list")
    before = found.get(key)
    if isinstance(before, list):
        gone = places(items)
        found[key] = [item for item in before if identity(item) not in gone]


def _retained(value: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    if _RETAIN not in patch:
        return value
    retained = patch[_RETAIN]
    if not isinstance(retained, list):
        raise bad_request("invalid patch format of retainKeys")
    names = {name for name in retained if isinstance(name, str)}
    for key, item in patch.items():
        if (
            item is not None
            and key != _RETAIN
            and not key.startswith((_ORDER, _DELETE_FROM))
            and key not in names
        ):
            raise bad_request("invalid patch format of retainKeys")
    return {key: item for key, item in value.items() if key in names}


def _key_of(item: dict[str, Any], merge_key: str) -> Any:
    if merge_key not in item:
        raise bad_request(f"map: {go_text(item)} does not contain declared merge key: {merge_key}")
    return item[merge_key]


def _are_maps(items: list[Any]) -> bool:
    """Whether a list is one of maps; one that is mixed is refused."""
    kinds = {go_kind(item) for item in items}
    if len(kinds) > 1:
        raise bad_request(f"list element types are not identical: {sorted(kinds)}")
    if kinds == {"array"}:
        raise bad_request("lists of lists are not supported")
    return kinds == {"object"}
