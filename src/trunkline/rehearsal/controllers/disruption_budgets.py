"""PodDisruptionBudgets: how many pods there are, how many are healthy, and how many may be evicted now."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.conditions import Condition, condition, conditions_in, with_one
from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.controllers.readiness import has_ended, is_ready
from trunkline.rehearsal.controllers.reading import mapping
from trunkline.rehearsal.controllers.rounding import scaled, wanted
from trunkline.rehearsal.objects import Object, at, controller_of, is_ending, metadata, namespace_of, uid_of
from trunkline.rehearsal.store import Change, Place


class DisruptionBudgets:
    """Keeps the status of every PodDisruptionBudget."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("policy", "PodDisruptionBudget"), means.kind("", "Pod")
        self._budgets, self._index = means.index("policy", "PodDisruptionBudget"), means.index("", "Pod")

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is not self._pods:
            return []
        found = {place_of(item): None for item in self._budgets.selecting(change.value)}
        if change.previous is not None:
            found |= {place_of(item): None for item in self._budgets.selecting(change.previous)}
        return list(found)

    def reconcile(self, place: Place) -> None:
        """See the port."""
        budget = self._means.get(self._kind, place)
        if budget is None or is_ending(budget):
            return
        pods = self._index.selected(place[0], at(budget, "spec", "selector"))
        expected, desired = self._needs(budget, pods)
        healthy = sum(1 for pod in pods if is_ready(pod) and not is_ending(pod) and not has_ended(pod))
        allowed = max(0, healthy - desired) if expected else 0
        status = {key: item for key, item in mapping(budget, "status").items() if key == "disruptedPods"}
        status |= {
            "observedGeneration": metadata(budget).get("generation", 1),
            "disruptionsAllowed": allowed,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "expectedPods": expected,
            "conditions": with_one(conditions_in(budget), self._allowed(budget, allowed)),
        }
        self._means.set_status(self._kind, budget, status)

    def _allowed(self, budget: Object, allowed: int) -> Condition:
        status, reason = ("True", "SufficientPods") if allowed else ("False", "InsufficientPods")
        fresh = condition("DisruptionAllowed", status, reason, "", self._means.stamp())
        return {**fresh, "observedGeneration": metadata(budget).get("generation", 1)}

    def _needs(self, budget: Object, pods: list[Object]) -> tuple[int, int]:
        """How many pods there should be, and how many of them have to be healthy."""
        least, most = at(budget, "spec", "minAvailable"), at(budget, "spec", "maxUnavailable")
        if most is not None:
            expected = self._scale_of(pods)
            return expected, max(0, expected - scaled(most, expected, up=True))
        if isinstance(least, str):
            expected = self._scale_of(pods)
            return expected, scaled(least, expected, up=True)
        return len(pods), scaled(least, len(pods), up=True)

    def _scale_of(self, pods: list[Object]) -> int:
        """The replicas that the controllers of these pods are asked for."""
        scales: dict[str, int] = {}
        for pod in pods:
            owner = self._owner(pod)
            above = self._owner(owner) if owner else None
            top: Any = above or owner
            if top is not None:
                scales[uid_of(top)] = wanted(top)
        return sum(scales.values())

    def _owner(self, value: Object) -> Object | None:
        reference = controller_of(value)
        kind = self._means.kinds.of(str(at(reference, "apiVersion")), str(at(reference, "kind")))
        if reference is None or kind is None:
            return None
        return self._means.store.get(kind, namespace_of(value), str(reference.get("name")))
