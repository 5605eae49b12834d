"""Questions to CircleCI: one at a time, all pages of an answer, with the patience that its rate limit asks for.

Protocol: https://circleci.com/docs/api/v2/ (header `Circle-Token`, `next_page_token`, 429 with `Retry-After`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode, urlsplit

from trunkline.errors import Refused, Unreachable
from trunkline.ports import Clock, Http, Request, Response

_TIMEOUT_S = 30.0
_LARGEST = 32 * 1024 * 1024
_TRIES = 5
_LONGEST_WAIT_S = 90.0
_FIRST_WAIT_S = 1.0
_MOST_PAGES = 2000
_LATER = frozenset({429, 500, 502, 503, 504})
_DONE = frozenset({200, 201, 202})


class CircleClient:
    """Asks and says.

    Args:
        http: how it is asked.
        clock: waits where it is told to come later.
        token: a personal API token, known to the redactor.
        host: `https://circleci.com`, or a server of one's own.
    """

    def __init__(self, http: Http, clock: Clock, token: str, host: str) -> None:
        self._http = http
        self._clock = clock
        self._token = token
        self._base = host.rstrip("/") + "/api/v2"

    @property
    def name(self) -> str:
        """The host, for messages."""
        return urlsplit(self._base).netloc.rpartition("@")[2]

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        """The answer to a question.

        Raises:
            Unreachable: there is none, or it makes no sense. Refused: the token does not allow it.
        """
        asked = "?" + urlencode(query) if query else ""
        return self._content(path, self._send("GET", f"{path}{asked}"))

    def pages(self, path: str, query: Mapping[str, str] | None = None) -> Iterator[Mapping[str, Any]]:
        """The items of all pages, as they are asked for.

        Raises:
            Unreachable, Refused: as `get`.
        """
        token = ""
        for _ in range(_MOST_PAGES):
            content = self.get(path, {**(query or {}), **({"page-token": token} if token else {})})
            items = content.get("items")
            if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
                raise self._senseless(path, "it has no list of items")
            yield from items
            following = content.get("next_page_token")
            if not isinstance(following, str) or not following:
                return
            if following == token:
                raise self._senseless(path, "its pages go round in a circle")
            token = following

    def post(self, path: str) -> None:
        """Say something.

        Raises:
            Unreachable, Refused: as `get`; an answer that was lost is not asked for again.
        """
        response = self._send("POST", path)
        if response.status not in _DONE:
            raise self._trouble(path, response)

    def _send(self, method: str, path: str) -> Response:
        wait_s, waited_s = _FIRST_WAIT_S, 0.0
        for left in reversed(range(_TRIES)):
            response = self._http.send(
                Request(
                    method,
                    self._base + path,
                    {"Accept": "application/json", "Circle-Token": self._token},
                    b"" if method == "POST" else None,
                    timeout_s=_TIMEOUT_S,
                    largest=_LARGEST,
                )
            )
            # What was said may have been heard: only "too many" is certain not to have been.
            again = _LATER if method == "GET" else {HTTPStatus.TOO_MANY_REQUESTS}
            pause_s = max(_seconds(response.headers.get("retry-after", "")), wait_s)
            if response.status not in again or not left or waited_s + pause_s > _LONGEST_WAIT_S:
                return response
            self._clock.sleep(pause_s)
            waited_s += pause_s
            wait_s *= 2
        raise AssertionError("the last try is always answered")

    def _content(self, path: str, response: Response) -> Mapping[str, Any]:
        if response.status not in _DONE:
            raise self._trouble(path, response)
        try:
            content = json.loads(response.body)
        except (ValueError, RecursionError):
            raise self._senseless(path, "it is no JSON") from None
        if not isinstance(content, dict):
            raise self._senseless(path, "it is no object")
        return content

    def _trouble(self, path: str, response: Response) -> Unreachable:
        asked = path.partition("?")[0]
        match response.status:
            case HTTPStatus.UNAUTHORIZED:
                return Refused(
                    f"{self.name} does not know the token (HTTP 401).",
                    "Make a personal API token in CircleCI's user settings and set CIRCLE_TOKEN to it.",
                )
            case HTTPStatus.FORBIDDEN:
                return Refused(
                    f"{self.name} does not allow this token {asked} (HTTP 403).",
                    "Use the token of somebody who may see and approve this project's workflows.",
                )
            case HTTPStatus.NOT_FOUND:
                return Refused(
                    f"{self.name} knows nothing at {asked}, or does not show it to this token (HTTP 404).",
                    "Check the project's slug (gh/ORGANISATION/REPOSITORY) and whose token it is.",
                )
            case HTTPStatus.TOO_MANY_REQUESTS:
                return Unreachable(
                    f"{self.name} has had too many questions (HTTP 429).", "Try again in some minutes."
                )
            case status:
                return Unreachable(
                    f"{self.name} answers {asked} with HTTP {status}.",
                    "Look at CircleCI's status page, and try again.",
                )

    def _senseless(self, path: str, why: str) -> Unreachable:
        return Unreachable(
            f"The answer of {self.name} to {path.partition('?')[0]} makes no sense: {why}.",
            "Check that CIRCLECI_CLI_HOST names CircleCI or a server of it.",
        )


def _seconds(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0
