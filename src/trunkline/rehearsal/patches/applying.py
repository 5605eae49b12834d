"""Server-side apply: configurations that are merged, each manager's own, with conflicts over what two of them want.

See "Server-Side Apply" in the Kubernetes documentation.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from trunkline.rehearsal.errors import ApiError, FieldError, bad_request, invalid
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, copy_of, metadata, name_of, namespace_of, timestamp
from trunkline.rehearsal.patches.fields import Fields, difference, intersection, paths, union
from trunkline.rehearsal.patches.managed import (
    Entry,
    Managed,
    Manager,
    conflicts_of,
    managed_of,
    without,
    write_to,
)
from trunkline.rehearsal.patches.mismatches import mismatches
from trunkline.rehearsal.patches.schema import Shape, custom_shape, shape_of
from trunkline.rehearsal.patches.tracking import changes, tracked
from trunkline.rehearsal.patches.typed import fields_of, merged, removed_from, with_named
from trunkline.rehearsal.patches.values import refuse_deep

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_CLIENT_SIDE = Manager("kubectl-client-side-apply", "Update")


def apply(
    kind: Kind,
    live: Object | None,
    applied: Object,
    manager: str,
    force: bool,  # noqa: FBT001 - it is the query parameter of that name
    now: datetime,
    subresource: str = "",
) -> Object:
    """What applying a configuration makes of an object, with its managedFields; nothing that is given is changed.

    Args:
        kind: of the object.
        live: the object as it is, None if it is to be created.
        applied: all that the manager wants.
        manager: the name of the field manager.
        force: whether fields are taken away from others.
        now: when it happens.
        subresource: such as `status`, empty for the object itself.

    Raises:
        ApiError: 400, the configuration makes no sense; 409, others manage some of its fields; 422, it has no manager.
    """
    _check(kind, applied, manager)
    config = _of_subresource(kind, applied, subresource)
    shape = shape_of(kind, str(applied["apiVersion"])) or custom_shape()
    if problems := mismatches(config, shape):
        raise _not_typed(kind, config, problems)
    managed, time = managed_of(live), timestamp(now)
    if live is not None and not managed:
        managed = _before_first_apply(kind, live, time)
    own = Manager(manager, "Apply", subresource=subresource)
    last = managed[own].fields if own in managed else {}
    mine = Entry(tracked(fields_of(config, shape)), str(applied["apiVersion"]), time)
    managed = {**managed, own: mine}
    found = merged(live or {}, config, shape)
    if difference(last, mine.fields):
        # Merged again, for the empty lists that nobody manages.
        found = merged(_pruned(found, managed, last, shape), config, shape)
    changed, removed = changes(kind, live, found, subresource) if live is not None else ({}, {})
    others = {each: entry for each, entry in managed.items() if each != own}
    conflicts = conflicts_of(others, changed)
    if conflicts and not force and not _may_take(live, manager, conflicts, shape):
        raise conflict_error(conflicts)
    managed = {**without(others, changed, removed), own: mine}
    if shape.name:
        found = without_nulls(found)
    return _result(live, copy_of(found), managed, manager, applied)


def conflict_error(conflicts: dict[Manager, Fields]) -> ApiError:
    """The refusal of a configuration that has fields of others."""
    each = [(manager, path) for manager, fields in conflicts.items() for path in paths(fields)]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path}
        for manager, path in each
    ]
    if len(each) == 1:
        message = f"Apply failed with 1 conflict: conflict with {each[0][0]}: {each[0][1]}"
    else:
        lines = []
        for manager, fields in conflicts.items():
            lines += [f"conflicts with {manager}:", *(f"- {path}" for path in paths(fields))]
        said = "\n".join(lines)
        message = f"Apply failed with {len(each)} conflicts: {said}"
    return ApiError(409, "Conflict", message, {"causes": causes})


def without_nulls(value: Any) -> Any:
    """A value without the keys that have none."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _check(kind: Kind, applied: Any, manager: str) -> None:
    if not isinstance(applied, dict) or not isinstance(applied.get("metadata", {}), dict):
        raise bad_request("error decoding YAML: the configuration is not an object with metadata")
    refuse_deep(applied)
    version = applied.get("apiVersion")
    if version not in {kind.spelled(each) for each in kind.versions}:
        raise bad_request(
            "Incorrect version specified in apply patch. "
            f"Specified patch version: {version or ''}, expected: {kind.api_version}"
        )
    if metadata(applied).get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if not manager:
        problem = FieldError(
            "fieldManager", "FieldValueRequired", "Required value: is required for apply patch"
        )
        raise invalid("PatchOptions", "meta.k8s.io", "", [problem])


