"""What a pod asks for in all: its containers, those that run before them, and its overhead.

The rule is that of `k8s.io/component-helpers/resource` (`PodRequests`, `PodLimits`).
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.admission.quantities import Amounts, added, amounts, largest
from trunkline.rehearsal.controllers.reading import entries
from trunkline.rehearsal.objects import at

REQUESTS, LIMITS = "requests", "limits"
_COUNTING = ("cpu", "memory")


def demand(spec: Any, which: str) -> Amounts:
    """The requests or the limits of a pod's spec, by resource."""
    total: Amounts = {}
    for container in entries(spec, "containers"):
        total = added(total, amounts(at(container, "resources", which)))
    beside: Amounts = {}
    before: Amounts = {}
    for container in entries(spec, "initContainers"):
        own = amounts(at(container, "resources", which))
        if container.get("restartPolicy") == "Always":
            # It goes on beside all that come after it.
            beside = added(beside, own)
            own = beside
        else:
            own = added(own, beside)
        before = largest(before, own)
    total = largest(added(total, beside), before)
    overhead = amounts(at(spec, "overhead"))
    if which == LIMITS:
        # Where nothing is limited, the overhead limits nothing either.
        overhead = {name: item for name, item in overhead.items() if name in total}
    return added(total, overhead)


def is_best_effort(spec: Any) -> bool:
    """Whether a pod's quality of service is BestEffort: no container asks for anything that counts."""
    containers = [*entries(spec, "containers"), *entries(spec, "initContainers")]
    return not any(
        found[name].nano > 0
        for container in containers
        for which in (REQUESTS, LIMITS)
        for found in [amounts(at(container, "resources", which))]
        for name in _COUNTING
        if name in found
    )
