"""Reading a release's manifest: what of it is awaited, and which images and pods belong to it.

A manifest is a chart author's text, so nothing about its shape is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from trunkline.domain.rollouts.shapes import at, mapping, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource, group_of

_WITH_TEMPLATE = {
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("apps", "ReplicaSet"),
    ("batch", "Job"),
}
_AWAITED = _WITH_TEMPLATE | {
    ("", "Pod"),
    ("", "PersistentVolumeClaim"),
    ("", "Service"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
}
# The groups that the API server itself serves; the kinds of every other one are somebody's own.
_BUILT_IN = {
    "", "apps", "batch", "autoscaling", "policy", "extensions", "admissionregistration.k8s.io",
    "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
    "certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io",
    "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
    "storagemigration.k8s.io",
}  # fmt: skip


def awaited_in(objects: Iterable[KubernetesObject], namespace: str) -> tuple[Resource, ...]:
    """What is waited for of a release's manifest, each once; objects without a namespace are in the release's.

    Hooks are Helm's own affair, and what has no state to wait for (ConfigMaps, roles, CronJobs, a Job that is
    suspended, a Service that needs no load balancer) is left out. A custom resource counts as namespaced.
    """
    found = (
        Resource(kind, _namespace(item, kind, namespace), name, text(item, "apiVersion"))
        for item in _flat(objects)
        if (kind := text(item, "kind")) and (name := text(item, "metadata", "name")) and _can_be_awaited(item)
    )
    return tuple(dict.fromkeys(found))


def selectors_of(objects: Iterable[KubernetesObject]) -> tuple[Mapping[str, str], ...]:
    """The label selectors of the workloads in a release's manifest, for finding their pods."""
    found = (mapping(item, "spec", "selector", "matchLabels") for item in _workloads(objects))
    return tuple(labels for labels in found if labels)


def images_of(objects: Iterable[KubernetesObject]) -> tuple[str, ...]:
    """The images that the workloads' pod templates name, in order, each once."""
    specs = [at(item, "spec", "template", "spec") for item in _workloads(objects)]
    lists = [at(spec, key) for spec in specs for key in ("initContainers", "containers")]
    containers = [container for found in lists if isinstance(found, list) for container in found]
    images = (at(container, "image") for container in containers)
    return tuple(dict.fromkeys(image for image in images if image and isinstance(image, str)))


def _can_be_awaited(item: KubernetesObject) -> bool:
    kind, group = text(item, "kind"), group_of(text(item, "apiVersion"))
    if text(item, "metadata", "annotations", "helm.sh/hook"):
        return False
    if group not in _BUILT_IN:
        return True
    match kind:
        case "Service":
            return not group and text(item, "spec", "type") == "LoadBalancer"
        case "Job":
            return group == "batch" and at(item, "spec", "suspend") is not True
        case _:
            return (group, kind) in _AWAITED


def _namespace(item: KubernetesObject, kind: str, namespace: str) -> str:
    if kind == "CustomResourceDefinition":
        return ""
    return text(item, "metadata", "namespace") or namespace


def _workloads(objects: Iterable[KubernetesObject]) -> Iterator[KubernetesObject]:
    for item in _flat(objects):
        if (group_of(text(item, "apiVersion")), text(item, "kind")) in _WITH_TEMPLATE:
            yield item


def _flat(objects: Iterable[KubernetesObject]) -> Iterator[KubernetesObject]:
    """The objects, and those that a chart wraps into a `List`."""
    for item in objects:
        inner = at(item, "items")
        if at(item, "kind") == "List" and isinstance(inner, list):
            yield from _flat(inner)
        elif isinstance(item, Mapping):
            yield item
