"""What may be done here: everything, but for what is denied on purpose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trunkline.rehearsal.objects import Object, at

Allowed = Callable[[str, str, str], bool]
"""Whether a verb on a resource of a namespace is allowed."""


def everything(_verb: str, _resource: str, _namespace: str) -> bool:
    """An administrator's rights."""
    return True


def answer(kind: str, asked: Object, allowed: Allowed) -> Object:
    """The review with its status filled in."""
    return {**asked, "status": _STATUSES[kind](asked, allowed)}


def _access(asked: Object, allowed: Allowed) -> dict[str, Any]:
    wanted = at(asked, "spec", "resourceAttributes")
    if not isinstance(wanted, dict):
        return {"allowed": True}
    verb, resource, namespace = (str(wanted.get(key) or "") for key in ("verb", "resource", "namespace"))
    if allowed(verb, resource, namespace):
        return {"allowed": True, "reason": "a rehearsal's user may do everything"}
    return {"allowed": False, "reason": "the rehearsal denies it"}


def _rules(_asked: Object, _allowed: Allowed) -> dict[str, Any]:
    return {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }


def _user(_asked: Object, _allowed: Allowed) -> dict[str, Any]:
    return {"userInfo": {"username": "rehearsal", "groups": ["system:masters", "system:authenticated"]}}


def _token(_asked: Object, _allowed: Allowed) -> dict[str, Any]:
    return {"authenticated": True, "user": {"username": "rehearsal", "groups": ["system:masters"]}}


_STATUSES: dict[str, Callable[[Object, Allowed], dict[str, Any]]] = {
    "SelfSubjectAccessReview": _access,
    "SubjectAccessReview": _access,
    "LocalSubjectAccessReview": _access,
    "SelfSubjectRulesReview": _rules,
    "SelfSubjectReview": _user,
    "TokenReview": _token,
}
