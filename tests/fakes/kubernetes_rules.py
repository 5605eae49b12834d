"""The API server's rules that need no state: paths, selectors, merge patches and log lines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.fakes.http import status_response
from trunkline.ports import Response

Object = dict[str, Any]
METHODS = {
    "get": "GET",
    "list": "GET",
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
}


def resource_of(path: str) -> str:
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    if not parts:
        # discovery
        return ""
    if parts[0] == "namespaces" and len(parts) > 2:
        parts = parts[2:]
    return parts[2] if len(parts) > 2 else parts[0]


def is_collection(path: str) -> bool:
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    return len(parts) % 2 == 1


def not_found(path: str) -> Response:
    collection, name = path.split("/")[-2:]
    return status_response(404, "NotFound", f'{collection} "{name}" not found')


def selected(live: Object, query: dict[str, str]) -> bool:
    labels = live["metadata"].get("labels") or {}
    wanted = dict(pair.split("=") for pair in query.get("labelSelector", "").split(",") if pair)
    fields = dict(pair.split("=") for pair in query.get("fieldSelector", "").split(",") if pair)
    fields_of = {**live, "metadata.name": live["metadata"]["name"]}
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        fields_of.get(key) == value for key, value in fields.items()
    )


def merged(old: Any, new: Any) -> Any:
    """RFC 7386."""
    if not isinstance(new, dict):
        return new
    result = dict(old) if isinstance(old, dict) else {}
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def since(line: str, query: dict[str, str]) -> bool:
    if "sinceTime" not in query:
        return True
    moment = datetime.fromisoformat(line.split(" ", 1)[0]).astimezone(UTC)
    return moment >= datetime.fromisoformat(query["sinceTime"])


def shown(line: str, query: dict[str, str]) -> str:
    return line if query.get("timestamps") else line.split(" ", 1)[1]
