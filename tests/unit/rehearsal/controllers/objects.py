"""Workloads as tests ask for them."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.objects import Object


def template(app: str, command: str = "1") -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": "app", "image": "web", "command": ["serve", command]}]},
    }


def workload(kind: str, name: str, replicas: int | None = None, **spec: Any) -> Object:
    value: Object = {
        "apiVersion": "batch/v1" if kind in {"Job", "CronJob"} else "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name), **spec},
    }
    if replicas is not None:
        value["spec"]["replicas"] = replicas
    return value
