"""A chart repository on a web server: Helm's `index.yaml`, and archives wherever it says they are.

A login goes to the repository's own origin only, unless the project says otherwise (helm.sh/docs/helm/helm_repo_add,
`--pass-credentials`), and never over plain HTTP. A query of the repository's address (some stores keep a signature
there) goes with every request to it, and is never shown.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from trunkline.adapters.storage.places import LARGEST, Unchanged
from trunkline.dataclass import dataclass
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Http, Request, Response
from trunkline.ports.sources import File

_SILENCE_S = 15.0
_WHOLE_S = 120.0
_PAUSES_S = (0.5, 1.5)
_LONGEST_PAUSE_S = 10.0
_OK, _NOT_MODIFIED = 200, 304
_MISSING = frozenset({404, 410})
_REFUSALS = frozenset({401, 403, 407})
_PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class WebLogin:
    """A user name and password, and whether they may go to other hosts that an index names."""

    username: str = ""
    password: str = field(default="", repr=False)
    everywhere: bool = False


class Web:
    """Implements `Place` for `https://host/path`; plain `http://` is for this machine alone."""

    commit = ""

    def __init__(
        self,
        location: str,
        http: Http,
        login: WebLogin | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._parts = _checked(location)
        self._base = self._parts._replace(query="", path=f"{self._parts.path.rstrip('/')}/").geturl()
        self._http = http
        self._login = login or WebLogin()
        self._pause = pause

    def address(self, name: str = "") -> str:
        """See `Place`."""
        # What follows a `?` may be a signature: a secret.
        return urljoin(self._base, name).partition("?")[0].rstrip("/")

    def inside(self, url: str) -> str | None:
        """See `Place`: any address on the web, which TLS protects."""
        found = urlsplit(urljoin(self._base, url))
        safe = found.scheme == "https" or (found.scheme == "http" and _on_loopback(found))
        return found.geturl() if safe and not found.username else None

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:
        """See `Place`; `name` may be what `inside` gave."""
        if version:
            raise UsageError(
                f"The version {version} of {self.address(name)} cannot be had: web servers keep none.",
                "Keep the layers in a bucket with versioning, or in git.",
            )
        answer = self._ask(name, {"If-None-Match": unless} if unless else {})
        if answer.status == _NOT_MODIFIED and unless:
            raise Unchanged
        if answer.status in _MISSING:
            return None
        if answer.status != _OK:
            raise self._failed(name, answer)
        return File(answer.body, {}, answer.headers.get("etag", ""))

    def names(self, beginning: str) -> list[str]:  # noqa: ARG002 - a web server lists nothing
        """See `Place`: none, since only the index knows."""
        return []

    def folder(self, name: str) -> Path | None:  # noqa: ARG002 - no folder of a server is on this machine
        """See `Place`."""
        return None

    def describe(self) -> str:
        """See `Place`."""
        if self.read("index.yaml") is None:
            raise UsageError(
                f"There is no {self.address('index.yaml')}.",
                "Correct the repository's address: it is the folder of its index.yaml.",
            )
        return f"{self.address()} answers and has an index."

    def _ask(self, name: str, headers: Mapping[str, str]) -> Response:
        url = urlsplit(urljoin(self._base, name))
        own = url[:2] == self._parts[:2]
        if own and not url.query:
            url = url._replace(query=self._parts.query)
        login = self._authorization() if own or self._login.everywhere else {}
        request = Request(
            "GET", url.geturl(), {**headers, **login}, None, _SILENCE_S, total_s=_WHOLE_S, largest=LARGEST
        )
        answer = self._send(request)
        for pause_s in _PAUSES_S:
            if answer.status not in _PASSING:
                break
            self._pause(self._wished_pause(answer, pause_s))
            answer = self._send(request)
        return answer

    def _send(self, request: Request) -> Response:
        try:
            return self._http.send(request)
        except Unreachable:
            # One broken connection is an accident.
            self._pause(_PAUSES_S[0])
            return self._http.send(request)

    def _authorization(self) -> dict[str, str]:
        if not self._login.username:
            return {}
        pair = f"{self._login.username}:{self._login.password}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}

    def _wished_pause(self, answer: Response, otherwise_s: float) -> float:
        try:
            wished_s = float(answer.headers.get("retry-after", ""))
        except ValueError:
            return otherwise_s
        if not 0 <= wished_s <= _LONGEST_PAUSE_S:
            raise Unreachable(
                f"{self.address()} wants to be asked again in {answer.headers['retry-after'][:40]} s.",
                "Wait that long, then run the command again.",
            )
        return wished_s

    def _failed(self, name: str, answer: Response) -> Unreachable:
        address, status = self.address(name), answer.status
        if status in _REFUSALS:
            who = self._login.username
            to = f"to {who}" if who else "without a login"
            return Refused(
                f"{address} is not shown {to} (HTTP {status}).",
                f"Check the password of {who} and what it may read."
                if who
                else "Set chart.username and chart.password.",
            )
        if status in _PASSING:
            return Unreachable(
                f"{address} cannot be read: the server answers with HTTP {status}.",
                "Wait until it has recovered, then run the command again.",
            )
        return Unreachable(
            f"{address} cannot be read: the server answers with HTTP {status}.",
            "Check that the address is a chart repository's, and what stands between it and this machine.",
        )


def _checked(location: str) -> SplitResult:
    try:
        parts = urlsplit(location)
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    host = parts.hostname
    if not host:
        raise UsageError(
            f"{location.partition('?')[0]} is no address of a web server.",
            "Write it as https://charts.example.com/stable.",
        )
    if parts.username or parts.password:
        raise UsageError(
            f"The address of the chart repository at {host} bears a login, which would show in every message.",
            "Put it into chart.username and chart.password.",
        )
    if parts.scheme == "http" and not _on_loopback(parts):
        raise UsageError(
            f"The chart repository at {host} is to be read over plain http, where anybody could change a chart.",
            "Use its https:// address.",
        )
    return parts


def _on_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")
