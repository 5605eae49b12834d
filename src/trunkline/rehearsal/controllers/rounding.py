"""Counts that may be percentages, and how many pods a rolling update may add and miss.

Rounded as `intstr.GetScaledValueFromIntOrPercent` and the deployment controller's `ResolveFenceposts` do.
"""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.objects import Object, at


def scaled(value: Any, total: int, *, up: bool, otherwise: int = 0) -> int:
    """A count, or a percentage such as `25%` of a total, rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        try:
            percent = int(value[:-1])
        except ValueError:
            return otherwise
        return -(-percent * total // 100) if up else percent * total // 100
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else otherwise
    return whole(value, otherwise)


def fenceposts(surge: Any, unavailable: Any, replicas: int) -> tuple[int, int]:
    """How many pods may be too many, and how many may be missing; never neither, or nothing would move."""
    most = scaled(surge, replicas, up=True)
    missing = scaled(unavailable, replicas, up=False)
    return most, missing if most or missing else 1


def wanted(value: Object) -> int:
    """The `spec.replicas` of a workload."""
    return max(0, whole(at(value, "spec", "replicas"), 1))


def is_rolling(deployment: Object) -> bool:
    """Whether a Deployment is updated by and by."""
    return bool((at(deployment, "spec", "strategy", "type") or "RollingUpdate") == "RollingUpdate")


def max_surge(deployment: Object) -> int:
    """How many pods a Deployment may have beyond its replicas."""
    if not is_rolling(deployment):
        return 0
    rolling = mapping(deployment, "spec", "strategy", "rollingUpdate")
    return fenceposts(
        rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"), wanted(deployment)
    )[0]


def max_unavailable(deployment: Object) -> int:
    """How many of a Deployment's replicas may be unavailable."""
    replicas = wanted(deployment)
    if not is_rolling(deployment) or replicas == 0:
        return 0
    rolling = mapping(deployment, "spec", "strategy", "rollingUpdate")
    missing = fenceposts(rolling.get("maxSurge", "25%"), rolling.get("maxUnavailable", "25%"), replicas)[1]
    return min(missing, replicas)
