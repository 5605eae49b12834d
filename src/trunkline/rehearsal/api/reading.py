"""Objects as clients want to see them: one, a list, a table, or as they change."""

from __future__ import annotations

import base64
import json
from typing import Any

from trunkline.rehearsal.api.messages import Answer, Request, as_json
from trunkline.rehearsal.api.selectors import field_test, label_test
from trunkline.rehearsal.api.targets import Desk, Target, definition_of
from trunkline.rehearsal.api.watching import Wanted, expired, watch
from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.objects import Object, metadata, name_of

_LONGEST_WATCH_S = 1800.0


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
            target.kind, items, desk.now(), include=include, definition=definition_of(desk, target.kind)
        )
        if not single:
            found["metadata"] = {"resourceVersion": str(version), **({"continue": more} if more else {})}
        return found
    spelled = [in_version(target, item) for item in items]
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


def in_version(target: Target, value: Object) -> Object:
    """An object as the path's version spells it."""
    spelled = target.kind.spelled(target.version)
    if value.get("apiVersion") == spelled:
        return value
    if target.kind.kind == "HorizontalPodAutoscaler":
        from trunkline.rehearsal.admission.conversion import convert  # noqa: PLC0415 - the one kind with two shapes

        return convert(value, target.version)
    return {**value, "apiVersion": spelled}


def _wants_table(request: Request) -> bool:
    return "as=Table" in request.headers.get("accept", "").split(",")[0]


def list_objects(desk: Desk, request: Request, target: Target) -> Answer:
    """The objects that are selected, in parts where a limit is asked for.

    Raises:
        ApiError: a selector or a token cannot be read.
    """
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


def watch_objects(desk: Desk, request: Request, target: Target) -> Answer:
    """What changes from now, or from a version, on.

    Raises:
        ApiError: a selector cannot be read, or the version is forgotten.
    """
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
