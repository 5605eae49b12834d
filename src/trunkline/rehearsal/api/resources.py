"""Objects by their paths: get, list, watch, create, update, patch, delete."""

from __future__ import annotations

import threading
from collections.abc import Callable

from trunkline.rehearsal.api import bodies
from trunkline.rehearsal.api.messages import Answer, Request, as_json
from trunkline.rehearsal.api.reading import in_version, list_objects, shown, watch_objects
from trunkline.rehearsal.api.selectors import field_test, label_test
from trunkline.rehearsal.api.targets import (
    Desk,
    Target,
    definition_of,
    existing,
    is_old_watch,
    not_allowed,
    prepare,
    stored,
    with_told,
)
from trunkline.rehearsal.errors import ApiError, NotYet, bad_request, conflict, not_found
from trunkline.rehearsal.objects import Object, at, copy_of, is_ending, metadata, name_of, namespace_of
from trunkline.rehearsal.registry import Deletion, Write

_TRIES, _BETWEEN_TRIES_S = 10, 0.1
_APPLY = "application/apply-patch+yaml"
_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    _APPLY: "apply",
}


def answer(desk: Desk, request: Request, target: Target) -> Answer:
    """Answer a request about objects.

    Raises:
        ApiError: it is not granted.
    """
    if request.method == "GET":
        if request.flag("watch") or is_old_watch(request):
            return watch_objects(desk, request, target)
        if target.name:
            return as_json(shown(desk, request, target, [existing(desk, target)], single=True))
        return list_objects(desk, request, target)
    deed = _DEEDS.get((request.method, bool(target.name)))
    if deed is None:
        raise not_allowed()
    return granted(desk, lambda: deed(desk, request, target))


def granted(desk: Desk, deed: Callable[[], Answer]) -> Answer:
    """Do something under the store's lock; what is refused for the moment is tried again for a while.

    Raises:
        ApiError: it is refused for good.
    """
    for _ in range(_TRIES - 1):
        try:
            with desk.store.lock:
                return deed()
        except NotYet:
            pause = threading.Condition()
            with pause:
                desk.clock.wait(pause, _BETWEEN_TRIES_S)
    with desk.store.lock:
        return deed()


def _create(desk: Desk, request: Request, target: Target) -> Answer:
    value = bodies.read_object(request)
    warnings = prepare(target, value, request)
    how = _how(request)
    made = desk.registry.create(target.kind, stored(target, value), how)
    return as_json(shown(desk, request, target, [made], single=True), 201, with_told(warnings, how.told))


def _update(desk: Desk, request: Request, target: Target) -> Answer:
    value = bodies.read_object(request)
    warnings = prepare(target, value, request)
    if name_of(value) != target.name:
        said = f"the name of the object ({name_of(value)}) does not match the name on the URL ({target.name})"
        raise bad_request(said)
    by = _how(request, target.subresource)
    made = desk.registry.update(target.kind, stored(target, value), by)
    return as_json(shown(desk, request, target, [made], single=True), 200, with_told(warnings, by.told))


def _patch(desk: Desk, request: Request, target: Target) -> Answer:
    from trunkline.rehearsal import patches  # noqa: PLC0415 - with its table of types, which many requests do not need

    how = _PATCHES.get(request.content_type)
    if how is None or (how == "strategic" and "." in target.kind.group and definition_of(desk, target.kind)):
        said = f"the body of the request was in an unknown format - accepted media types include: {', '.join(_PATCHES)}"
        raise ApiError(415, "UnsupportedMediaType", said)
    live = desk.store.get(target.kind, target.namespace, target.name)
    if how == "apply":
        return _apply(desk, request, target, live)
    if live is None:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    patch = bodies.read_json(request.body)
    current = copy_of(in_version(target, live))
    if how == "json":
        value = patches.json_patch(current, patch)
    elif not isinstance(patch, dict):
        raise bad_request("a patch of this type has to be an object")
    else:
        value = (
            patches.merge_patch(current, patch)
            if how == "merge"
            else patches.strategic_merge(target.kind, current, patch)
        )
    if not isinstance(value, dict) or not isinstance(value.get("metadata", {}), dict):
        raise bad_request("the patch leaves no object")
    version = at(patch, "metadata", "resourceVersion") if isinstance(patch, dict) else None
    if version and version != metadata(live).get("resourceVersion"):
        raise conflict(target.kind.plural, target.kind.group, target.name)
    bodies.checked(value)
    warnings = prepare(target, value, request)
    if name_of(value) != target.name:
        raise bad_request("the name of the object may not be changed")
    by = _how(request, target.subresource)
    made = desk.registry.update(target.kind, stored(target, value), by)
    return as_json(shown(desk, request, target, [made], single=True), 200, with_told(warnings, by.told))


