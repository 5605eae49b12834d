"""Objects by their paths: get, list, watch, create, update, patch, delete."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trunkline.rehearsal.api import bodies
from trunkline.rehearsal.api.discovery import nowhere
from trunkline.rehearsal.api.gate import Gate
from trunkline.rehearsal.api.messages import Answer, Request, as_json
from trunkline.rehearsal.api.selectors import field_test, label_test
from trunkline.rehearsal.api.watching import Wanted, expired, watch
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import ApiError, bad_request, conflict, not_found
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, at, copy_of, is_ending, metadata, name_of
from trunkline.rehearsal.registry import Deletion, Registry, Write
from trunkline.rehearsal.store import Store

_LONGEST_WATCH_S = 1800.0
_APPLY = "application/apply-patch+yaml"
_PATCHES = {
    "application/json-patch+json": "json",
    "application/merge-patch+json": "merge",
    "application/strategic-merge-patch+json": "strategic",
    _APPLY: "apply",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names.

    Attributes:
        namespace: empty for all of them, and for what has none.
        name: empty for all of a kind.
    """

    kind: Kind
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the API's requests are answered with."""

    store: Store
    registry: Registry
    kinds: Kinds
    clock: Clock
    gate: Gate

    def now(self) -> datetime:
        """This moment."""
        return self.clock.now()


def answer(desk: Desk, request: Request, target: Target) -> Answer:
    """Answer a request about objects.

    Raises:
        ApiError: it is not granted.
    """
    if request.method == "GET":
        if request.flag("watch") or _is_old_watch(request):
            return _watch(desk, request, target)
        if target.name:
            return as_json(shown(desk, request, target, [_existing(desk, target)], single=True))
        return _list(desk, request, target)
    deed = _DEEDS.get((request.method, bool(target.name)))
    if deed is None:
        raise _not_allowed()
    with desk.store.lock:
        return deed(desk, request, target)


def shown(
    desk: Desk,
    request: Request,
    target: Target,
    items: list[Object],
    *,
    single: bool,
    version: int = 0,
    more: str = "",
) -> Any:
    """Objects as the client wants them: an object, a list, or a table."""
    if _wants_table(request):
        from trunkline.rehearsal.tables import table  # noqa: PLC0415 - only kubectl asks for tables

        include = request.query.get("includeObject", "Metadata")
        found = table(
            target.kind, items, desk.now(), include=include, definition=_definition(desk, target.kind)
        )
        if not single:
            found["metadata"] = {"resourceVersion": str(version), **({"continue": more} if more else {})}
        return found
    spelled = [_in_version(target, item) for item in items]
    if single:
        return spelled[0]
    about: Object = {"resourceVersion": str(version)}
    if more:
        about["continue"] = more
    return {
        "kind": f"{target.kind.kind}List",
        "apiVersion": target.kind.spelled(target.version),
        "metadata": about,
        "items": spelled,
    }


def _in_version(target: Target, value: Object) -> Object:
    spelled = target.kind.spelled(target.version)
    if value.get("apiVersion") == spelled:
        return value
    if target.kind.kind == "HorizontalPodAutoscaler":
        from trunkline.rehearsal.admission.conversion import convert  # noqa: PLC0415 - the one kind with two shapes

        return convert(value, target.version)
    return {**value, "apiVersion": spelled}


def _wants_table(request: Request) -> bool:
    return "as=Table" in request.headers.get("accept", "").split(",")[0]


def _definition(desk: Desk, kind: Kind) -> Object | None:
    if "." not in kind.group:
        return None
    return desk.store.get(
        desk.kinds.named("apiextensions.k8s.io", "CustomResourceDefinition"),
        "",
        f"{kind.plural}.{kind.group}",
    )


def _existing(desk: Desk, target: Target) -> Object:
    found = desk.store.get(target.kind, target.namespace, target.name)
    if found is None:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    return found


def _list(desk: Desk, request: Request, target: Target) -> Answer:
    labels = label_test(request.query.get("labelSelector", ""))
    fields = field_test(request.query.get("fieldSelector", ""), target.kind)
    limit = max(0, request.number("limit") or 0)
    with desk.store.lock:
        found, version = desk.store.all_of(target.kind, target.namespace), desk.store.version
    if (
        request.query.get("resourceVersionMatch") == "Exact"
        and (request.number("resourceVersion") or version) != version
    ):
        raise expired(request.number("resourceVersion") or 0, version)
    items = [item for item in found if (not labels or labels(item)) and (not fields or fields(item))]
    start = _continued(request.query.get("continue", ""))
    if start is not None:
        items = [
            item for item in items if (str(metadata(item).get("namespace") or ""), name_of(item)) > start
        ]
    more = ""
    if limit and len(items) > limit:
        items = items[:limit]
        last = items[-1]
        mark = [str(metadata(last).get("namespace") or ""), name_of(last)]
        more = base64.urlsafe_b64encode(json.dumps(mark).encode()).decode()
    return as_json(shown(desk, request, target, items, single=False, version=version, more=more))