def _of_subresource(kind: Kind, applied: Object, subresource: str) -> Object:
    """What of a configuration may be set there."""
    if subresource == "status":
        kept = {key: value for key, value in metadata(applied).items() if key in {"name", "namespace"}}
        found = {key: value for key, value in applied.items() if key in {"apiVersion", "kind", "status"}}
        return {**found, "metadata": kept}
    return {key: value for key, value in applied.items() if key != "status" or not kind.has_status}


def _not_typed(kind: Kind, applied: Object, problems: list[str]) -> ApiError:
    said = problems[0] if len(problems) == 1 else "\n  ".join(["errors:", *problems])
    place = f"{namespace_of(applied)}/{name_of(applied)}; {applied['apiVersion']}, Kind={kind.kind}"
    return bad_request(f"failed to create typed patch object ({place}): {said}")


def _before_first_apply(kind: Kind, live: Object, time: str) -> Managed:
    """One manager for all that is there, where nobody was tracked."""
    fields, _ = changes(kind, None, live)
    version = str(live.get("apiVersion") or kind.api_version)
    return {Manager("before-first-apply", "Update", version): Entry(fields, version, time)} if fields else {}


def _pruned(value: Object, managed: Managed, last: Fields, shape: Shape) -> Object:
    """An object without what its manager applied last and nobody manages any more."""
    everybody: Fields = {}
    for entry in managed.values():
        everybody = union(everybody, entry.fields)
    owned, before = with_named(everybody, shape), with_named(last, shape)
    there = with_named(fields_of(value, shape), shape)
    bare = removed_from(value, before, {}, shape)
    left = with_named(fields_of(bare, shape), shape)
    # What was set by nobody but lies within what somebody manages stays, so that defaults do not vanish.
    bare = removed_from(value, difference(there, union(left, owned)), {}, shape)
    left = with_named(fields_of(bare, shape), shape)
    found: Object = removed_from(value, intersection(difference(there, left), before), owned, shape)
    return found


def _may_take(live: Object | None, manager: str, conflicts: dict[Manager, Fields], shape: Shape) -> bool:
    """Whether kubectl only takes what it has itself applied before, on the client's side."""
    last = _last_applied(live)
    if manager != "kubectl" or last is None:
        return False
    mine = fields_of(last, shape)
    return all(
        each.name == _CLIENT_SIDE.name and each.operation == "Update" and not difference(fields, mine)
        for each, fields in conflicts.items()
    )


def _last_applied(live: Object | None) -> Object | None:
    try:
        found = json.loads(at(live, "metadata", "annotations", _LAST_APPLIED) or "")
    except (TypeError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    refuse_deep(found)
    return found


def _result(live: Object | None, found: Object, managed: Managed, manager: str, applied: Object) -> Object:
    """The object with its managers; as it was, if nothing has changed but times."""
    if manager == "kubectl" and at(live, "metadata", "annotations", _LAST_APPLIED):
        annotations = found.setdefault("metadata", {}).setdefault("annotations", {})
        annotations[_LAST_APPLIED] = _as_last_applied(applied)
    before = managed_of(live)
    metadata(found).pop("managedFields", None)
    if live is not None and _timeless(managed) == _timeless(before):
        rest = {key: value for key, value in metadata(live).items() if key != "managedFields"}
        if found == {**live, "metadata": rest}:
            managed = before
    write_to(found, managed)
    return copy_of(found)  # type: ignore[no-any-return]  # a copy is of the type that it copies


def _as_last_applied(applied: Object) -> str:
    found = copy_of(applied)
    annotations = at(found, "metadata", "annotations")
    if isinstance(annotations, dict):
        annotations.pop(_LAST_APPLIED, None)
    return json.dumps(found, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"


def _timeless(managed: Managed) -> dict[Manager, tuple[Fields, str]]:
    """Who manages what, since whenever."""
    return {manager: (entry.fields, entry.api_version) for manager, entry in managed.items() if entry.fields}
