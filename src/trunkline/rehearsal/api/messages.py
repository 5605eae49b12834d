"""A request and an answer, as the rest of this room knows them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from trunkline.dataclass import dataclass
from trunkline.rehearsal.errors import ApiError, bad_request

JSON = "application/json"
LARGEST_BODY = 3 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks.

    Attributes:
        parts: the path, unquoted, without empty parts.
        query: the last value of each name.
        headers: by their names in lower case.
    """

    method: str
    path: str
    parts: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        """A request from its first line.

        Raises:
            ApiError: the target is none.
        """
        try:
            split = urlsplit(target)
            query = {
                name: values[-1] for name, values in parse_qs(split.query, keep_blank_values=True).items()
            }
        except ValueError as error:
            raise bad_request(f"cannot read the address: {error}") from error
        parts = tuple(unquote(part) for part in split.path.split("/") if part)
        return cls(method, split.path, parts, query, headers, body)

    def flag(self, name: str) -> bool:
        """Whether a query parameter says yes."""
        return self.query.get(name, "").lower() in {"true", "1"}

    def number(self, name: str) -> int | None:
        """A query parameter's whole number, None if there is none.

        Raises:
            ApiError: it is no number.
        """
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text[:20])
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    @property
    def content_type(self) -> str:
        """The body's type, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be stored.

        Raises:
            ApiError: it is asked for in words that the API does not know.
        """
        asked = self.query.get("dryRun", "")
        if asked not in {"", "All"}:
            raise ApiError(
                422, "Invalid",
                f'Options.meta.k8s.io "" is invalid: dryRun: Unsupported value: "{asked}": supported values: "All"',
            )  # fmt: skip
        return bool(asked)

    @property
    def manager(self) -> str:
        """Who writes, as `managedFields` names it: what is said, else the first part of the client's name."""
        return (
            self.query.get("fieldManager")
            or self.headers.get("user-agent", "").partition("/")[0]
            or "unknown"
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered: a body, or parts of one as they come.

    Attributes:
        parts: of a watch or a log that is followed; None where `body` is all.
    """

    code: int
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    parts: Iterator[bytes] | None = None


def as_json(value: Any, code: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer of JSON."""
    return Answer(code, encoded(value), headers=headers or {})


def encoded(value: Any) -> bytes:
    """JSON, as short as it gets."""
    return json.dumps(value, separators=(",", ":")).encode()


def as_status(error: ApiError) -> Answer:
    """The answer to what is not granted."""
    headers = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else {}
    return as_json(error.status, error.code, headers)
