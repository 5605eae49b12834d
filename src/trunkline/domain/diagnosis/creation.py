"""Why a controller may not create pods: quota, limits, admission, what the API says of a pod template."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.dataclass import dataclass
from trunkline.domain.diagnosis.look import Finding, Look, finding
from trunkline.domain.diagnosis.revisions import (
    changed_at,
    may_make_room,
    new_replica_set,
    standing_pods,
    wanted,
)
from trunkline.domain.rollouts.causes import COMPANION_GRACE_S, SHORT_GRACE_S, Cause
from trunkline.domain.rollouts.shapes import condition, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource
from trunkline.expressions import expression

# Until Kubernetes 1.23 a new ServiceAccount has no token for a moment; conflicts are tried again at once.
_BENIGN = expression(
    r"no API token found|object has been modified|already exists|try again later", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the API answers when it takes no pod, and what it means.

    Attributes:
        patient: whether it may take one a little later.
        room: whether it may once old pods are gone.
    """

    pattern: re.Pattern[str]
    cause: Cause
    sentence: str
    advice: str = ""
    patient: float = 0.0
    room: bool = False


def _words(
    pattern: str, cause: Cause, sentence: str, advice: str = "", patient: float = 0.0, *, room: bool = False
) -> Refusal:
    return Refusal(expression(pattern, re.IGNORECASE | re.DOTALL), cause, sentence, advice, patient, room)


REFUSALS = (
    _words(r"exceeded quota: (?P<what>[^,]+),? *(?P<why>.*)", Cause.QUOTA, "the quota {what} is used up ({why})", room=True),
    _words(r"failed quota: (?P<what>.*)", Cause.QUOTA, "they lack what the quota asks for: {what}",
           "Give the containers the requests and limits that the quota asks for."),
    _words(r"(?P<what>(maximum|minimum) .* per (Container|Pod).*|max limit to request ratio.*)", Cause.QUOTA,
           "the namespace's limits: {what}"),
    _words(r"because it is being terminated|namespace \S+ is being terminated", Cause.NAMESPACE_TERMINATING,
           "the namespace is being deleted"),
    _words(r"failed calling webhook (?P<what>\S+?)[:,]", Cause.ADMISSION,
           "the admission webhook {what} does not answer", "Check the webhook's pods; its owner may let it fail open.",
           COMPANION_GRACE_S),
    _words(r"admission webhook (?P<what>\S+) denied the request:?\s*(?P<why>.*)", Cause.ADMISSION,
           "the admission webhook {what} denies them: {why}"),
    _words(r"violates PodSecurity (?P<what>.*)", Cause.ADMISSION, "they violate the namespace's pod security level {what}",
           "Correct the security context that the message names."),
    _words(r"(unable to validate against any (pod security policy|security context constraint).*|"
           r"ValidatingAdmissionPolicy (?P<what>.*))", Cause.ADMISSION, "a policy denies them"),
    _words(r'serviceaccount "(?P<what>[^"]+)" not found', Cause.CREATE_REFUSED,
           "ServiceAccount {what} does not exist", "Create the ServiceAccount, or correct serviceAccountName in the values.", SHORT_GRACE_S),
    _words(r"no PriorityClass with name (?P<what>\S+) was found", Cause.CREATE_REFUSED,
           "PriorityClass {what} does not exist", "Create the PriorityClass, or correct priorityClassName in the values.", SHORT_GRACE_S),
)  # fmt: skip
_OTHER = _words("", Cause.CREATE_REFUSED, "the API refuses them", patient=SHORT_GRACE_S)


def creation_findings(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What the API says to a controller that tries to create new pods, while any of them is missing."""
    message = refused_message(resource, live, look)
    if not message or _BENIGN.search(message):
        return
    rule, why = sorted_out(message)
    grace_s = rule.patient
    if rule.room and may_make_room(resource, look.observation):
        grace_s = COMPANION_GRACE_S
    if rule.cause is Cause.CREATE_REFUSED and look.has_custom_resources:
        grace_s = COMPANION_GRACE_S
    sentence = f"{resource} may not create its pods: {why}"
    yield finding(rule.cause, resource, sentence, (message,), advice=rule.advice, grace_s=grace_s)


def refused_message(resource: Resource, live: KubernetesObject, look: Look) -> str:
    """What the API said when it refused the newest pod; empty if it did not.

    A ReplicaSet has a condition for it, which its controller takes back. The others have events alone: of those,
    only what was said since the spec changed counts, and only while pods are missing.
    """
    if not resource.has_pods:
        return ""
    if resource.kind in {"Deployment", "ReplicaSet"}:
        owners = look.observation.owners.get(resource, ())
        owner = new_replica_set(live, owners) if resource.kind == "Deployment" else live
        refused = condition(owner, "ReplicaFailure")
        return text(refused, "message") if refused.get("status") == "True" else ""
    since = changed_at(live)
    said = [
        event
        for event in look.said_of(live)
        if event.reason == "FailedCreate" and (not event.moment or event.moment >= since)
    ]
    return said[-1].message if said and _pods_are_missing(resource, live, look) else ""


def sorted_out(message: str) -> tuple[Refusal, str]:
    """The rule that a refusal falls under, and why in words."""
    for rule in REFUSALS:
        if found := rule.pattern.search(message):
            groups = {key: (value or "").strip(" \"'.") for key, value in found.groupdict().items()}
            return rule, rule.sentence.format(**{"what": "", "why": "", **groups}).rstrip(": ")
    return _OTHER, message


def _pods_are_missing(resource: Resource, live: KubernetesObject, look: Look) -> bool:
    if resource.kind == "Job":
        status = [number(live, "status", key) for key in ("active", "succeeded", "failed")]
        return not any(status)
    if resource.kind == "DaemonSet":
        # One that may create none at all never comes to writing a status.
        counted = number(live, "status", "updatedNumberScheduled")
        return not counted or counted < wanted(resource, live)
    return len(standing_pods(resource, look.observation)) < wanted(resource, live)
