"""Objects as they are stored and sent: plain JSON.

What the store hands out is shared and must never be changed: whoever changes an object makes a `copy_of` it first.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]


def copy_of(value: Any) -> Any:
    """The same JSON value, sharing nothing that could be changed."""
    if isinstance(value, dict):
        return {key: copy_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copy_of(item) for item in value]
    return value


def metadata(value: Mapping[str, Any]) -> dict[str, Any]:
    """An object's metadata, an empty mapping where it has none."""
    found = value.get("metadata")
    return found if isinstance(found, dict) else {}


def name_of(value: Mapping[str, Any]) -> str:
    """An object's name."""
    return str(metadata(value).get("name") or "")


def namespace_of(value: Mapping[str, Any]) -> str:
    """An object's namespace, empty if it has none."""
    return str(metadata(value).get("namespace") or "")


def uid_of(value: Mapping[str, Any]) -> str:
    """An object's uid."""
    return str(metadata(value).get("uid") or "")


def is_ending(value: Mapping[str, Any]) -> bool:
    """Whether its deletion was asked for."""
    return bool(metadata(value).get("deletionTimestamp"))


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and positions, None where it leads nowhere."""
    for key in path:
        if isinstance(key, int):
            value = value[key] if isinstance(value, list) and -len(value) <= key < len(value) else None
        else:
            value = value.get(key) if isinstance(value, dict) else None
    return value


def owner_references(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Whom it belongs to."""
    found = metadata(value).get("ownerReferences")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def controller_of(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """The one owner that controls it."""
    return next((item for item in owner_references(value) if item.get("controller") is True), None)


def controller_reference(owner: Object) -> dict[str, Any]:
    """The reference by which an owner controls what it makes."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def new_uid() -> str:
    """A uid that nothing else has."""
    return str(uuid.uuid4())


def timestamp(moment: datetime) -> str:
    """A moment as `metav1.Time` spells it: RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def microseconds(moment: datetime) -> str:
    """A moment as `metav1.MicroTime` spells it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text: Any) -> datetime | None:
    """The moment that a timestamp names, None if it is none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def conditions_of(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The conditions of its status."""
    found = at(value, "status", "conditions")
    if isinstance(found, list):
        yield from (item for item in found if isinstance(item, dict))
