"""What hangs below an object: its status, its scale, a pod's log, binding and eviction, a namespace's end, and proxies."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.api import bodies, logs, resources
from trunkline.rehearsal.api.discovery import nowhere
from trunkline.rehearsal.api.messages import Answer, Request, as_json
from trunkline.rehearsal.api.targets import Desk, Target
from trunkline.rehearsal.controllers.selecting import matches
from trunkline.rehearsal.errors import ApiError, bad_request, conflict, not_found
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.objects import Object, at, copy_of, metadata, name_of, new_uid, timestamp
from trunkline.rehearsal.registry import Deletion, Write

_PROXY_S = 5.0
_TOKEN_S, _TOKEN_MIN_S = 3600, 600
Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Ways:
    """What leads beyond the store.

    Attributes:
        logs: what containers say.
        reach_pod: the loopback address where a pod's port is answered (port 0: any), None if nobody answers.
        reach_service: the same for a Service's port, by number or name.
    """

    logs: logs.Logs
    reach_pod: Callable[[Object, int], Address | None]
    reach_service: Callable[[str, str, str], Address | None]


def answer(desk: Desk, ways: Ways, request: Request, target: Target) -> Answer:
    """Answer a request about a subresource.

    Raises:
        ApiError: it is not granted, or there is none of that name.
    """
    first, _, rest = target.subresource.partition("/")
    if first not in target.kind.subresources:
        raise nowhere()
    match first:
        case "status":
            return resources.answer(desk, request, target)
        case "finalize":
            return resources.granted(desk, lambda: _finalize(desk, request, target))
        case "scale":
            return resources.granted(desk, lambda: _scale(desk, request, target))
        case "log":
            return logs.answer(desk, ways.logs, request, target.namespace, target.name)
        case "eviction":
            return resources.granted(desk, lambda: _evict(desk, request, target))
        case "binding":
            return resources.granted(desk, lambda: _bind(desk, request, target))
        case "token":
            return _token(desk, request, target)
        case "proxy":
            return _proxy(desk, ways, request, target, rest)
        case _:
            raise ApiError(
                501,
                "NotImplemented",
                f"a rehearsal's containers cannot be reached by {first}: none of them runs",
            )


def _finalize(desk: Desk, request: Request, target: Target) -> Answer:
    value = bodies.read_object(request)
    current = _existing(desk, target)
    changed = copy_of(current)
    finalizers = at(value, "spec", "finalizers")
    changed.setdefault("spec", {})["finalizers"] = finalizers if isinstance(finalizers, list) else []
    return as_json(desk.registry.update(target.kind, changed, Write(request.manager, "", request.dry_run)))


def _scale(desk: Desk, request: Request, target: Target) -> Answer:
    current = _existing(desk, target)
    if request.method == "GET":
        return as_json(_scale_of(current))
    body = bodies.read_json(request.body) if request.method == "PATCH" else bodies.read_object(request)
    if request.method == "PATCH" and isinstance(body, list):
        from trunkline.rehearsal import patches  # noqa: PLC0415 - with its table of types

        body = patches.json_patch(_scale_of(current), body)
    version = at(body, "metadata", "resourceVersion")
    if version and version != metadata(current).get("resourceVersion"):
        raise conflict(target.kind.plural, target.kind.group, target.name)
    replicas = at(body, "spec", "replicas")
    if replicas is None:
        replicas = 0 if request.method == "PUT" else at(current, "spec", "replicas")
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        raise ApiError(
            422, "Invalid",
            f'Scale.autoscaling "{target.name}" is invalid: spec.replicas: Invalid value: {replicas}: must be greater '
            "than or equal to 0",
        )  # fmt: skip
    changed = copy_of(current)
    if not isinstance(changed.setdefault("spec", {}), dict):
        raise bad_request("the object has nothing that could be scaled")
    changed["spec"]["replicas"] = replicas
    # Not as the subresource's write: what the scale says is part of what the object asks for.
    return as_json(
        _scale_of(desk.registry.update(target.kind, changed, Write(request.manager, "", request.dry_run)))
    )


def _scale_of(value: Object) -> dict[str, Any]:
    selector = at(value, "spec", "selector") or {}
    labels = selector.get("matchLabels", selector) if isinstance(selector, dict) else {}
    labels = labels if isinstance(labels, dict) else {}
    meta = metadata(value)
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: meta[key] for key in kept if key in meta},
        "spec": {"replicas": at(value, "spec", "replicas") or 0},
        "status": {
            "replicas": at(value, "status", "replicas") or 0,
            "selector": ",".join(f"{key}={item}" for key, item in sorted(labels.items())),
        },
    }


def _evict(desk: Desk, request: Request, target: Target) -> Answer:
    body = bodies.read_object(request)
    pod = _existing(desk, target)
    budgets = desk.kinds.named("policy", "PodDisruptionBudget")
    for budget in desk.store.all_of(budgets, target.namespace):
        if matches(
            at(budget, "spec", "selector"), metadata(pod).get("labels") or {}
        ) and not _may_be_disrupted(budget, pod):
            said = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiError(429, "TooManyRequests", said, {
                "causes": [{"reason": "DisruptionBudget", "message": f"The disruption budget {name_of(budget)} needs more healthy pods"}],
            })  # fmt: skip
    grace = at(body, "deleteOptions", "gracePeriodSeconds")
    how = Deletion(grace_s=grace if isinstance(grace, int) else None, dry_run=request.dry_run)
    desk.registry.delete(POD, target.namespace, target.name, how)
    return as_json({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}, 201)


def _may_be_disrupted(budget: Object, pod: Object) -> bool:
    ready = any(
        item.get("type") == "Ready" and item.get("status") == "True"
        for item in at(pod, "status", "conditions") or ()
    )
    return not ready or int(at(budget, "status", "disruptionsAllowed") or 0) > 0


def _bind(desk: Desk, request: Request, target: Target) -> Answer:
    body = bodies.read_object(request)
    node = at(body, "target", "name")
    pod = copy_of(_existing(desk, target))
    if not isinstance(node, str) or not node:
        raise bad_request("a binding names a node as its target")
    if at(pod, "spec", "nodeName"):
        raise conflict("pods/binding", "", target.name, f"pod {target.name} is already assigned to node")
    pod["spec"]["nodeName"] = node
    conditions = pod.setdefault("status", {}).setdefault("conditions", [])
    conditions.append(
        {
            "type": "PodScheduled",
            "status": "True",
            "lastProbeTime": None,
            "lastTransitionTime": timestamp(desk.now()),
        }
    )
    desk.registry.update(POD, pod, Write("kube-scheduler", "binding"))
    return as_json(
        {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201
    )


def _token(desk: Desk, request: Request, target: Target) -> Answer:
    """A token that is as good as any: nobody is asked for one here."""
    _existing(desk, target)
    asked = bodies.read_object(request)
    said = asked.get("spec")
    spec: Object = said if isinstance(said, dict) else {}
    wanted_s = at(spec, "expirationSeconds")
    if wanted_s is None:
        wanted_s = _TOKEN_S
    if not isinstance(wanted_s, int) or isinstance(wanted_s, bool) or not _TOKEN_MIN_S <= wanted_s < 1 << 32:
        raise ApiError(
            422, "Invalid",
            f'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: {wanted_s}: may not '
            "specify a duration less than 10 minutes",
        )  # fmt: skip
    expires = desk.now() + timedelta(seconds=wanted_s)
    return as_json(
        {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {"name": target.name, "namespace": target.namespace},
            "spec": {**spec, "expirationSeconds": wanted_s},
            "status": {"token": f"rehearsal.{new_uid()}", "expirationTimestamp": timestamp(expires)},
        },
        201,
    )


def _proxy(desk: Desk, ways: Ways, request: Request, target: Target, rest: str) -> Answer:
    name, _, port = target.name.rpartition(":") if ":" in target.name else (target.name, "", "")
    name = name.rpartition(":")[2]
    if target.kind.kind == "Service":
        found = ways.reach_service(target.namespace, name, port)
    else:
        pod = desk.store.get(POD, target.namespace, name)
        found = ways.reach_pod(pod, int(port) if port.isdigit() else 0) if pod is not None else None
    if found is None:
        raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
    connection = http.client.HTTPConnection(*found, timeout=_PROXY_S)
    try:
        connection.request(
            request.method if request.method in {"GET", "HEAD", "POST"} else "GET",
            f"/{rest}",
            request.body or None,
        )
        got = connection.getresponse()
        return Answer(got.status, got.read(), got.headers.get("Content-Type", "text/plain"))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ApiError(503, "ServiceUnavailable", f"error trying to reach service: {error}") from error
    finally:
        connection.close()


def _existing(desk: Desk, target: Target) -> Object:
    found = desk.store.get(target.kind, target.namespace, target.name)
    if found is None:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    return found
