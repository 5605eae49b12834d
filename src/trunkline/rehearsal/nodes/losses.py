"""Nodes that are lost: nobody hears of them any more, and after a while their pods are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.kinds import POD
from trunkline.rehearsal.nodes.fitting import tolerates
from trunkline.rehearsal.objects import Object, at, conditions_of, copy_of
from trunkline.rehearsal.registry import Deletion, Write
from trunkline.rehearsal.seeds import CONDITIONS
from trunkline.rehearsal.store import Change, Place

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet

_TAINT = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
_NOTICED_S = 40.0
_GONE_S = 5.0


class NodeLosses:
    """Plays the node lifecycle controller for nodes that are lost on purpose."""

    kubelet: Kubelet

    def __init__(self, means: Means) -> None:
        self._means = means
        self._nodes = means.kind("", "Node")

    def concerned(self, change: Change) -> list[Place]:
        """See the port; nothing but a loss concerns it."""
        del change
        return []

    def reconcile(self, place: Place) -> None:
        """See the port."""

    def lose_node_of(self, pod: Object, for_s: float) -> None:
        """Lose the node that a pod is on, if it has one, for so many seconds (0: for ever)."""
        node = str(at(pod, "spec", "nodeName") or "")
        if node:
            self.lose(node)
            if for_s:
                self._means.loop.call_later(for_s, lambda: self.recover(node))

    def lose(self, node: str) -> None:
        """The node says nothing from now on; the control plane notices after its grace."""
        self.kubelet.lose(node)
        self._means.loop.call_later(_NOTICED_S, lambda: self._notice(node))

    def recover(self, name: str) -> None:
        """The node is there again, and goes on with its pods."""
        self.kubelet.recover(name)
        node = self._means.get(self._nodes, ("", name))
        if node is None:
            return
        changed = copy_of(node)
        changed["spec"]["taints"] = [
            item for item in at(node, "spec", "taints") or () if item.get("key") != _TAINT["key"]
        ]
        changed = self._means.registry.update(self._nodes, changed, Write("kube-controller-manager"))
        ready = copy_of(changed)
        told = {name: (status, reason, message) for name, status, reason, message in CONDITIONS}
        ready["status"]["conditions"] = [
            {
                **item,
                **dict(zip(("status", "reason", "message"), told[item["type"]], strict=True)),
                "lastTransitionTime": self._means.stamp(),
            }
            for item in conditions_of(changed)
            if item.get("type") in told
        ]
        self._means.registry.update(self._nodes, ready, Write("kubelet", "status"))

    def _notice(self, name: str) -> None:
        node = self._means.get(self._nodes, ("", name))
        if node is None or name not in self.kubelet.lost:
            return
        changed = copy_of(node)
        said = {"reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}
        changed["status"]["conditions"] = [
            {**item, "status": "Unknown", **said, "lastTransitionTime": self._means.stamp()}
            for item in conditions_of(node)
        ]
        changed = self._means.registry.update(
            self._nodes, changed, Write("kube-controller-manager", "status")
        )
        tainted = copy_of(changed)
        # What runs there may stay for a while; nothing new may come.
        tainted["spec"]["taints"] = [
            {**_TAINT, "effect": "NoSchedule", "timeAdded": self._means.stamp()},
            *(at(changed, "spec", "taints") or ()),
            {**_TAINT, "timeAdded": self._means.stamp()},
        ]
        self._means.registry.update(self._nodes, tainted, Write("kube-controller-manager"))
        self._means.say(
            node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady", "node-controller"
        )
        for pod in self._means.store.all_of(POD):
            if at(pod, "spec", "nodeName") == name:
                self._unready(pod)
                self._give_up_later(pod)

    def _unready(self, pod: Object) -> None:
        changed = copy_of(pod)
        for condition in conditions_of(changed):
            if condition.get("type") == "Ready":
                condition.update(
                    status="False", reason="NodeNotReady", lastTransitionTime=self._means.stamp()
                )
        self._means.registry.update(POD, changed, Write("kube-controller-manager", "status"))

    def _give_up_later(self, pod: Object) -> None:
        seconds = _toleration_s(pod)
        if seconds is not None:
            self._means.loop.call_later(seconds, lambda: self._give_up(pod))

    def _give_up(self, pod: Object) -> None:
        current = self._means.again(POD, pod)
        if current is None:
            return
        said = f"Marking for deletion Pod {'/'.join(place_of(pod))}"
        self._means.say(current, "Normal", "TaintManagerEviction", said, "taint-eviction-controller")
        self._means.delete(POD, current)
        # A real kubelet would have to come back first; nobody who watches a release waits for that.
        self._means.loop.call_later(_GONE_S, lambda: self._remove(pod))

    def _remove(self, pod: Object) -> None:
        current = self._means.again(POD, pod)
        if current is not None:
            self._means.registry.delete(
                POD, *place_of(current), Deletion(grace_s=0, uid=at(pod, "metadata", "uid"))
            )


def _toleration_s(pod: Object) -> float | None:
    """How long a pod stays on a node that is lost; None for ever."""
    if not tolerates(pod, _TAINT):
        return 0.0
    seconds: list[Any] = [
        item.get("tolerationSeconds")
        for item in at(pod, "spec", "tolerations") or ()
        if item.get("key") == _TAINT["key"] or (not item.get("key") and item.get("operator") == "Exists")
    ]
    known = [float(item) for item in seconds if item is not None]
    return min(known) if known else None
