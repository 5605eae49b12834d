"""Answers in Quay's forms: problem details of `/api/v1`, errors of `/v2`, pages of the web server before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_PAGE = "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent; `cut` bytes of the end are not, and `drop` sends nothing at all."""

    status: int
    body: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int = 0
    drop: bool = False
    delay_s: float = 0.0


DROP = Answer(0, drop=True)


def data(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(content).encode(), headers=headers or {})


def problem(base: str, status: int, kind: str, detail: str) -> Answer:
    """RFC 7807, with the fields that Quay adds."""
    content = {
        "detail": detail,
        "error_message": detail,
        "error_type": kind,
        "title": kind,
        "type": f"{base}/api/v1/error/{kind}",
        "status": status,
    }
    return Answer(status, json.dumps(content).encode(), "application/problem+json")


def registry_error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An error of the distribution API."""
    return data({"errors": [{"code": code, "message": message, "detail": {}}]}, status, headers)


def page(status: int, title: str, headers: Mapping[str, str] | None = None) -> Answer:
    """HTML."""
    return Answer(status, _PAGE.format(title=title).encode(), "text/html; charset=utf-8", headers or {})
