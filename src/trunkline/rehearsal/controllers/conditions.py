"""The conditions of a status, changed as the controllers of workloads change them."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.objects import Object, at

Condition = dict[str, Any]


def condition(
    type_: str, status: str, reason: str, message: str, now: str, *, updated: bool = False
) -> Condition:
    """A condition that holds from now on; `updated` ones also note when they were last set, as a Deployment's do."""
    found = {"type": type_, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}
    if updated:
        found["lastUpdateTime"] = now
    return found


def find(conditions: list[Condition], type_: str) -> Condition | None:
    """The condition of a type."""
    return next((item for item in conditions if item.get("type") == type_), None)


def without(conditions: list[Condition], type_: str) -> list[Condition]:
    """All but one."""
    return [item for item in conditions if item.get("type") != type_]


def with_one(conditions: list[Condition], fresh: Condition) -> list[Condition]:
    """With a condition, which is left as it was if its status and its reason are the same."""
    known = find(conditions, str(fresh["type"]))
    if known is not None and (known.get("status"), known.get("reason")) == (fresh["status"], fresh["reason"]):
        return conditions
    if known is not None and known.get("status") == fresh["status"]:
        fresh = {**fresh, "lastTransitionTime": known.get("lastTransitionTime", fresh["lastTransitionTime"])}
    return [*without(conditions, str(fresh["type"])), fresh]


def conditions_in(value: Object) -> list[Condition]:
    """A copy of an object's conditions, fit to be changed."""
    found = at(value, "status", "conditions")
    return [dict(item) for item in found if isinstance(item, dict)] if isinstance(found, list) else []
