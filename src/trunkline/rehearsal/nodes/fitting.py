"""Whether a node can take a pod, and the scheduler's words for what keeps it away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from trunkline.rehearsal.nodes.amounts import amount
from trunkline.rehearsal.objects import Object, at, metadata, name_of

Port = tuple[str, str, int]
TOO_MANY, NO_FREE_PORTS = "Too many pods", "node(s) didn't have free ports for the requested pod ports"
_ANYWHERE = "0.0.0.0"  # noqa: S104 - as a pod spells every address; nothing listens here
_ONE = 1000
_CORDONED = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}


class Load:
    """What the pods of one node ask for, host ports included; amounts are in thousandths."""

    def __init__(self, pods: Iterable[Object] = ()) -> None:
        self.amounts: Counter[str] = Counter()
        self.ports: Counter[Port] = Counter()
        for pod in pods:
            self.add(pod)

    def add(self, pod: Object) -> None:
        """A pod comes to the node."""
        self.amounts.update(requests_of(pod))
        self.ports.update(host_ports_of(pod))

    def remove(self, pod: Object) -> None:
        """A pod leaves it."""
        self.amounts.subtract(requests_of(pod))
        self.ports.subtract(host_ports_of(pod))


def unwanted(pod: Object, node: Object) -> list[str]:
    """What keeps the pod away from this node however empty it is."""
    if at(node, "spec", "unschedulable") and not tolerates(pod, _CORDONED):
        return ["node(s) were unschedulable"]
    for taint in at(node, "spec", "taints") or ():
        if taint.get("effect") in {"NoSchedule", "NoExecute"} and not tolerates(pod, taint):
            value = taint.get("value") or ""
            return [f"node(s) had untolerated taint {{{taint.get('key')}: {value}}}"]
    if not _selects(at(pod, "spec", "nodeSelector"), node) or not _affine(pod, node):
        return ["node(s) didn't match Pod's node affinity/selector"]
    return []


def short_of(pod: Object, node: Object, load: Load) -> list[str]:
    """What the node lacks for the pod beside its load."""
    if any(
        _clash(ours, theirs) for ours in host_ports_of(pod) for theirs, count in load.ports.items() if count
    ):
        return [NO_FREE_PORTS]
    room = _room(node)
    wanted = requests_of(pod)
    if load.amounts["pods"] + _ONE > amount(room.get("pods")):
        return [TOO_MANY]
    return [
        f"Insufficient {name}"
        for name, asked in wanted.items()
        if name != "pods" and asked and load.amounts[name] + asked > amount(room.get(name))
    ]


def tolerates(pod: Object, taint: Any) -> bool:
    """Whether a pod may be where this taint is."""
    for item in at(pod, "spec", "tolerations") or ():
        if item.get("effect") not in {None, "", taint.get("effect")}:
            continue
        if item.get("operator") == "Exists" and item.get("key") in {None, "", taint.get("key")}:
            return True
        if item.get("key") == taint.get("key") and (item.get("value") or "") == (taint.get("value") or ""):
            return item.get("operator") in {None, "", "Equal"}
    return False


def requests_of(pod: Object) -> Counter[str]:
    """What a pod asks for, in thousandths; init containers run before the others, not beside them."""
    found: Counter[str] = Counter({"pods": _ONE})
    for container in at(pod, "spec", "containers") or ():
        for name, value in (at(container, "resources", "requests") or {}).items():
            found[name] += amount(value)
    for container in at(pod, "spec", "initContainers") or ():
        for name, value in (at(container, "resources", "requests") or {}).items():
            found[name] = max(found[name], amount(value))
    return found


def host_ports_of(pod: Object) -> set[Port]:
    """The node's own ports that a pod takes: address, protocol, number."""
    found = set()
    for container in at(pod, "spec", "containers") or ():
        for port in container.get("ports") or ():
            if number := port.get("hostPort"):
                found.add((port.get("hostIP") or _ANYWHERE, port.get("protocol") or "TCP", int(number)))
    return found


def priority_of(pod: Object) -> int:
    """Who goes first."""
    return int(at(pod, "spec", "priority") or 0)


def _clash(one: Port, other: Port) -> bool:
    return one[1:] == other[1:] and (one[0] == other[0] or _ANYWHERE in (one[0], other[0]))


def _room(node: Object) -> dict[str, Any]:
    """What the node can give; of a resource that devices bring, its kubelet gives all that there is.

    As the API does, a node that says only how big it is counts as giving all of that.
    """
    capacity = at(node, "status", "capacity") or {}
    devices = {name: value for name, value in capacity.items() if "/" in name}
    return {**devices, **(at(node, "status", "allocatable") or capacity)}


def _selects(selector: Any, node: Object) -> bool:
    labels = metadata(node).get("labels") or {}
    return all(labels.get(key) == value for key, value in (selector or {}).items())


def _affine(pod: Object, node: Object) -> bool:
    required = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = at(pod, "spec", "affinity", "nodeAffinity", required, "nodeSelectorTerms")
    return not terms or any(_term_holds(term, node) for term in terms)


def _term_holds(term: Any, node: Object) -> bool:
    labels = metadata(node).get("labels") or {}
    named = {"metadata.name": name_of(node)}
    return all(_holds(item, labels) for item in term.get("matchExpressions") or ()) and all(
        _holds(item, named) for item in term.get("matchFields") or ()
    )


def _holds(expression: Any, labels: Any) -> bool:
    key, values = expression.get("key"), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "Gt" | "Lt" as operator:
            return _compares(str(labels.get(key)), operator, values)
        case _:
            return key not in labels


def _compares(value: str, operator: str, values: list[Any]) -> bool:
    try:
        label, bound = int(value), int(str(values[0]))
    except (ValueError, IndexError):
        return False
    return label > bound if operator == "Gt" else label < bound
