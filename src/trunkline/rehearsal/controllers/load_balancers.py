"""Services of type LoadBalancer: gives them an address from the ranges for documentation, a moment later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.rehearsal.controllers.means import Alarms, Means, place_of
from trunkline.rehearsal.controllers.reading import entries, mapping
from trunkline.rehearsal.objects import Object, at, is_ending, metadata, moment_of
from trunkline.rehearsal.store import Change, Place

ANNOTATION = "rehearsal.trunkline.dev/load-balancer"
"""With the value `none` a Service waits for its address for ever."""
_COMPONENT = "service-controller"
_DELAY_S = 1.0
# RFC 5737.
_RANGES = ("203.0.113", "198.51.100")


class LoadBalancers:
    """Gives every LoadBalancer Service its address."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind = means.kind("", "Service")
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        return [place_of(change.value)] if change.kind is self._kind else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        service = self._means.get(self._kind, place)
        self._alarms.set(place, None)
        if service is None or is_ending(service):
            return
        has_address = bool(at(service, "status", "loadBalancer", "ingress"))
        if at(service, "spec", "type") != "LoadBalancer":
            if has_address:
                self._means.set_status(self._kind, service, {"loadBalancer": {}})
            return
        if has_address:
            return
        made = moment_of(metadata(service).get("creationTimestamp")) or self._means.now()
        left_s = _DELAY_S - (self._means.now() - made).total_seconds()
        if left_s > 0:
            said = "Ensuring load balancer"
            self._means.say(service, "Normal", "EnsuringLoadBalancer", said, _COMPONENT)
        if mapping(service, "metadata", "annotations").get(ANNOTATION) == "none":
            return
        if left_s > 0:
            self._alarms.set(place, left_s)
        else:
            self._give(service)

    def _give(self, service: Object) -> None:
        taken = {
            at(ingress, "ip")
            for item in self._means.store.all_of(self._kind)
            for ingress in entries(item, "status", "loadBalancer", "ingress")
        }
        address: Any = at(service, "spec", "loadBalancerIP") or next(
            (item for item in _addresses() if item not in taken), None
        )
        if address is None:
            return
        status = {"loadBalancer": {"ingress": [{"ip": address, "ipMode": "VIP"}]}}
        self._means.set_status(self._kind, service, status)
        self._means.say(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer", _COMPONENT)


def _addresses() -> Iterator[str]:
    for prefix in _RANGES:
        for number in range(1, 255):
            yield f"{prefix}.{number}"
