"""The kinds that these tests speak of, and a moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from trunkline.rehearsal.kinds import Kind, Kinds

ALL = Kinds()
DEPLOYMENT = ALL.named("apps", "Deployment")
POD = ALL.named("", "Pod")
SERVICE = ALL.named("", "Service")
CONFIG_MAP = ALL.named("", "ConfigMap")
CUSTOM = Kind("example.org", ("v1",), "Thing", "things", subresources=("status",))
NOW = datetime(2030, 1, 1, 12, 0, tzinfo=UTC)
STAMP = "2030-01-01T12:00:00Z"


def config_map(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}, "data": data}


def deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "it", "labels": {"app": "it"}},
        "spec": {
            "selector": {"matchLabels": {"app": "it"}},
            "template": {"metadata": {"labels": {"app": "it"}}, "spec": {"containers": list(containers)}},
            **spec,
        },
    }


def owned(value: dict[str, Any]) -> dict[str, Any]:
    """The fields of each manager."""
    return {
        f"{entry['manager']} {entry['operation']}": entry["fieldsV1"]
        for entry in value["metadata"].get("managedFields", [])
    }
