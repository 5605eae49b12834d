"""Label selectors as the API's query strings spell them, and what a workload's own selector is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def spell(labels: Mapping[str, str]) -> str:
    """Labels that must all be there, such as `app=sample,tier=web`."""
    return ",".join(f"{key}={value}" for key, value in labels.items())


def of_workload(live: Mapping[str, Any]) -> str:
    """The selector of an object that brings up pods, from its manifest or its live form."""
    selector = (live.get("spec") or {}).get("selector") or {}
    if not isinstance(selector, Mapping):
        return ""
    if not selector and live.get("kind") == "Job":
        # A manifest rarely bears the selector that the API server makes for it.
        return spell({"job-name": str((live.get("metadata") or {}).get("name", ""))})
    labels = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return ",".join(filter(None, (spell(labels), *map(_expression, expressions))))


def _expression(expression: Mapping[str, Any]) -> str:
    key, values = str(expression.get("key", "")), ",".join(map(str, expression.get("values") or ()))
    match expression.get("operator"):
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "Exists":
            return key
        case _:
            return f"!{key}"
