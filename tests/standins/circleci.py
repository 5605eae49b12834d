"""A strict stand-in for CircleCI's API v2 on loopback: the token, pages, windows and limits are those of the real one.

That it is like the real one is shown by a client that others wrote, in tests/contract/test_circleci_standin.py.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import urllib.request
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.standins.circleci_history import CircleHistory, Item, Refusal, in_window, webhook
from tests.standins.faults import Fault
from tests.standins.server import LoopbackServer

TOKEN = "CCIPAT_0123456789abcdef"
SLUG = "gh/acme/sample"
SECRET = "of-the-webhooks-alone"
_WINDOWS = {"last-7-days", "last-24-hours", "last-30-days", "last-60-days", "last-90-days"}


def limit_rate(retry_after_s: int) -> Fault:
    """Answer 429 and ask to come back after so many seconds."""
    return Fault(429, {"Retry-After": str(retry_after_s)})


class CircleStandin:
    """The server as a context manager; `url` is what `CIRCLECI_CLI_HOST` takes.

    Attributes:
        history: what it knows; tests write it.
        page: how many items a page has.
        requests: method and path of all that was asked, in order.
    """

    def __init__(self, page: int = 20, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.history = CircleHistory(SLUG)
        self.page = page
        self.now = now
        self.requests: list[tuple[str, str]] = []
        self.faults: deque[Fault] = deque()
        self.lock = threading.RLock()
        self._server = _Server(0, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    @property
    def environ(self) -> dict[str, str]:
        """What a program needs to find it."""
        return {"CIRCLE_TOKEN": TOKEN, "CIRCLECI_CLI_HOST": self.url}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()

    def tell(self, url: str, kind: str, workflow: str, job: str = "", *, times: int = 1) -> None:
        """Post a webhook (`workflow-completed` or `job-completed`), signed with `SECRET`; it may come more than once."""
        with self.lock:
            body = webhook(self.history, kind, workflow, job, self.now())
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "Circleci-Event-Type": kind,
            "Circleci-Signature": f"v1={signature}",
            "User-Agent": "CircleCI-Webhook/1.0",
        }
        for _ in range(times):
            with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10):
                pass

    def misbehave(self, *faults: Fault) -> None:
        """Treat the next requests so, one each."""
        with self.lock:
            self.faults.extend(faults)

    def answer(self, method: str, path: str, query: dict[str, str]) -> tuple[int, Mapping[str, Any]]:
        """What a request is answered, after its token was looked at."""
        prefix, _, rest = path.partition("/api/v2/")
        parts = [unquote(part) for part in rest.split("/")]
        if prefix:
            raise Refusal(404, "Not found.")
        if method == "POST":
            self._said(parts)
            return 202, {"message": "Accepted."}
        if method != "GET":
            raise Refusal(405, "Method not allowed.")
        found = self._list(parts, query)
        return 200, self._thing(parts) if found is None else self._paged(found, query, path)

    def _said(self, parts: list[str]) -> None:
        match parts:
            case ["workflow", workflow, "approve", request]:
                self.history.approve(workflow, request)
            case ["workflow", workflow, "cancel"]:
                self.history.cancel(workflow, self.now())
            case _:
                raise Refusal(404, "Not found.")

    def _thing(self, parts: list[str]) -> Mapping[str, Any]:
        match parts:
            case ["me"]:
                return self._user(self.history.me)
            case ["user", user]:
                return self._user(user)
            case ["workflow", workflow]:
                return dict(_known(self.history.workflows, workflow))
            case ["pipeline", pipeline]:
                return dict(_known(self.history.pipelines, pipeline))
            case _:
                raise Refusal(404, "Not found.")

    def _list(self, parts: list[str], query: dict[str, str]) -> list[Item] | None:
        history = self.history
        match parts:
            case ["workflow", workflow, "job"]:
                return list(_known(history.jobs, workflow))
            case ["pipeline", pipeline, "workflow"]:
                _known(history.pipelines, pipeline)
                return [item for item in history.workflows.values() if item["pipeline_id"] == pipeline]
            case ["project", *slug, "pipeline"] if "/".join(slug) == SLUG:
                newest = sorted(history.pipelines.values(), key=lambda item: -int(item["number"]))
                branch = query.get("branch", "")
                return [item for item in newest if branch in {"", item["vcs"]["branch"]}]
            case ["insights", *slug, "workflows"] if "/".join(slug) == SLUG:
                if query.get("reporting-window", "last-90-days") not in _WINDOWS:
                    raise Refusal(400, "Unknown reporting-window.")
                return history.insights(query)
            case ["insights", *slug, "workflows", name] if "/".join(slug) == SLUG:
                return in_window(history.insights(query, name), query, self.now())
            case _:
                return None

    def _user(self, user: str) -> Item:
        return {"id": user, "login": _known(self.history.users, user), "name": ""}

    def _paged(self, items: list[Item], query: dict[str, str], path: str) -> Item:
        """One page; its token is good for the very same question only."""
        key = path + json.dumps({name: value for name, value in query.items() if name != "page-token"})
        token = query.get("page-token", "")
        begin = 0
        if token:
            mark, _, number = token.rpartition(":")
            if mark != f"{abs(hash(key)):x}" or not number.isdigit():
                raise Refusal(400, "Invalid page-token.")
            begin = int(number)
        end = begin + self.page
        following = f"{abs(hash(key)):x}:{end}" if end < len(items) else None
        return {"items": items[begin:end], "next_page_token": following}


def _known(things: Mapping[str, Any], ident: str) -> Any:
    if ident not in things:
        raise Refusal(404, "Not found.")
    return things[ident]


class _Server(LoopbackServer):
    def __init__(self, port: int, standin: CircleStandin) -> None:
        self.standin = standin
        super().__init__(port, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        standin = self.server.standin
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        with standin.lock:
            standin.requests.append((self.command, parts.path))
            fault = standin.faults.popleft() if standin.faults else None
            if fault is not None and fault.status == 0:
                self.close_connection = True
                return
            status, body = (fault.status, {"message": fault.phrase}) if fault else self._answer(parts)
            raw = json.dumps(body).encode()
        headers = fault.headers if fault else {}
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(raw)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def _answer(self, parts: Any) -> tuple[int, Mapping[str, Any]]:
        if "circle-token" in parts.query:
            return 400, {"message": "The token belongs into the header."}
        if self.headers.get("Circle-Token") != TOKEN:
            return 401, {"message": "You must log in first."}
        try:
            return self.server.standin.answer(self.command, parts.path, dict(parse_qsl(parts.query)))
        except Refusal as refusal:
            return refusal.status, {"message": refusal.message}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
        """Stay silent: what counts is recorded."""
