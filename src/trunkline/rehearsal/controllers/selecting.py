"""Whether labels are selected (`metav1.LabelSelector`, and the plain mappings of Services)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.rehearsal.controllers.reading import values_of
from trunkline.rehearsal.objects import Object, at, metadata


def labels_of(value: Object) -> dict[str, Any]:
    """An object's labels."""
    found = metadata(value).get("labels")
    return found if isinstance(found, dict) else {}


def matches(selector: Any, labels: Mapping[str, Any]) -> bool:
    """Whether a LabelSelector selects; an empty one, or none, selects nothing here, since no controller may own all."""
    wanted, expressions = _parts(selector)
    if not wanted and not expressions:
        return False
    return all(labels.get(key) == item for key, item in wanted.items()) and all(
        _holds(expression, labels) for expression in expressions
    )


def selector_of(value: Object) -> Any:
    """The selector of a workload, a PodDisruptionBudget or a Service, as a LabelSelector."""
    found = at(value, "spec", "selector")
    if value.get("kind") in {"Service", "ReplicationController"}:
        return {"matchLabels": found} if isinstance(found, dict) else None
    return found


def exact_labels(selector: Any) -> list[tuple[str, str]]:
    """Labels that all that is selected has."""
    return [(key, item) for key, item in _parts(selector)[0].items() if isinstance(item, str)]


def _parts(selector: Any) -> tuple[dict[str, Any], list[Any]]:
    wanted, expressions = at(selector, "matchLabels"), at(selector, "matchExpressions")
    return (
        wanted if isinstance(wanted, dict) else {},
        expressions if isinstance(expressions, list) else [],
    )


def _holds(expression: Any, labels: Mapping[str, Any]) -> bool:
    key, operator = str(at(expression, "key")), at(expression, "operator")
    values = values_of(expression)
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator == "Exists":
        return key in labels
    return operator == "DoesNotExist" and key not in labels
