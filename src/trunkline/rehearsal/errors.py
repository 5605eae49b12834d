"""What the API refuses, with the status that a client is told.

The reasons and codes are those of Kubernetes' API conventions (`metav1.Status`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of an object.

    Attributes:
        path: such as `spec.replicas` or `spec.template.spec.containers[0].image`.
        reason: one of the API's words, such as FieldValueInvalid.
        message: such as `Invalid value: -1: must be greater than or equal to 0`.
    """

    path: str
    reason: str
    message: str


class ApiError(Exception):
    """A request that is not granted.

    Args:
        code: the HTTP status.
        reason: the API's word for it, such as NotFound.
        message: for people, as the real API says it.
        details: of the Status, such as the kind and the name.
        retry_after_s: when to come again, 0 if that is not said.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.details = details or {}
        self.retry_after_s = retry_after_s

    @property
    def status(self) -> dict[str, Any]:
        """The `metav1.Status` that is answered."""
        details = dict(self.details)
        if self.retry_after_s:
            details["retryAfterSeconds"] = self.retry_after_s
        found: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if not self.reason:
            # What a webhook refuses has a reason only if the webhook gives one.
            del found["reason"]
        if details:
            found["details"] = details
        return found


class NotYet(ApiError):
    """A refusal that may be over in a moment: a request is tried again for a while before its client is told."""

    def __init__(self, refusal: ApiError) -> None:
        super().__init__(refusal.code, refusal.reason, refusal.message, refusal.details)


def not_found(plural: str, group: str, name: str) -> ApiError:
    """There is no such object."""
    return ApiError(
        404, "NotFound", f'{qualified(plural, group)} "{name}" not found', _details(plural, group, name)
    )


def already_exists(plural: str, group: str, name: str) -> ApiError:
    """There is one of this name."""
    message = f'{qualified(plural, group)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, _details(plural, group, name))


def conflict(plural: str, group: str, name: str, why: str = "") -> ApiError:
    """It was changed by somebody else since it was read."""
    said = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {qualified(plural, group)} "{name}": {said}'
    return ApiError(409, "Conflict", message, _details(plural, group, name))


def bad_request(message: str) -> ApiError:
    """The request makes no sense."""
    return ApiError(400, "BadRequest", message)


def forbidden(plural: str, group: str, name: str, why: str) -> ApiError:
    """It is not allowed, by a quota, an admission plugin or the object's state."""
    message = f'{qualified(plural, group)} "{name}" is forbidden: {why}'
    return ApiError(403, "Forbidden", message, _details(plural, group, name))


def invalid(kind: str, group: str, name: str, problems: Sequence[FieldError]) -> ApiError:
    """The object itself is wrong; every problem is named."""
    said = [f"{problem.path}: {problem.message}" for problem in problems]
    told = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    details: dict[str, Any] = {
        "name": name,
        "kind": kind,
        "causes": [
            {"reason": problem.reason, "message": problem.message, "field": problem.path}
            for problem in problems
        ],
    }
    if group:
        details["group"] = group
    return ApiError(422, "Invalid", f'{qualified(kind, group)} "{name}" is invalid: {told}', details)


def qualified(name: str, group: str) -> str:
    """A resource or kind as messages spell it: `deployments.apps`, `pods`."""
    return f"{name}.{group}" if group else name


def _details(plural: str, group: str, name: str) -> dict[str, Any]:
    return {"name": name, "kind": plural, **({"group": group} if group else {})}
