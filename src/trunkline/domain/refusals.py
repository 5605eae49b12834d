"""Why Helm or the API refused what a release is to apply: their words, sorted into causes.

The spellings are those of Helm 3.17 and Helm 4.3 (which applies on the server's side) and of the API server.
"""

from __future__ import annotations

import re

from trunkline.dataclass import dataclass
from trunkline.domain.rollouts import Cause
from trunkline.domain.rollouts.causes import GUIDE
from trunkline.expressions import expression


@dataclass(frozen=True, slots=True)
class _Words:
    pattern: re.Pattern[str]
    cause: Cause
    advice: str = ""


def _words(pattern: str, cause: Cause, advice: str = "") -> _Words:
    return _Words(expression(pattern, re.IGNORECASE), cause, advice)


# The first that matches speaks: an admission denial may well quote what comes below it.
_TABLE = (
    _words(
        r"execution error at \(|\bexecuting \"|YAML parse error|parse error at \(|values don't meet the specifications of the schema"
        r"|error converting YAML to JSON|function \"[^\"]*\" not defined|nil pointer evaluating"
        r"|missing in charts/ directory|Chart\.yaml file is missing",
        Cause.CHART_INVALID,
    ),
    _words(r"because it is being terminated|namespace \S+ is being (?:terminated|deleted)", Cause.NAMESPACE_TERMINATING),
    _words(r"exceeded quota|failed quota|(maximum|minimum) .* per (Container|Pod)|limit to request ratio", Cause.QUOTA),
    _words(
        r"failed calling webhook", Cause.ADMISSION, "Check the webhook's pods; its owner may let it fail open."
    ),
    _words(
        r"admission webhook .* denied the request|violates PodSecurity|ValidatingAdmissionPolicy"
        r"|unable to validate against any",
        Cause.ADMISSION,
    ),
    _words(r"field is immutable|updates to .* spec for fields other than|spec is immutable", Cause.IMMUTABLE_FIELD),
    _words(r"exists and cannot be imported into the current release|invalid ownership metadata", Cause.OWNED_ELSEWHERE),
    _words(
        r"apply failed with \d+ conflict|conflict with \"",
        Cause.OWNED_ELSEWHERE,
        "Somebody else changed this field since: leave it out of the chart, or have it changed through the chart alone.",
    ),
    _words(
        r"no matches for kind|could not find the requested resource|resource mapping not found", Cause.KIND_UNKNOWN
    ),
    _words(r"hooks? .*failed|failed (pre|post)-(install|upgrade|rollback|delete)|BackoffLimitExceeded", Cause.HOOK_FAILED),
    _words(r"is forbidden: User|cannot (get|list|watch|create|update|patch|delete) resource|attempting to grant RBAC",
           Cause.FORBIDDEN),
    _words(
        r"unknown field|is invalid:|invalid value|error validating data|ValidationError|invalid type for|cannot unmarshal"
        r"|failed to create typed patch object|strict decoding error|unable to build kubernetes objects"
        r"|unable to decode",
        Cause.INVALID_OBJECT,
    ),
)  # fmt: skip


def cause_of_refusal(text: str) -> tuple[Cause, str]:
    """The cause that Helm's message tells of, `HELM_FAILED` where it is none of the known ones, and what to do next."""
    for rule in _TABLE:
        if rule.pattern.search(text):
            return rule.cause, rule.advice or GUIDE[rule.cause].advice
    return Cause.HELM_FAILED, GUIDE[Cause.HELM_FAILED].advice
