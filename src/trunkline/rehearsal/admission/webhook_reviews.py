"""The question and the answer of a webhook: `AdmissionReview` of admission.k8s.io, v1 and v1beta1. Pure."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.admission.webhook_rules import Asked
from trunkline.rehearsal.controllers.reading import texts
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import new_uid

_GROUP = "admission.k8s.io"
_VERSIONS = ("v1", "v1beta1")
_ADMINISTRATOR = {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_LOWEST_REFUSAL = 400


class BadReview(Exception):
    """An answer that is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a webhook answers.

    Attributes:
        status: what it says of a refusal, as a `metav1.Status`.
        patch: the operations of its JSON patch, None if it changes nothing.
        warnings: what the client is to be told.
    """

    allowed: bool
    status: Mapping[str, Any]
    patch: Any = None
    warnings: tuple[str, ...] = ()


def question(hook: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """What a webhook is asked."""
    known = [version for version in texts(dict(hook), "admissionReviewVersions") if version in _VERSIONS]
    kind, how = asked.kind, asked.how
    version = str(asked.any_value.get("apiVersion") or kind.api_version).rpartition("/")[2]
    kind_asked = {"group": kind.group, "version": version, "kind": kind.kind}
    resource = {"group": kind.group, "version": version, "resource": kind.plural}
    options: dict[str, Any] = {"kind": _OPTIONS[asked.operation], "apiVersion": "meta.k8s.io/v1"}
    if asked.operation != "DELETE":
        options["fieldManager"] = how.manager
    if how.dry_run:
        options["dryRun"] = ["All"]
    below = {"subResource": how.subresource, "requestSubResource": how.subresource} if how.subresource else {}
    return {
        "kind": "AdmissionReview",
        "apiVersion": f"{_GROUP}/{known[0] if known else _VERSIONS[0]}",
        "request": {
            "uid": new_uid(),
            "kind": kind_asked,
            "resource": resource,
            "requestKind": kind_asked,
            "requestResource": resource,
            **below,
            "name": asked.name,
            **({"namespace": asked.namespace} if asked.namespace else {}),
            "operation": asked.operation,
            "userInfo": _user(how.manager),
            "object": asked.value,
            "oldObject": asked.previous,
            "dryRun": how.dry_run,
            "options": options,
        },
    }


def verdict(review: Mapping[str, Any], body: bytes, *, may_change: bool) -> Verdict:
    """What a webhook has answered to a question.

    Raises:
        BadReview: it has not answered that question.
    """
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadReview(f"couldn't get version/kind; json parse error: {error}") from error
    response = found.get("response") if isinstance(found, dict) else None
    if not isinstance(response, dict):
        raise BadReview("webhook response was absent")
    is_old = review["apiVersion"] == f"{_GROUP}/v1beta1"
    if not is_old and response.get("uid") != review["request"]["uid"]:
        said = json.dumps(str(response.get("uid") or ""))
        raise BadReview(f'expected response.uid="{review["request"]["uid"]}", got {said}')
    answered = found.get("apiVersion"), found.get("kind")
    if answered != (review["apiVersion"], "AdmissionReview"):
        spelled = f"{answered[0] or ''}, Kind={answered[1] or ''}"
        raise BadReview(
            f"expected webhook response of {review['apiVersion']}, Kind=AdmissionReview, got {spelled}"
        )
    status = response.get("status")
    return Verdict(
        response.get("allowed") is True,
        status if isinstance(status, dict) else {},
        _patch(response, is_old=is_old, may_change=may_change),
        tuple(texts(response, "warnings")),
    )


def refusal(name: str, status: Mapping[str, Any]) -> ApiError:
    """What a client is told when a webhook says no."""
    said, reason, code = (status.get(key) for key in ("message", "reason", "code"))
    denied = f'admission webhook "{name}" denied the request'
    message = f"{denied}: {said or reason}" if said or reason else f"{denied} without explanation"
    is_code = isinstance(code, int) and not isinstance(code, bool) and _LOWEST_REFUSAL <= code < 600  # noqa: PLR2004
    details = status.get("details")
    return ApiError(
        int(str(code)) if is_code else _LOWEST_REFUSAL,
        str(reason or ""),
        message,
        dict(details) if isinstance(details, dict) else None,
    )


def _patch(response: Mapping[str, Any], *, is_old: bool, may_change: bool) -> Any:
    patch, type_ = response.get("patch"), response.get("patchType")
    if not may_change:
        for key, given in (("patch", patch), ("patchType", type_)):
            if given and not is_old:
                raise BadReview(f"validating webhook may not return response.{key}")
        return None
    if not is_old and patch and type_ is None:
        raise BadReview("webhook returned response.patch but not response.patchType")
    if not is_old and not patch and type_ is not None:
        raise BadReview("webhook returned response.patchType but not response.patch")
    if patch and type_ not in {None, "JSONPatch"}:
        raise BadReview(f'webhook returned invalid response.patchType of "{type_}"')
    if not patch:
        return None
    try:
        return json.loads(base64.b64decode(str(patch), validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadReview(f"the patch cannot be read: {error}") from error


def _user(manager: str) -> dict[str, Any]:
    if manager.startswith("kube-"):
        return {"username": f"system:{manager}", "groups": ["system:authenticated"]}
    return _ADMINISTRATOR
