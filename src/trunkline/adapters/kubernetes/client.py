"""Speaks the Kubernetes API in JSON: one request at a time, bounded retries, failures as sentences.

Only what is safe to repeat is repeated: reads on any trouble, writes on 429 alone, which the API server answers
before it does anything. Every answer that is no success becomes an `ApiError` or `Unreachable`.
"""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from trunkline.adapters.kubernetes.access import Access
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.adapters.kubernetes.failures import ApiError, NoAnswer, nonsense, refused
from trunkline.adapters.kubernetes.transport import Transport
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import Clock, Http, Opened, Response, TlsSettings

JsonObject = dict[str, Any]

_PAGE = 500
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
_WATCH_S = 50
# Silence for so many times longer than the server was asked to stay is a dead connection.
_HALF_OPEN = 1.5
_OK = range(200, 300)
_GONE = 410
_TOO_MANY = 429
_SERVER_FAULTS = range(500, 600)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: `request_s` for one answer, `retry_s` in all before the last try of a read begins."""

    request_s: float = 15.0
    retry_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Listing:
    """The items of a list, and the resource version from which a watch goes on."""

    items: tuple[JsonObject, ...]
    version: str


def path_of(*parts: str) -> str:
    """An API path from its parts; names are quoted, the first part is taken as it is."""
    return "/".join((parts[0], *(quote(part, safe="") for part in parts[1:])))


class KubernetesClient:
    """One cluster's API with one user's credentials; safe to share between threads.

    Every method raises `ApiError` when the server refuses, `Unreachable` when it does not answer or answers
    nonsense, and what `Credentials.present` raises.
    """

    def __init__(
        self,
        access: Access,
        credentials: Credentials,
        http: Callable[[TlsSettings], Http],
        clock: Clock,
        redactor: Redactor,
    ) -> None:
        self.access = access
        self._transport = Transport(access, credentials, http)
        self._clock = clock
        self._redactor = redactor
        self._patience = Patience()

    def with_patience(self, patience: Patience) -> KubernetesClient:
        """The same client, sharing its connections, with other times."""
        other = copy.copy(self)
        other._patience = patience  # noqa: SLF001 - it is one of us
        return other

    def get(self, path: str, **query: str) -> JsonObject:
        """Read one object."""
        return self._object("GET", path, query, repeatable=True)

    def list(self, path: str, *, labels: str = "", fields: str = "") -> Listing:
        """Read all objects of a collection that the selectors match, page by page."""
        query = {"labelSelector": labels, "fieldSelector": fields, "limit": str(_PAGE)}
        items: list[JsonObject] = []
        while True:
            try:
                page = self._object("GET", path, query, repeatable=True)
            except ApiError as error:
                if error.code != _GONE or "continue" not in query:
                    raise
                # The snapshot that the pages were cut from is gone: read it again in one piece.
                items, query = [], {"labelSelector": labels, "fieldSelector": fields}
                continue
            found, metadata = page.get("items") or [], page.get("metadata") or {}
            if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
                raise nonsense(self.access)
            items.extend(found)
            if not metadata.get("continue"):
                return Listing(tuple(items), str(metadata.get("resourceVersion") or ""))
            query["continue"] = str(metadata["continue"])

    def create(self, path: str, body: Mapping[str, Any], **query: str) -> JsonObject:
        """Create an object in a collection."""
        return self._object("POST", path, query, body)

    def ask(self, path: str, body: Mapping[str, Any]) -> JsonObject:
        """Post a question, such as an access review, that changes nothing and may be repeated."""
        return self._object("POST", path, {}, body, repeatable=True)

    def replace(self, path: str, body: Mapping[str, Any]) -> JsonObject:
        """Replace an object; the `resourceVersion` in `body` guards it."""
        return self._object("PUT", path, {}, body)

    def patch(self, path: str, body: Mapping[str, Any], **query: str) -> JsonObject:
        """Change an object by a JSON merge patch."""
        return self._object("PATCH", path, query, body)

    def delete(self, path: str, **query: str) -> None:
        """Delete an object; one that is not there is an `ApiError` 404."""
        self._send("DELETE", path, query, None, repeatable=False)

    def text(self, path: str, **query: str) -> str:
        """Read something that is text, such as a log."""
        return self._send("GET", path, query, None, repeatable=True).text

    def watch(
        self,
        path: str,
        version: str,
        *,
        labels: str = "",
        fields: str = "",
        for_s: int = _WATCH_S,
        opened: Opened | None = None,
        answered: Callable[[], None] | None = None,
    ) -> Iterator[tuple[str, JsonObject]]:
        """Changes since `version` as (`ADDED`, `MODIFIED`, `DELETED` or `BOOKMARK`, object).

        Ends when the server closes it, after `for_s` seconds at the latest; a connection that is dead without
        saying so raises `Unreachable`. An `ApiError` 410 says that `version` is too old: list again.

        `opened` gets what hangs up from another thread; `answered` is called when the server begins to answer.
        """
        query = {
            "watch": "true",
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(for_s),
            "labelSelector": labels,
            "fieldSelector": fields,
        }
        with self.lines(path, query, silence_s=for_s * _HALF_OPEN, opened=opened) as lines:
            if answered is not None:
                answered()
            for line in lines:
                event = self._parse(line)
                kind, thing = event.get("type"), event.get("object")
                if not isinstance(kind, str) or not isinstance(thing, dict):
                    raise nonsense(self.access)
                if kind == "ERROR":
                    raise refused(self.access, int(thing.get("code") or 0), json.dumps(thing), "GET", path)
                yield kind, thing

    @contextlib.contextmanager
    def lines(
        self, path: str, query: Mapping[str, str], *, silence_s: float, opened: Opened | None = None
    ) -> Iterator[Iterator[str]]:
        """The lines of an answer as they come; no retries.

        Raises (also while iterating):
            Unreachable: the connection broke, or nothing came for `silence_s` seconds.
        """
        with self._transport.stream(path, query, silence_s, opened) as (response, lines):
            if response.status not in _OK:
                raise self._refusal(response, "GET", path)
            yield lines

    def _object(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = False,
    ) -> JsonObject:
        return self._parse(self._send(method, path, query, body, repeatable=repeatable).text)

    def _parse(self, text: str) -> JsonObject:
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            raise nonsense(self.access) from None
        if not isinstance(parsed, dict):
            raise nonsense(self.access)
        return parsed

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        *,
        repeatable: bool,
    ) -> Response:
        deadline = self._clock.monotonic() + self._patience.retry_s
        pause = _FIRST_PAUSE_S
        while True:
            failure: Unreachable
            try:
                response = self._transport.send(method, path, query, body, self._patience.request_s)
            except NoAnswer as error:
                failure, wait, again = error, pause, repeatable
            else:
                if response.status in _OK:
                    return response
                failure = self._refusal(response, method, path)
                wait = max(pause, _retry_after_s(response))
                again = response.status == _TOO_MANY or (repeatable and response.status in _SERVER_FAULTS)
            if not again or self._clock.monotonic() + wait > deadline:
                raise failure
            self._clock.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _refusal(self, response: Response, method: str, path: str) -> ApiError:
        return refused(self.access, response.status, self._redactor.text(response.text), method, path)


def _retry_after_s(response: Response) -> float:
    """Seconds that the server asks us to wait; a date (RFC 9110) or nonsense counts as none."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else 0.0
