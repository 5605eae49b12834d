"""What Datadog documents of the bodies for DORA metrics and CI Visibility, as checks on decoded JSON.

As strict as `intake`: unknown fields and missing ones are mistakes. Sources: https://docs.datadoghq.com/api/latest/
under dora-metrics and ci-visibility-pipelines; the latest words on ids are in the vendor's own client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from tests.standins.intake import (
    EVENT_PAST_S,
    FUTURE_S,
    Mistakes,
    Record,
    check_fields,
    is_integer,
    is_text,
    settle,
)

_ID = re.compile(r"[A-Za-z0-9_.:-]{16,128}")
_SHA = re.compile(r"[0-9a-f]{40}")
_URL = re.compile(r"https?://[^\s/]+/.+|git@[^\s:]+:.+")
_STATUSES = ("success", "error", "canceled", "skipped")
_DOMAINS = ("unknown", "provider", "user")
_TWO_YEARS_S = 2 * 366 * 86_400
_Checks = dict[str, Callable[[Any], str]]


def read_deployment(body: Any, now: float) -> Record:
    """A DORA deployment; raises `Mistakes`."""
    known: _Checks = {
        "id": _id,
        "service": _line,
        "env": _line,
        "version": _line,
        "team": _line,
        "started_at": lambda value: _moment(value, now),
        "finished_at": lambda value: _moment(value, now),
        "custom_tags": _tags,
        "git": _git,
    }
    attributes = _attributes(body)
    settle(
        check_fields(attributes, known, required=("service", "started_at", "finished_at"), where="attributes")
    )
    if attributes["finished_at"] < attributes["started_at"]:
        raise Mistakes("attributes.finished_at: is before started_at")
    return Record("deployment", dict(attributes))


def read_failure(body: Any, now: float) -> Record:
    """A DORA incident; raises `Mistakes`."""
    known: _Checks = {
        "id": _id,
        "services": lambda value: (
            "" if isinstance(value, list) and all(map(is_text, value)) else "must be names"
        ),
        "env": _line,
        "name": _line,
        "severity": _line,
        "version": _line,
        "team": _line,
        "started_at": lambda value: _moment(value, now),
        "finished_at": lambda value: _moment(value, now),
        "custom_tags": _tags,
        "git": _git,
    }
    attributes = _attributes(body)
    settle(check_fields(attributes, known, required=("started_at",), where="attributes"))
    if not (attributes.get("services") or attributes.get("team")):
        raise Mistakes("attributes.services: is missing, and so is team")
    return Record("failure", dict(attributes))


def read_pipelines(body: Any, now: float) -> list[Record]:
    """Runs and jobs of CI Visibility; raises `Mistakes`."""
    data = body.get("data") if isinstance(body, dict) else None
    entries = data if isinstance(data, list) else [data]
    found: list[Record] = []
    mistakes: list[str] = []
    for i, entry in enumerate(entries):
        where = f"data[{i}]"
        if not isinstance(entry, dict) or entry.get("type") != "cipipeline_resource_request":
            mistakes.append(f"{where}.type: must be cipipeline_resource_request")
            continue
        resource: Any = (entry.get("attributes") or {}).get("resource")
        wrong = list(_resource(resource, f"{where}.resource", now))
        mistakes += wrong
        if not wrong:
            found.append(Record(resource["level"], dict(resource)))
    settle(mistakes)
    return found


def _resource(resource: Any, where: str, now: float) -> Iterator[str]:
    level = resource.get("level") if isinstance(resource, dict) else None
    common: _Checks = {
        "level": lambda _: "",
        "name": _line,
        "start": lambda value: _rfc3339(value, now),
        "end": lambda value: _rfc3339(value, now),
        "status": lambda value: "" if value in _STATUSES else f"must be one of {', '.join(_STATUSES)}",
        "url": lambda value: "" if isinstance(value, str) and _URL.fullmatch(value) else "must be an address",
        "tags": _tags,
        "git": lambda value: "needs author_email, too" if "author_email" not in value else "",
        "error": _error,
    }
    if level == "pipeline":
        own: _Checks = {
            "unique_id": _line,
            "partial_retry": lambda value: "" if isinstance(value, bool) else "must be a flag",
        }
    elif level == "job":
        own = {"id": _line, "pipeline_unique_id": _line, "pipeline_name": _line}
    else:
        yield f"{where}.level: must be pipeline or job"
        return
    required = ("level", "name", "start", "end", "status", "url", *own)
    yield from check_fields(resource, common | own, required=required, where=where)
    if resource.get("end", "") < resource.get("start", ""):
        yield f"{where}.end: is before start"


def _attributes(body: Any) -> dict[str, Any]:
    try:
        attributes = body["data"]["attributes"]
    except (TypeError, KeyError):
        attributes = None
    if not isinstance(attributes, dict):
        raise Mistakes("data.attributes: must be an object")
    return attributes


def _id(value: Any) -> str:
    right = isinstance(value, str) and _ID.fullmatch(value)
    return "" if right else "must be 16 to 128 letters, digits, '-', '_', '.' or ':'"


def _line(value: Any) -> str:
    return "" if is_text(value) and "\n" not in value else "must be a text on one line"


def _moment(value: Any, now: float) -> str:
    if not is_integer(value):
        return "must be a POSIX timestamp, an integer"
    # Seconds, milliseconds or nanoseconds, told apart by their size.
    seconds = value / 1e9 if value > 1e17 else value / 1e3 if value > 1e11 else value
    return "" if now - _TWO_YEARS_S < seconds < now + FUTURE_S else "is too old, or ahead"


def _rfc3339(value: Any, now: float) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        return "must be a moment of RFC 3339"
    return "" if now - EVENT_PAST_S < moment.timestamp() < now + FUTURE_S else "is too old, or ahead"


def _tags(value: Any) -> str:
    right = (
        isinstance(value, list) and len(value) <= 100 and all(is_text(item) and ":" in item for item in value)
    )
    return "" if right else "must be at most 100 texts key:value"


def _git(value: Any) -> str:
    right = (
        isinstance(value, dict)
        and value.keys() == {"commit_sha", "repository_url"}
        and _SHA.fullmatch(str(value["commit_sha"]))
        and _URL.fullmatch(str(value["repository_url"]))
    )
    return "" if right else "must have a commit_sha and a repository_url"


def _error(value: Any) -> str:
    known = isinstance(value, dict) and value.keys() <= {"type", "message", "stack", "domain"}
    return (
        ""
        if known and value.get("domain", "unknown") in _DOMAINS
        else "must have type, message, stack, domain"
    )
