"""The kubeconfig of a simulated cluster."""

from __future__ import annotations

import json
from typing import Any

CONTEXT = "trunkline-rehearsal"


def kubeconfig(url: str) -> str:
    """A kubeconfig for a cluster at an address, as JSON, which is YAML."""
    value: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": {"server": url}}],
        "contexts": [
            {"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}}
        ],
        "users": [{"name": CONTEXT, "user": {}}],
    }
    return json.dumps(value, indent=2) + "\n"
