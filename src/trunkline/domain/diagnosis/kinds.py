"""Objects without pods of their own: claims, Services, CustomResourceDefinitions, custom resources.

Custom resources are read by kstatus' conventions (`sigs.k8s.io/cli-utils`, pkg/kstatus): `observedGeneration`, and the
conditions Ready, Available, Reconciling and Stalled. One that has none of them does not block, once its controller
has had a moment to begin.
"""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.domain.diagnosis.look import KNOWN_KINDS, Finding, Look, finding
from trunkline.domain.diagnosis.scheduling import claim_trouble
from trunkline.domain.rollouts.causes import NODE_GRACE_S, SHORT_GRACE_S, Cause
from trunkline.domain.rollouts.shapes import at, condition, holds, mappings, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource

_GOOD = ("Ready", "Available", "Healthy")
_BAD = ("Stalled", "Failed")
_BALANCER_TROUBLES = {
    "SyncLoadBalancerFailed",
    "CreatingLoadBalancerFailed",
    "AllocationFailed",
    "FailedBuildModel",
}


def state_of(resource: Resource, live: KubernetesObject, look: Look) -> tuple[bool, str]:
    """Whether it is as it should be, and what it waits for."""
    match resource.kind:
        case "PersistentVolumeClaim" if not resource.group:
            return _claim_state(resource, live, look)
        case "Service" if not resource.group:
            return (
                (True, "") if _has_address(live) else (False, "the load balancer has not given it an address")
            )
        case "CustomResourceDefinition":
            return holds(live, "Established"), "it is not established"
        case "HorizontalPodAutoscaler":
            return True, ""
        case _:
            return _custom_state(live)


def kind_findings(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    """What is wrong with it."""
    match resource.kind:
        case "PersistentVolumeClaim" if not resource.group:
            yield from _claim_findings(resource, live, look)
        case "Service" if not resource.group:
            yield from _service_findings(resource, live, look)
        case "CustomResourceDefinition":
            names = condition(live, "NamesAccepted")
            if names.get("status") == "False":
                sentence = f"{resource} cannot be used: {text(names, 'message') or 'its names are taken'}"
                yield finding(Cause.RESOURCE_FAILED, resource, sentence, (text(names, "reason"),))
        case "HorizontalPodAutoscaler":
            return
        case _:
            yield from _custom_findings(resource, live)


def _claim_state(resource: Resource, live: KubernetesObject, look: Look) -> tuple[bool, str]:
    phase = text(live, "status", "phase")
    said = look.said_of(live)
    if phase == "Bound" or _waits_for_consumer(look, live):
        return True, ""
    trouble, _ = claim_trouble(look, resource.namespace, resource.name)
    words = trouble or (said[-1].message if said else "")
    return False, f"{phase or 'Pending'}{f': {words}' if words else ''}"


def _claim_findings(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    phase = text(live, "status", "phase")
    if phase == "Lost":
        advice = "The volume that it was bound to is gone: restore it, or delete the claim."
        yield finding(Cause.VOLUME_UNBOUND, resource, f"{resource} has lost its volume", advice=advice)
    elif phase != "Bound":
        trouble, grace_s = claim_trouble(look, resource.namespace, resource.name)
        if trouble:
            sentence = f"{resource} has no volume: {trouble}"
            yield finding(Cause.VOLUME_UNBOUND, resource, sentence, (trouble,), grace_s=grace_s)


def _waits_for_consumer(look: Look, live: KubernetesObject) -> bool:
    """Whether the claim's storage class makes the volume only once a pod uses it; then the pod tells of trouble."""
    said = look.said_of(live)
    return bool(said) and said[-1].reason in {"WaitForFirstConsumer", "WaitForPodScheduled"}


def _has_address(live: KubernetesObject) -> bool:
    if text(live, "spec", "type") != "LoadBalancer":
        return True
    return bool(mappings(live, "status", "loadBalancer", "ingress"))


def _service_findings(resource: Resource, live: KubernetesObject, look: Look) -> Iterator[Finding]:
    troubles = [event.message for event in look.said_of(live) if event.reason in _BALANCER_TROUBLES]
    if troubles and not _has_address(live):
        sentence = f"{resource} gets no address from the load balancer: {troubles[-1]}"
        yield finding(Cause.NO_ADDRESS, resource, sentence, troubles[-1:], grace_s=NODE_GRACE_S)


def is_silent(resource: Resource, live: KubernetesObject) -> bool:
    """Whether it is a custom resource of which no controller has said anything: there may be none, or it has yet to begin."""
    if resource.kind in KNOWN_KINDS:
        return False
    return at(live, "status", "observedGeneration") is None and not mappings(live, "status", "conditions")


def _custom_state(live: KubernetesObject) -> tuple[bool, str]:
    if _is_behind(live):
        return False, "its controller has not seen the change yet"
    reconciling = condition(live, "Reconciling")
    if reconciling.get("status") == "True":
        return False, _words(reconciling)
    for kind in _GOOD:
        if found := condition(live, kind):
            return found.get("status") == "True", _words(found)
    return True, ""


def _custom_findings(resource: Resource, live: KubernetesObject) -> Iterator[Finding]:
    if _is_behind(live):
        return
    for kind in _BAD:
        found = condition(live, kind)
        if found.get("status") != "True":
            continue
        observed = at(found, "observedGeneration")
        if isinstance(observed, int) and observed < number(live, "metadata", "generation"):
            continue
        told = isinstance(observed, int) or at(live, "status", "observedGeneration") is not None
        sentence = f"{resource} says that it failed: {_words(found)}"
        evidence = (f"condition {kind}: {_words(found)}",)
        # Without a generation nobody knows which spec the condition is about.
        yield finding(
            Cause.RESOURCE_FAILED, resource, sentence, evidence, grace_s=0 if told else SHORT_GRACE_S
        )
        return


def _is_behind(live: KubernetesObject) -> bool:
    observed = at(live, "status", "observedGeneration")
    return isinstance(observed, int) and observed < number(live, "metadata", "generation")


def _words(found: KubernetesObject) -> str:
    reason, message = text(found, "reason"), text(found, "message")
    told = ": ".join(filter(None, (reason, message)))
    return told or f"{text(found, 'type')} is {text(found, 'status')}"