def _apply(desk: Desk, request: Request, target: Target, live: Object | None) -> Answer:
    from trunkline.rehearsal import patches  # noqa: PLC0415 - as above

    applied = bodies.read_yaml(request.body)
    if not request.query.get("fieldManager"):
        raise ApiError(
            422,
            "Invalid",
            'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        )
    warnings = prepare(target, applied, request, checked=False)
    if name_of(applied) not in {"", target.name}:
        raise bad_request("the name of the object does not match the name on the URL")
    applied["metadata"]["name"] = target.name
    if live is None and target.subresource:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    value = patches.apply(
        target.kind, live, applied, request.manager, request.flag("force"), desk.now(), target.subresource
    )
    how = Write(request.manager, target.subresource, request.dry_run, "Apply", tracked=False, told=[])
    write = desk.registry.create if live is None else desk.registry.update
    made = write(target.kind, value, how)
    code = 201 if live is None else 200
    return as_json(shown(desk, request, target, [made], single=True), code, with_told(warnings, how.told))


def _delete(desk: Desk, request: Request, target: Target) -> Answer:
    options = deletion(request)
    value = desk.registry.delete(target.kind, target.namespace, target.name, options)
    if is_ending(value) and desk.store.get(target.kind, target.namespace, target.name) is not None:
        return as_json(shown(desk, request, target, [value], single=True), 200, with_told({}, options.told))
    details = {"name": target.name, "kind": target.kind.plural, "uid": metadata(value).get("uid")}
    if target.kind.group:
        details["group"] = target.kind.group
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    # A pod that is gone at once is answered as it was; all else with a Status.
    answered = in_version(target, value) if target.kind.kind == "Pod" else status
    return as_json(answered, 200, with_told({}, options.told))


def _delete_all(desk: Desk, request: Request, target: Target) -> Answer:
    options = deletion(request)
    labels = label_test(request.query.get("labelSelector", ""))
    fields = field_test(request.query.get("fieldSelector", ""), target.kind)
    chosen = [
        item
        for item in desk.store.all_of(target.kind, target.namespace)
        if (not labels or labels(item)) and (not fields or fields(item))
    ]
    gone = [
        desk.registry.delete(target.kind, namespace_of(item), name_of(item), options)
        for item in chosen
        # Others may have deleted it while a webhook was asked about the one before.
        if desk.store.get(target.kind, namespace_of(item), name_of(item)) is not None
    ]
    return as_json(shown(desk, request, target, gone, single=False, version=desk.store.version))


def deletion(request: Request) -> Deletion:
    """How something is to be deleted, from the body and the address.

    Raises:
        ApiError: that makes no sense.
    """
    body = bodies.read_object(request) if request.body.strip() else {}
    grace = body.get("gracePeriodSeconds", request.number("gracePeriodSeconds"))
    if grace is not None and (not isinstance(grace, int) or isinstance(grace, bool)):
        raise bad_request("gracePeriodSeconds has to be a whole number")
    propagation = body.get("propagationPolicy") or request.query.get("propagationPolicy") or "Background"
    if body.get("orphanDependents") is True:
        propagation = "Orphan"
    if propagation not in {"Background", "Foreground", "Orphan"}:
        raise bad_request(f'invalid propagationPolicy "{propagation}"')
    return Deletion(
        grace_s=grace,
        propagation=str(propagation),
        uid=str(at(body, "preconditions", "uid") or ""),
        version=str(at(body, "preconditions", "resourceVersion") or ""),
        dry_run=request.dry_run or bool(body.get("dryRun")),
        told=[],
    )


def _how(request: Request, subresource: str = "") -> Write:
    return Write(request.manager, subresource, request.dry_run, told=[])


_DEEDS: dict[tuple[str, bool], Callable[[Desk, Request, Target], Answer]] = {
    ("POST", False): _create,
    ("PUT", True): _update,
    ("PATCH", True): _patch,
    ("DELETE", True): _delete,
    ("DELETE", False): _delete_all,
}
