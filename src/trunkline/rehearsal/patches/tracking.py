"""Notes who has set what, whenever an object is written.

Every write of every client and controller passes here, so what was not changed is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, metadata, timestamp
from trunkline.rehearsal.patches.fields import Fields, difference
from trunkline.rehearsal.patches.managed import (
    Managed,
    Manager,
    decoded,
    grown,
    is_reset,
    managed_of,
    without,
    write_to,
)
from trunkline.rehearsal.patches.schema import custom_shape, shape_of
from trunkline.rehearsal.patches.typed import compared
from trunkline.rehearsal.patches.values import refuse_deep
from trunkline.rehearsal.registry import Write

_UNTRACKED: Fields = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "clusterName",
                "creationTimestamp",
                "generation",
                "managedFields",
                "name",
                "namespace",
                "resourceVersion",
                "selfLink",
                "uid",
            )
        },
    },
}


class Tracker:
    """Notes the managers of fields (the `Tracking` of the registry).

    Args:
        now: tells the time.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def track(self, kind: Kind, previous: Object | None, value: Object, how: Write) -> None:
        """Note in an object's managedFields, in place, who has set what.

        Raises:
            ApiError: 400, it is nested too deeply.
        """
        managed = _managed(previous, value, how)
        if previous is not None and not managed:
            # Nobody is tracked in it: neither did it begin so, nor has anybody applied it.
            metadata(value).pop("managedFields", None)
            return
        changed, removed = changes(kind, previous, value, how.subresource)
        version = str(value.get("apiVersion") or kind.api_version)
        if changed or removed:
            managed = without(managed, changed, removed)
        if changed:
            own = Manager(how.manager, "Update", version, how.subresource)
            managed = grown(managed, own, changed, version, timestamp(self._now()))
        write_to(value, managed)


def changes(
    kind: Kind, previous: Object | None, value: Object, subresource: str = ""
) -> tuple[Fields, Fields]:
    """Which fields were changed or added, and which removed; those that nobody manages are left out.

    Raises:
        ApiError: 400, it is nested too deeply.
    """
    refuse_deep(value)
    shape = shape_of(kind, str(value.get("apiVersion") or ""))
    changed, removed = compared(previous or {}, value, shape or custom_shape())
    if kind.has_status and not subresource:
        # What a new object's status begins with is the API's own.
        changed.pop("f:status", None)
    return tracked(changed), tracked(removed)


def tracked(fields: Fields) -> Fields:
    """A set without the fields that nobody manages: what an object is, and what only the API sets."""
    return difference(fields, _UNTRACKED)


def _managed(previous: Object | None, value: Object, how: Write) -> Managed:
    """Who is said to manage the fields before this write."""
    if how.subresource:
        return managed_of(previous)
    said = metadata(value).get("managedFields")
    if is_reset(said):
        return {}
    if previous is not None and said == metadata(previous).get("managedFields"):
        return managed_of(previous)
    return decoded(said) or managed_of(previous)
