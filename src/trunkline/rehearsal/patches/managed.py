"""`metadata.managedFields`: who manages which fields, as it is read, changed and written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from trunkline.dataclass import dataclass
from trunkline.rehearsal.objects import metadata
from trunkline.rehearsal.patches.fields import Fields, cleaned, difference, intersection, union

_MOST_UPDATERS = 10
_ANCIENT = "ancient-changes"


class Manager(NamedTuple):
    """Who manages fields: two entries with the same manager are one.

    Attributes:
        operation: `Apply` or `Update`.
        api_version: of an update; whoever applies is the same in all versions.
    """

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    def __str__(self) -> str:
        """As conflicts name it."""
        said = f'"{self.name}"'
        if self.subresource:
            said += f' with subresource "{self.subresource}"'
        return f"{said} using {self.api_version}" if self.operation == "Update" else said


@dataclass(frozen=True, slots=True)
class Entry:
    """What somebody manages.

    Attributes:
        time: when that last grew, as a `metav1.Time`; empty if nobody knows.
        source: the entry as it was stored, for as long as it is the same.
    """

    fields: Fields
    api_version: str
    time: str = ""
    source: dict[str, Any] | None = None

    def with_fields(self, fields: Fields) -> Entry:
        """The entry with other fields; the very same if they are the very same."""
        return self if fields is self.fields else replace(self, fields=fields, source=None)


Managed = dict[Manager, Entry]


def managed_of(value: Mapping[str, Any] | None) -> Managed:
    """Who manages an object that is stored; nobody, if that cannot be read."""
    return decoded(metadata(value or {}).get("managedFields"), trusted=True) or {}


def is_reset(managed_fields: Any) -> bool:
    """Whether a client asks to forget all managers: a list that is empty, or has one empty entry."""
    return managed_fields in ([], [{}])


def decoded(managed_fields: Any, *, trusted: bool = False) -> Managed | None:
    """Who manages what.

    Args:
        managed_fields: a list of `metav1.ManagedFieldsEntry`.
        trusted: whether it is ours, so that its sets need not be looked at.

    Returns:
        None if it makes no sense.
    """
    if not isinstance(managed_fields, list):
        return None
    found: Managed = {}
    for entry in managed_fields:
        if not isinstance(entry, dict) or entry.get("operation") not in {"Apply", "Update"}:
            return None
        if entry.get("fieldsType") != "FieldsV1":
            return None
        said = entry.get("fieldsV1")
        fields = said if trusted and isinstance(said, dict) else cleaned(said or {})
        texts = [str(entry.get(key) or "") for key in ("manager", "operation", "apiVersion", "subresource")]
        if fields is None:
            return None
        version = texts[2]
        if texts[1] == "Apply":
            texts[2] = ""
        found[Manager(*texts)] = Entry(
            fields, version, str(entry.get("time") or ""), entry if fields is said else None
        )
    return found


def encoded(managed: Managed) -> list[dict[str, Any]]:
    """The list that an object carries, in the order of the real API; managers of nothing are left out."""
    entries = sorted(
        ((manager, entry) for manager, entry in managed.items() if entry.fields),
        key=lambda each: (
            each[0].operation,
            each[1].time,
            each[0].name,
            each[1].api_version,
            each[0].subresource,
        ),
    )
    return [_spelled(manager, entry) for manager, entry in entries]


def write_to(value: dict[str, Any], managed: Managed) -> None:
    """Note in an object, in place, who manages what; one that has no metadata is none that could be managed."""
    entries = encoded(managed)
    if entries and isinstance(value.setdefault("metadata", {}), dict):
        value["metadata"]["managedFields"] = entries
    else:
        metadata(value).pop("managedFields", None)


def without(managed: Managed, *gone: Fields) -> Managed:
    """What managers still have when fields were taken from all of them."""
    found: Managed = {}
    for manager, entry in managed.items():
        fields = entry.fields
        for each in gone:
            fields = difference(fields, each) if each else fields
        if fields:
            found[manager] = entry.with_fields(fields)
    return found


def conflicts_of(managed: Managed, changed: Fields) -> dict[Manager, Fields]:
    """Which changed fields somebody manages."""
    found = {manager: intersection(entry.fields, changed) for manager, entry in sorted(managed.items())}
    return {manager: fields for manager, fields in found.items() if fields}


def grown(managed: Managed, manager: Manager, fields: Fields, api_version: str, time: str) -> Managed:
    """The managers, one of whom has updated more fields now."""
    before = managed.get(manager)
    everything = union(before.fields, fields) if before else fields
    return _capped({**managed, manager: Entry(everything, api_version, time)})


def _capped(managed: Managed) -> Managed:
    """Managers in which there are not too many that have updated: the oldest become one of each version."""
    updaters = sorted(
        (manager for manager in managed if manager.operation == "Update"),
        key=lambda manager: (managed[manager].time, manager),
    )
    excess = len(updaters) - _MOST_UPDATERS
    if excess <= 0:
        return managed
    found, first = dict(managed), dict[str, Manager]()
    for manager in updaters:
        entry, version = found[manager], manager.api_version
        if excess <= 0:
            break
        if version not in first:
            first[version] = manager
            continue
        bucket = Manager(_ANCIENT, "Update", version)
        if bucket not in found:
            found[bucket] = found.pop(first[version])
        if manager != bucket:
            del found[manager]
        found[bucket] = Entry(union(found[bucket].fields, entry.fields), version, entry.time)
        excess -= 1
    return found


def _spelled(manager: Manager, entry: Entry) -> dict[str, Any]:
    if entry.source is not None:
        return entry.source
    found = {
        "manager": manager.name,
        "operation": manager.operation,
        "apiVersion": entry.api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields,
        "subresource": manager.subresource,
    }
    return {key: value for key, value in found.items() if value}