def _continued(token: str) -> tuple[str, str] | None:
    if not token:
        return None
    try:
        namespace, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError):
        raise bad_request("continue key is not valid: it was not given out by this server") from None
    return str(namespace), str(name)


def _watch(desk: Desk, request: Request, target: Target) -> Answer:
    asked = request.number("resourceVersion")
    initial_asked = request.flag("sendInitialEvents")
    initial = initial_asked or (not asked and "sendInitialEvents" not in request.query)
    timeout_s = request.number("timeoutSeconds")
    wanted = Wanted(
        kind=target.kind,
        namespace=target.namespace,
        name=target.name,
        labels=label_test(request.query.get("labelSelector", "")),
        fields=field_test(request.query.get("fieldSelector", ""), target.kind),
        since=None if initial else asked,
        initial=initial,
        mark_initial_end=initial_asked and request.flag("allowWatchBookmarks"),
        bookmarks=request.flag("allowWatchBookmarks"),
        timeout_s=min(max(1, timeout_s), _LONGEST_WATCH_S) if timeout_s is not None else _LONGEST_WATCH_S,
        shown=lambda value: shown(desk, request, target, [value], single=True),
    )
    return Answer(200, parts=watch(desk.store, desk.gate, wanted, desk.clock.monotonic))


def _create(desk: Desk, request: Request, target: Target) -> Answer:
    value = bodies.read_object(request)
    warnings = prepare(target, value, request)
    made = desk.registry.create(target.kind, _stored(target, value), _how(request))
    return as_json(shown(desk, request, target, [made], single=True), 201, warnings)


def _update(desk: Desk, request: Request, target: Target) -> Answer:
    value = bodies.read_object(request)
    warnings = prepare(target, value, request)
    if name_of(value) != target.name:
        said = f"the name of the object ({name_of(value)}) does not match the name on the URL ({target.name})"
        raise bad_request(said)
    made = desk.registry.update(target.kind, _stored(target, value), _how(request, target.subresource))
    return as_json(shown(desk, request, target, [made], single=True), 200, warnings)


def _patch(desk: Desk, request: Request, target: Target) -> Answer:
    from trunkline.rehearsal import patches  # noqa: PLC0415 - with its table of types, which many requests do not need

    how = _PATCHES.get(request.content_type)
    if how is None or (how == "strategic" and "." in target.kind.group and _definition(desk, target.kind)):
        said = f"the body of the request was in an unknown format - accepted media types include: {', '.join(_PATCHES)}"
        raise ApiError(415, "UnsupportedMediaType", said)
    live = desk.store.get(target.kind, target.namespace, target.name)
    if how == "apply":
        return _apply(desk, request, target, live)
    if live is None:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    patch = bodies.read_json(request.body)
    current = copy_of(_in_version(target, live))
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
    made = desk.registry.update(target.kind, _stored(target, value), _how(request, target.subresource))
    return as_json(shown(desk, request, target, [made], single=True), 200, warnings)


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
    how = Write(request.manager, target.subresource, request.dry_run, "Apply", tracked=False)
    if live is None:
        made = desk.registry.create(target.kind, value, how)
        return as_json(shown(desk, request, target, [made], single=True), 201, warnings)
    made = desk.registry.update(target.kind, value, how)
    return as_json(shown(desk, request, target, [made], single=True), 200, warnings)


def _delete(desk: Desk, request: Request, target: Target) -> Answer:
    options = deletion(request)
    value = desk.registry.delete(target.kind, target.namespace, target.name, options)
    if is_ending(value) and desk.store.get(target.kind, target.namespace, target.name) is not None:
        return as_json(shown(desk, request, target, [value], single=True))
    details = {"name": target.name, "kind": target.kind.plural, "uid": metadata(value).get("uid")}
    if target.kind.group:
        details["group"] = target.kind.group
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
    # A pod that is gone at once is answered as it was; all else with a Status.
    return as_json(_in_version(target, value) if target.kind.kind == "Pod" else status)


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
        desk.registry.delete(target.kind, str(metadata(item).get("namespace") or ""), name_of(item), options)
        for item in chosen
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
    )


