"""HorizontalPodAutoscalers of a cluster without metrics: they keep the bounds, and say that they know nothing more."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.conditions import condition, conditions_in, with_one
from trunkline.rehearsal.controllers.means import Alarms, Means, place_of
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.rounding import wanted
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, is_ending, metadata, moment_of
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "horizontal-pod-autoscaler"
_PERIOD_S = 15.0


class Autoscalers:
    """Keeps the conditions of every HorizontalPodAutoscaler; it looks at each one once, 15 seconds after a change."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind = means.kind("autoscaling", "HorizontalPodAutoscaler")
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        before = change.previous
        if change.kind is not self._kind or (before and before.get("spec") == change.value.get("spec")):
            return []
        return [place_of(change.value)]

    def reconcile(self, place: Place) -> None:
        """See the port."""
        autoscaler = self._means.get(self._kind, place)
        self._alarms.set(place, None)
        if autoscaler is None or is_ending(autoscaler):
            return
        made = moment_of(metadata(autoscaler).get("creationTimestamp")) or self._means.now()
        left_s = _PERIOD_S - (self._means.now() - made).total_seconds()
        if left_s > 0:
            self._alarms.set(place, left_s)
            return
        self._judge(autoscaler)

    def _judge(self, autoscaler: Object) -> None:
        reference = mapping(autoscaler, "spec", "scaleTargetRef")
        kind = self._means.kinds.of(str(reference.get("apiVersion")), str(reference.get("kind")))
        place = str(metadata(autoscaler).get("namespace")), str(reference.get("name"))
        target = self._means.get(kind, place) if kind else None
        if kind is None or target is None:
            self._lost(autoscaler, reference, kind)
            return
        replicas = wanted(target)
        found = self._within(autoscaler, replicas)
        told = [("AbleToScale", "True", "SucceededGetScale", _GOT_SCALE)]
        if found is not None:
            bounded, why = found
            self._means.edit(kind, target, lambda value: value["spec"].update(replicas=bounded))
            said = f"New size: {bounded}; reason: {why}"
            self._means.say(autoscaler, "Normal", "SuccessfulRescale", said, _COMPONENT)
            said = f"the HPA controller was able to update the target scale to {bounded}"
            told = [("AbleToScale", "True", "SucceededRescale", said)]
        elif replicas == 0:
            said = "scaling is disabled since the replica count of the target is zero"
            told.append(("ScalingActive", "False", "ScalingDisabled", said))
        else:
            told.append(self._without_metrics(autoscaler))
        self._write(autoscaler, told, replicas, found[0] if found else 0)

    def _lost(self, autoscaler: Object, reference: dict[str, Any], kind: Kind | None) -> None:
        plural = f"{kind.plural}.{kind.group}" if kind else str(reference.get("kind")).lower()
        why = f'{plural} "{reference.get("name")}" not found'
        self._means.say(autoscaler, "Warning", "FailedGetScale", why, _COMPONENT)
        said = f"the HPA controller was unable to get the target's current scale: {why}"
        self._write(autoscaler, [("AbleToScale", "False", "FailedGetScale", said)], 0, 0)

    def _without_metrics(self, autoscaler: Object) -> tuple[str, str, str, str]:
        name = _resource(autoscaler)
        failed = (
            f"failed to get {name} utilization: unable to get metrics for resource {name}: unable to fetch metrics "
            "from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
        )
        self._means.say(autoscaler, "Warning", "FailedGetResourceMetric", failed, _COMPONENT)
        said = (
            "invalid metrics (1 invalid out of 1), first error is: "
            f"failed to get {name} resource metric value: {failed}"
        )
        self._means.say(autoscaler, "Warning", "FailedComputeMetricsReplicas", said, _COMPONENT)
        return (
            "ScalingActive",
            "False",
            "FailedGetResourceMetric",
            f"the HPA was unable to compute the replica count: {failed}",
        )

    def _within(self, autoscaler: Object, replicas: int) -> tuple[int, str] | None:
        """What the bounds make of a number of replicas, None if it is within them; zero switches scaling off."""
        least = whole(at(autoscaler, "spec", "minReplicas"), 1)
        most = whole(at(autoscaler, "spec", "maxReplicas"), least)
        if 0 < replicas < least:
            return least, "Current number of replicas below Spec.MinReplicas"
        if replicas > most:
            return most, "Current number of replicas above Spec.MaxReplicas"
        return None

    def _write(
        self, autoscaler: Object, told: list[tuple[str, str, str, str]], current: int, desired: int
    ) -> None:
        conditions = conditions_in(autoscaler)
        for entry in told:
            conditions = with_one(conditions, condition(*entry, self._means.stamp()))
        status = {
            "currentReplicas": current,
            "desiredReplicas": desired,
            "currentMetrics": None,
            "conditions": conditions,
        }
        self._means.set_status(self._kind, autoscaler, status)


_GOT_SCALE = "the HPA controller was able to get the target's current scale"


def _resource(autoscaler: Object) -> str:
    return str(at(autoscaler, "spec", "metrics", 0, "resource", "name") or "cpu")
