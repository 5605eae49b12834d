"""Services: keeps their Endpoints and EndpointSlices in step with the pods that they select."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.means import Means, place_of
from trunkline.rehearsal.controllers.selecting import labels_of, selector_of
from trunkline.rehearsal.controllers.service_addresses import Address, addresses_of, slices_of, subsets_of
from trunkline.rehearsal.objects import Object, at, controller_reference, is_ending, name_of, namespace_of
from trunkline.rehearsal.store import Change, Place

_HEADLESS = "service.kubernetes.io/headless"
_CHANGED = "endpoints.kubernetes.io/last-change-trigger-time"
_MANAGED = "endpoints.kubernetes.io/managed-by"
_SLICE_MANAGED = "endpointslice.kubernetes.io/managed-by"
_SERVICE = "kubernetes.io/service-name"


class Endpoints:
    """Writes the addresses of every Service that selects pods."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("", "Service"), means.kind("", "Pod")
        self._endpoints = means.kind("", "Endpoints")
        self._slices = means.kind("discovery.k8s.io", "EndpointSlice")
        self._services, self._index = means.index("", "Service"), means.index("", "Pod")

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is not self._pods or (change.previous is not None and not _matters(change)):
            return []
        found = {place_of(item): None for item in self._services.selecting(change.value)}
        if change.previous is not None:
            found |= {place_of(item): None for item in self._services.selecting(change.previous)}
        return list(found)

    def reconcile(self, place: Place) -> None:
        """See the port."""
        service = self._means.get(self._kind, place)
        if service is None:
            left = self._means.get(self._endpoints, place)
            if left is not None and labels_of(left).get(_MANAGED):
                self._means.delete(self._endpoints, left)
            return
        selector = selector_of(service)
        if (
            is_ending(service)
            or at(service, "spec", "type") == "ExternalName"
            or not at(selector, "matchLabels")
        ):
            return
        addresses = addresses_of(service, self._index.selected(place[0], selector))
        self._write_endpoints(service, addresses)
        self._write_slices(service, addresses)

    def _write_endpoints(self, service: Object, addresses: list[Address]) -> None:
        labels = {**_labels(service), _MANAGED: "endpoint-controller"}
        subsets = subsets_of(addresses)
        known = self._means.get(self._endpoints, place_of(service))
        if known is not None and (known.get("subsets") or [], labels_of(known)) == (subsets, labels):
            return
        meta: dict[str, Any] = {
            "name": name_of(service),
            "namespace": namespace_of(service),
            "labels": labels,
            "annotations": {_CHANGED: self._means.stamp()},
        }
        content = {"subsets": subsets} if subsets else {}
        if known is None:
            value = {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, **content}
            self._means.create(self._endpoints, value)
            return

        def edit(value: Any) -> None:
            value["metadata"].update(labels=labels, annotations=meta["annotations"])
            value.pop("subsets", None)
            value.update(content)

        self._means.edit(self._endpoints, known, edit)

    def _write_slices(self, service: Object, addresses: list[Address]) -> None:
        labels = {
            **_labels(service),
            _SLICE_MANAGED: "endpointslice-controller.k8s.io",
            _SERVICE: name_of(service),
        }
        contents = slices_of(addresses)
        known = self._means.owned(self._slices, service)
        for number, content in enumerate(contents):
            if number >= len(known):
                self._create_slice(service, labels, content)
                continue
            before = known[number]
            same = (before.get("endpoints"), before.get("ports")) == (content["endpoints"], content["ports"])
            if same and labels_of(before) == labels:
                continue

            def edit(value: Any, content: dict[str, Any] = content) -> None:
                value["metadata"].update(labels=labels, annotations={_CHANGED: self._means.stamp()})
                value.update(content)

            self._means.edit(self._slices, before, edit)
        for surplus in known[len(contents) :]:
            self._means.delete(self._slices, surplus)

    def _create_slice(self, service: Object, labels: dict[str, Any], content: dict[str, Any]) -> None:
        meta = {
            "generateName": f"{name_of(service)}-",
            "namespace": namespace_of(service),
            "labels": labels,
            "annotations": {_CHANGED: self._means.stamp()},
            "ownerReferences": [controller_reference(service)],
        }
        value = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": meta,
            "addressType": "IPv4",
            **content,
        }
        self._means.create(self._slices, value)


def _labels(service: Object) -> dict[str, Any]:
    headless = {_HEADLESS: ""} if at(service, "spec", "clusterIP") == "None" else {}
    return {**labels_of(service), **headless}


def _matters(change: Change) -> bool:
    """Whether a pod has changed in what a Service can see."""
    before, value = change.previous or {}, change.value
    if change.type == "DELETED" or is_ending(before) != is_ending(value):
        return True
    return labels_of(before) != labels_of(value) or before.get("status") != value.get("status")