def _stored(target: Target, value: Object) -> Object:
    """What the API's own types keep of an object."""
    from trunkline.rehearsal import patches  # noqa: PLC0415 - as above

    return patches.as_stored(target.kind, value)


def prepare(target: Target, value: Object, request: Request, *, checked: bool = True) -> dict[str, str]:
    """Bring an object into the shape that its path asks for, in place; what the client is to be warned of, as headers.

    Raises:
        ApiError: it is an object of another kind or namespace, or has fields that there are not.
    """
    kind, spelled = value.get("kind") or target.kind.kind, target.kind.spelled(target.version)
    version = value.get("apiVersion") or spelled
    if kind != target.kind.kind or str(version).rpartition("/")[0] != target.kind.group:
        raise bad_request(
            f"{kind} in version {str(version).rpartition('/')[2]!r} cannot be handled as a {target.kind.kind}: "
            f"converting ({version}) to ({spelled}): unknown conversion"
        )
    value["kind"], value["apiVersion"] = target.kind.kind, spelled
    if value.get("metadata") is None:
        value["metadata"] = {}
    meta = value["metadata"]
    if not isinstance(meta, dict):
        raise bad_request("json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
    for key in ("name", "namespace", "generateName", "uid", "resourceVersion"):
        if not isinstance(meta.get(key, ""), str):
            if meta[key] is not None:
                raise bad_request(
                    f"json: cannot unmarshal into Go struct field ObjectMeta.metadata.{key} of type string"
                )
            del meta[key]
    if target.kind.namespaced:
        if meta.get("namespace") not in {None, "", target.namespace}:
            said = f"the namespace of the provided object does not match the namespace sent on the request: {meta['namespace']}"
            raise bad_request(said)
        meta["namespace"] = target.namespace
    else:
        meta.pop("namespace", None)
    return _field_problems(target, value, request) if checked else {}


def _field_problems(target: Target, value: Object, request: Request) -> dict[str, str]:
    from trunkline.rehearsal import patches  # noqa: PLC0415 - as above

    wish = request.query.get("fieldValidation", "Warn")
    mistyped, unknown = patches.problems(target.kind, value)
    if mistyped:
        kind, version = target.kind.kind, target.version
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {mistyped[0]}')
    if not unknown or wish == "Ignore":
        return {}
    if wish == "Strict":
        kind, version = target.kind.kind, target.version
        raise bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(unknown)}'
        )
    quoted = [
        text.replace("\\", "\\\\").replace('"', '\\"').encode("ascii", "replace").decode() for text in unknown
    ]
    return {"Warning": ", ".join(f'299 - "{text}"' for text in quoted[:20])}


def _not_allowed() -> ApiError:
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
    )


def _is_old_watch(request: Request) -> bool:
    """Whether it is one of the paths of old, such as `/api/v1/watch/namespaces`."""
    parts = request.parts
    return parts[2:3] == ("watch",) if parts[:1] == ("api",) else parts[3:4] == ("watch",)


def _how(request: Request, subresource: str = "") -> Write:
    return Write(request.manager, subresource, request.dry_run)


_DEEDS: dict[tuple[str, bool], Callable[[Desk, Request, Target], Answer]] = {
    ("POST", False): _create,
    ("PUT", True): _update,
    ("PATCH", True): _patch,
    ("DELETE", True): _delete,
    ("DELETE", False): _delete_all,
}


def target_of(kinds: Kinds, request: Request) -> Target:
    """What a path under `/api/v1` or `/apis/<group>/<version>` names.

    Raises:
        ApiError: nothing is served there.
    """
    parts = list(request.parts)
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    if _is_old_watch(request):
        if request.method != "GET":
            raise _not_allowed()
        rest = rest[1:]
    namespace = ""
    if rest[2:] and rest[0] == "namespaces" and kinds.resource(group, rest[2]) is not None:
        namespace, rest = rest[1], rest[2:]
    kind = kinds.resource(group, rest[0]) if rest else None
    if kind is None or version not in kind.versions:
        raise nowhere()
    if namespace and not kind.namespaced:
        raise nowhere()
    name = rest[1] if len(rest) > 1 else ""
    if kind.namespaced and not namespace and (name or request.method != "GET"):
        raise nowhere()
    return Target(kind, version, namespace, name, "/".join(rest[2:]))
