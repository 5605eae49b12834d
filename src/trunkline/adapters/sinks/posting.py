"""HTTP for sinks: what a status means for what was posted, the same for every server.

408, 429 and server faults pass; 401 and 403 want a person; 413 wants less at once; any other refusal is final
(RFC 9110, section 15; RFC 6585, section 4). How long to wait is in `Retry-After` or Datadog's `X-RateLimit-Reset`.
"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from trunkline.adapters.sinks.delivering import TAKEN, Meaning, Verdict
from trunkline.domain.redaction import Redactor
from trunkline.ports import Http, Request, Response

_AGAIN = frozenset({408, 425, 429})
_REFUSED = frozenset({401, 403})
_TOO_LARGE = 413
_SERVER_FAULT = 500
_LARGEST_ANSWER = 1 << 20
_QUOTED = 200


class Poster:
    """Sends requests and reads the answers."""

    def __init__(self, http: Http, redactor: Redactor) -> None:
        self._http, self._redactor = http, redactor

    def post(
        self, url: str, headers: dict[str, str], body: bytes, timeout_s: float, method: str = "POST"
    ) -> Verdict:
        """Send it and judge the answer.

        Raises:
            Unreachable: there was none.
        """
        return self.judge(self.send(url, headers, body, timeout_s, method))

    def send(
        self, url: str, headers: dict[str, str], body: bytes | None, timeout_s: float, method: str = "POST"
    ) -> Response:
        """Send it.

        Raises:
            Unreachable: there was no answer.
        """
        return self._http.send(
            Request(method, url, headers, body, timeout_s, total_s=timeout_s, largest=_LARGEST_ANSWER)
        )

    def judge(self, response: Response) -> Verdict:
        """What `response` means for the request that it answers."""
        status = response.status
        if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
            return TAKEN
        said = f"it answered {status}"
        if status in _REFUSED:
            return Verdict(Meaning.REFUSED, said)
        if status in _AGAIN or status >= _SERVER_FAULT:
            return Verdict(Meaning.AGAIN, said, _wait_s(response))
        if status == _TOO_LARGE:
            return Verdict(Meaning.SPLIT, "it found the request too large")
        return Verdict(Meaning.REJECTED, f"{said}{self.quote(_told(response))}")

    def quote(self, text: str) -> str:
        """What a server said, in brackets on one line and without secrets; nothing for nothing."""
        text = " ".join(self._redactor.text(text).split())[:_QUOTED]
        return f" ({text})" if text else ""


def server_of(url: str) -> str:
    """Host and port of an address, without a login, for messages."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _told(response: Response) -> str:
    """What most servers put into the body of a refusal."""
    try:
        answer = json.loads(response.body)
    except (ValueError, RecursionError):
        return response.text if "html" not in response.headers.get("content-type", "") else ""
    if isinstance(answer, dict):
        found = answer.get("errors") or answer.get("message") or answer.get("error") or ""
        return "; ".join(map(str, found)) if isinstance(found, list) else str(found)
    return ""


def _wait_s(response: Response) -> float | None:
    for name in ("x-ratelimit-reset", "retry-after"):
        try:
            seconds = float(response.headers.get(name, ""))
        except ValueError:
            continue
        if 0 <= seconds < float("inf"):
            return seconds
    return None
