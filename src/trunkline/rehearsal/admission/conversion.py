"""The one kind that is served in two shapes: HorizontalPodAutoscaler in autoscaling/v1 and v2."""

from __future__ import annotations

from trunkline.rehearsal.objects import Object, copy_of


def convert(value: Object, version: str) -> Object:
    """The same autoscaler in another version's shape; what v1 cannot say of other metrics is left out."""
    found: Object = copy_of(value)
    spec = found.get("spec")
    found["apiVersion"] = f"autoscaling/{version}"
    if not isinstance(spec, dict):
        return found
    if version == "v1":
        for metric in spec.pop("metrics", None) or ():
            resource = metric.get("resource") if isinstance(metric, dict) else None
            if isinstance(resource, dict) and resource.get("name") == "cpu":
                spec["targetCPUUtilizationPercentage"] = (resource.get("target") or {}).get(
                    "averageUtilization"
                )
        spec.pop("behavior", None)
    elif "targetCPUUtilizationPercentage" in spec:
        target = {"type": "Utilization", "averageUtilization": spec.pop("targetCPUUtilizationPercentage")}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    return found
