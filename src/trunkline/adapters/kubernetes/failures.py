"""Turns what the API server answers when it does not do what we ask into one sentence with the next step.

The shapes are those of `Status` in the Kubernetes API conventions ("Response Status Kind").
"""

from __future__ import annotations

import json

from trunkline.adapters.kubernetes.access import Access
from trunkline.errors import Unreachable

_LONGEST = 500
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_SERVER_FAULT = 500


class ApiError(Unreachable):
    """The API server answered and refused.

    Attributes:
        code: the HTTP status.
        reason: Kubernetes' word for it (`NotFound`, `AlreadyExists`, `Conflict`), or empty.
        said: the server's own message.
    """

    def __init__(self, message: str, hint: str, *, code: int, reason: str, said: str) -> None:
        super().__init__(message, hint)
        self.code = code
        self.reason = reason
        self.said = said

    @property
    def not_found(self) -> bool:
        """Whether there is no such object."""
        return self.code == 404  # noqa: PLR2004 - HTTP's number is its name

    @property
    def conflict(self) -> bool:
        """Whether somebody else was first: it exists already, or has changed since it was read."""
        return self.code == 409  # noqa: PLR2004 - as above

    @property
    def forbidden(self) -> bool:
        """Whether the credentials do not allow it."""
        return self.code == _FORBIDDEN


def refused(access: Access, code: int, body: str, method: str, path: str) -> ApiError:
    """The error for an answer with the status `code`; `body` is already redacted."""
    reason, said = _status(body)
    who = f"The cluster of context {access.context!r} ({access.host})"
    if code == _UNAUTHORIZED:
        message = f"{who} refuses the credentials: {said}."
        hint = f"Log in again, or check the user in {access.source}."
    elif code == _FORBIDDEN:
        message = f"{who} does not allow it: {said}."
        hint = "Give the user a Role that allows it, or use another context."
    elif code >= _SERVER_FAULT:
        message = f"{who} is in trouble ({code}): {said}."
        hint = "Look at the cluster's control plane, then run the command again."
    else:
        message = f"{who} refused {method} {path} ({code}): {said}."
        hint = "Look at that object with kubectl."
    return ApiError(message, hint, code=code, reason=reason, said=said)


class NoAnswer(Unreachable):
    """The API server did not answer at all, or broke off."""


def no_answer(access: Access, error: Unreachable) -> NoAnswer:
    """The error for a request that got no answer."""
    return NoAnswer(
        f"The cluster of context {access.context!r} does not answer: {error.message}",
        f"Check that the cluster runs, and its address in {access.source}.",
    )


def nonsense(access: Access) -> Unreachable:
    """The error for an answer that Kubernetes would not give."""
    return Unreachable(
        f"What answers at {access.host} (context {access.context!r}) is not a Kubernetes API.",
        f"Check the server in {access.source}, and whether a proxy answers in its place.",
    )


def _status(body: str) -> tuple[str, str]:
    try:
        status = json.loads(body)
    except (ValueError, RecursionError):
        status = None
    if isinstance(status, dict) and status.get("message"):
        reason, said = str(status.get("reason") or ""), str(status["message"])
    else:
        reason, said = "", " ".join(body.split())
    said = said.rstrip(".")
    return reason, (said[:_LONGEST] + "…" if len(said) > _LONGEST else said) or "no message"
