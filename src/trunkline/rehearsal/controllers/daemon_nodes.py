"""Which nodes a DaemonSet's pods belong on, and what they bear there. Pure."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.reading import entries, mapping, values_of
from trunkline.rehearsal.controllers.selecting import labels_of
from trunkline.rehearsal.objects import Object, at, copy_of, name_of

# What every daemon pod tolerates (`util.AddOrUpdateDaemonPodTolerations`).
_TOLERATED = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
_AFFINITY = "requiredDuringSchedulingIgnoredDuringExecution"


def bound_to(pod: Object, node: str) -> None:
    """Let a pod, in place, be scheduled on one node only, whatever is wrong with it."""
    spec = pod["spec"]
    affinity = spec["affinity"] = copy_of(mapping(spec, "affinity"))
    node_affinity = affinity.setdefault("nodeAffinity", {})
    fields = [{"key": "metadata.name", "operator": "In", "values": [node]}]
    terms = at(node_affinity, _AFFINITY, "nodeSelectorTerms") or [{}]
    node_affinity[_AFFINITY] = {"nodeSelectorTerms": [{**term, "matchFields": fields} for term in terms]}
    known = entries(spec, "tolerations")
    added = [{"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED]
    if spec.get("hostNetwork"):
        key = "node.kubernetes.io/network-unavailable"
        added.append({"key": key, "operator": "Exists", "effect": "NoSchedule"})
    spec["tolerations"] = [*known, *(item for item in added if item not in known)]


def node_of(pod: Object) -> str:
    """The node on which a daemon pod is, or is to be."""
    if at(pod, "spec", "nodeName"):
        return str(at(pod, "spec", "nodeName"))
    terms = at(pod, "spec", "affinity", "nodeAffinity", _AFFINITY, "nodeSelectorTerms")
    return str(at(terms, 0, "matchFields", 0, "values", 0) or "")


def fits(template: Any, node: Object) -> tuple[bool, bool]:
    """Whether a template's pod should be started on a node, and whether one that runs there may stay."""
    spec = mapping(template, "spec")
    named = spec.get("nodeName")
    labels = labels_of(node)
    wanted = mapping(spec, "nodeSelector")
    if (named and named != name_of(node)) or any(labels.get(key) != item for key, item in wanted.items()):
        return False, False
    terms = at(spec, "affinity", "nodeAffinity", _AFFINITY, "nodeSelectorTerms")
    if terms and not any(_term_holds(term, node) for term in terms):
        return False, False
    tolerations = [
        *entries(spec, "tolerations"),
        *({"key": key, "operator": "Exists", "effect": effect} for key, effect in _TOLERATED),
    ]
    bad = [
        str(taint.get("effect"))
        for taint in entries(node, "spec", "taints")
        if not any(_tolerates(item, taint) for item in tolerations)
    ]
    return not {"NoSchedule", "NoExecute"} & set(bad), "NoExecute" not in bad


def _term_holds(term: Any, node: Object) -> bool:
    labels = labels_of(node)
    expressions = entries(term, "matchExpressions")
    fields = entries(term, "matchFields")
    if not expressions and not fields:
        return False
    return all(_holds(item, labels) for item in expressions) and all(
        _holds(item, {"metadata.name": name_of(node)}) for item in fields
    )


def _holds(expression: Any, labels: dict[str, Any]) -> bool:
    key, operator = str(at(expression, "key")), at(expression, "operator")
    values = values_of(expression)
    found = labels.get(key)
    if operator in {"Gt", "Lt"}:
        try:
            return int(str(found)) > int(values[0]) if operator == "Gt" else int(str(found)) < int(values[0])
        except (IndexError, ValueError):
            return False
    return {
        "In": found is not None and found in values,
        "NotIn": found not in values,
        "Exists": found is not None,
        "DoesNotExist": found is None,
    }.get(str(operator), False)


def _tolerates(toleration: Any, taint: Any) -> bool:
    if at(toleration, "effect") and at(toleration, "effect") != at(taint, "effect"):
        return False
    if at(toleration, "operator") == "Exists":
        return not at(toleration, "key") or at(toleration, "key") == at(taint, "key")
    return at(toleration, "key") == at(taint, "key") and (at(toleration, "value") or "") == (
        at(taint, "value") or ""
    )
