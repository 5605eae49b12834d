"""Why no node takes a pod: the scheduler's message of Kubernetes 1.20 and of current ones, sorted into causes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from trunkline.dataclass import dataclass
from trunkline.domain.diagnosis.look import Finding, Look, Said, finding
from trunkline.domain.rollouts.causes import (
    NODE_GRACE_S,
    SCHEDULING_GRACE_S,
    SHORT_GRACE_S,
    VOLUME_GRACE_S,
    Cause,
)
from trunkline.domain.rollouts.shapes import condition, mappings, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource
from trunkline.expressions import expression


@dataclass(frozen=True, slots=True)
class _Words:
    pattern: re.Pattern[str]
    cause: Cause
    why: str
    grace_s: float = SCHEDULING_GRACE_S


def _words(pattern: str, cause: Cause, why: str, grace_s: float = SCHEDULING_GRACE_S) -> _Words:
    return _Words(expression(pattern, re.IGNORECASE), cause, why, grace_s)


# In order of what a person has to mend first: a node that lacks room would do otherwise, a tainted one is none of ours.
_TABLE = (
    _words(r'persistentvolumeclaim "(?P<what>[^"]+)" (not found|is being deleted|bound to non-existent)',
           Cause.VOLUME_UNBOUND, "there is no claim {what}", VOLUME_GRACE_S),
    _words(r"unbound (immediate )?PersistentVolumeClaims|didn't find available persistent volumes",
           Cause.VOLUME_UNBOUND, "its claim has no volume", VOLUME_GRACE_S),
    _words(r"Insufficient (?P<what>[^\s,]*[^\s,.])", Cause.NO_ROOM, "there is not enough {what}"),
    _words(r"(didn't have|no) free ports", Cause.UNSCHEDULABLE, "a host port that it asks for is taken"),
    _words(r"too many pods", Cause.NO_ROOM, "the nodes have as many pods as they may"),
    _words(r"volume node affinity conflict|volume zone|exceed max volume count|no available volume zone",
           Cause.UNSCHEDULABLE, "its volumes cannot come to any node"),
    # Up to Kubernetes 1.20 a node's taints were looked at last: whoever had this one would have fitted.
    _words(r"had taint \{(?P<what>(?!node[.-])[^}]+)\}, that the pod didn't tolerate", Cause.TAINTED,
           "it does not tolerate the nodes' taint {what}"),
    _words(r"didn't (match|satisfy).*?(pod (anti-)?affinity|anti-?affinity rules|topology spread)", Cause.NO_MATCHING_NODE,
           "its affinity, anti-affinity or spread rules do not allow it"),
    _words(r"didn't match (Pod's )?node (affinity|selector)|didn't match Pod's node affinity/selector",
           Cause.NO_MATCHING_NODE, "no node matches its node selector or affinity"),
    _words(r"didn't match the requested (node|host)\s?name|nodeaffinity", Cause.NO_MATCHING_NODE,
           "the node that it names is not there"),
    _words(r"taint \{(?P<what>node\.(kubernetes|cloudprovider)[^}:]*?)\s*(:[^}]*)?\}|node\(s\) were unschedulable|were not ready",
           Cause.TAINTED, "the nodes are drained, not ready or in trouble", NODE_GRACE_S),
    _words(r"(untolerated )?taint \{(?P<what>[^}]+)\}|had taints? that the pod didn't tolerate|untolerated taint", Cause.TAINTED,
           "it does not tolerate the nodes' taint {what}"),
)  # fmt: skip
_UNKNOWN = _words("", Cause.UNSCHEDULABLE, "the scheduler finds none")
_HELP_COMES = {"TriggeredScaleUp", "Nominated"}
_NO_HELP = "NotTriggerScaleUp"
_NO_CLASS = expression(r'storageclass\S* "(?P<name>[^"]+)" not found')
_CLAIM_TROUBLES = {"ProvisioningFailed", "FailedBinding"}


def scheduling_findings(resource: Resource, pod: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What keeps a pod from every node; nothing while an autoscaler brings one, or lesser pods are put away for it."""
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("reason") != "Unschedulable" or scheduled.get("status") == "True":
        return
    said = look.said_of(pod)
    if help_comes(said) or text(pod, "status", "nominatedNodeName"):
        return
    message = text(scheduled, "message")
    rule, why = _sorted_out(message)
    if rule.cause is Cause.VOLUME_UNBOUND:
        yield _unbound(resource, pod, look, message, why)
        return
    evidence = [message, *(event.message for event in said if event.reason == _NO_HELP)][:2]
    sentence = f"no node takes a pod of {resource}: {why}"
    where = text(pod, "metadata", "name")
    yield finding(rule.cause, resource, sentence, evidence, pod=where, grace_s=rule.grace_s)


def help_comes(said: Sequence[Said]) -> bool:
    """Whether an autoscaler (the cluster's own, or Karpenter) has promised a node, and not taken it back."""
    words = [event.reason for event in said if event.reason in _HELP_COMES | {_NO_HELP}]
    return bool(words) and words[-1] != _NO_HELP


def unscheduled_reason(pod: KubernetesObject) -> str:
    """Why no node has taken the pod yet, in short words; empty if one has."""
    scheduled = condition(pod, "PodScheduled")
    match scheduled.get("reason"):
        case "Unschedulable" if scheduled.get("status") != "True":
            return f"no node takes it yet: {_sorted_out(text(scheduled, 'message'))[1]}"
        case "SchedulingGated":
            return "its scheduling gates are closed"
        case _:
            return ""


def claim_trouble(look: Look, namespace: str, claim: str) -> tuple[str, float]:
    """What a claim's events complain of, with its grace; empty if they do not."""
    troubles = [event for event in look.said_of_claim(namespace, claim) if event.reason in _CLAIM_TROUBLES]
    if not troubles:
        return "", VOLUME_GRACE_S
    message = troubles[-1].message
    return message, SHORT_GRACE_S if _NO_CLASS.search(message) else VOLUME_GRACE_S


def _sorted_out(message: str) -> tuple[_Words, str]:
    """The rule that a scheduler's message falls under, and why in words."""
    # What follows is about the nodes on which putting other pods away would not help either.
    main = re.split(r"\bpreemption: ", message)[0]
    for rule in _TABLE:
        if found := rule.pattern.search(main):
            what = (found.groupdict().get("what") or "").strip(" :") if rule.pattern.groupindex else ""
            return rule, rule.why.format(what=what).strip()
    return _UNKNOWN, main or _UNKNOWN.why


def _unbound(resource: Resource, pod: KubernetesObject, look: Look, message: str, why: str) -> Finding:
    evidence, grace_s, claims = [message], VOLUME_GRACE_S, []
    for volume in mappings(pod, "spec", "volumes"):
        claim = text(volume, "persistentVolumeClaim", "claimName")
        trouble, its_grace_s = claim_trouble(look, resource.namespace, claim)
        if claim and trouble:
            claims.append(claim)
            evidence.append(f"claim {claim}: {trouble}")
            grace_s = min(grace_s, its_grace_s)
    if claims:
        why = f"its claim {claims[0]} has no volume: {evidence[1].partition(': ')[2]}"
    sentence = f"no node takes a pod of {resource}: {why}"
    where = text(pod, "metadata", "name")
    return finding(Cause.VOLUME_UNBOUND, resource, sentence, evidence, pod=where, grace_s=grace_s)
