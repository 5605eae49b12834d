"""A way to the API server that the test holds in its hand: it can stop at one request, or be cut.

Plain HTTP on the loopback, for Trunkline and for the Helm that it starts. Renewals of leases come by the clock and
not by the plan, so they are not counted among the changes.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import itertools
import json
import ssl
import tempfile
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
_OF_ONE_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host"}
_CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`-th change (from 0), before it is sent on or after it was answered."""

    number: int
    answered: bool


class ApiProxy:
    """The proxy at work; a context manager.

    Attributes:
        changes: method and path of every change that came, in order.
        reached: set as soon as the world stands still at the point.
    """

    def __init__(self, kubeconfig: Path, point: Point | None = None) -> None:
        document = json.loads(kubeconfig.read_text(encoding="utf-8"))
        self.changes: list[str] = []
        self.reached = threading.Event()
        self._point = point
        self._go_on = threading.Event()
        self._mutex = threading.Lock()
        self._cut = threading.Event()
        self._mute = threading.Event()
        self._refused_with = 0
        self._turns = itertools.count()
        self._upstream = urlsplit(document["clusters"][0]["cluster"]["server"])
        self._tls = _tls(document)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._go_on.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def write_kubeconfig(self, path: Path) -> Path:
        """A kubeconfig that leads here."""
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {"name": "proxy", "cluster": {"server": f"http://127.0.0.1:{self._server.server_port}"}}
            ],
            "users": [{"name": "nobody", "user": {}}],
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "nobody"}}],
            "current-context": "proxy",
        }
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def cut(self) -> None:
        """From now on every connection, open or new, is closed without an answer."""
        self._cut.set()

    def silence(self) -> None:
        """From now on nothing is answered and nothing is closed: connections are dead without saying so."""
        self._mute.set()

    def refuse(self, status: int) -> None:
        """From now on every second request is answered with this status."""
        self._refused_with = status

    def mend(self) -> None:
        """Answer again; what was silent is closed, as a connection that is given up."""
        self._refused_with = 0
        self._cut.clear()
        self._mute.clear()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    super().handle_one_request()
                    return
                self.close_connection = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: proxy._pass_on(self)
                raise AttributeError(name)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
                pass

        return Handler

    def _pass_on(self, request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        number = self._number(request)
        if self._hushed() or self._cut.is_set() or self._stops(number, answered=False):
            return
        if self._refused_with and next(self._turns) % 2:
            _refuse(request, self._refused_with)
            return
        address = self._upstream.hostname or ""
        upstream = http.client.HTTPSConnection(address, self._upstream.port, context=self._tls)
        with contextlib.closing(upstream):
            headers = {k: v for k, v in request.headers.items() if k.lower() not in _OF_ONE_HOP}
            upstream.request(request.command, request.path, body or None, headers)
            answer = upstream.getresponse()
            if number is not None:
                content = answer.read()
                if self._stops(number, answered=True):
                    return
                _begin(request, answer)
                request.wfile.write(content)
                return
            _begin(request, answer)
            while chunk := answer.read1(_CHUNK):
                if self._hushed() or self._cut.is_set():
                    return
                request.wfile.write(chunk)

    def _hushed(self) -> bool:
        """Wait as long as nothing is to be said; whether that was so."""
        hushed = self._mute.is_set()
        while self._mute.is_set() and not self._go_on.wait(0.05):
            pass
        return hushed

    def _number(self, request: BaseHTTPRequestHandler) -> int | None:
        path = request.path.split("?")[0]
        if request.command not in _CHANGES or (request.command == "PUT" and "/leases/" in path):
            return None
        with self._mutex:
            self.changes.append(f"{request.command} {path}")
            return len(self.changes) - 1

    def _stops(self, number: int | None, *, answered: bool) -> bool:
        if self._point is None or number is None:
            return False
        if self._point == Point(number, answered):
            self.reached.set()
        if not self.reached.is_set():
            return False
        # The world stands still until the test is over, and then nothing of this goes on.
        self._go_on.wait()
        return True


def _refuse(request: BaseHTTPRequestHandler, status: int) -> None:
    body = json.dumps({"kind": "Status", "code": status, "message": "not now"}).encode()
    request.send_response_only(status)
    request.send_header("Retry-After", "1")
    request.send_header("Content-Length", str(len(body)))
    request.send_header("Connection", "close")
    request.end_headers()
    request.wfile.write(body)


def _begin(request: BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> None:
    request.send_response_only(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in _OF_ONE_HOP:
            request.send_header(name, value)
    request.send_header("Connection", "close")
    request.end_headers()


def _tls(document: Any) -> ssl.SSLContext:
    user = document["users"][0]["user"]
    authority = base64.b64decode(document["clusters"][0]["cluster"]["certificate-authority-data"])
    context = ssl.create_default_context(cadata=authority.decode())
    with tempfile.NamedTemporaryFile() as pair:
        for part in ("client-certificate-data", "client-key-data"):
            pair.write(base64.b64decode(user[part]) + b"\n")
        pair.flush()
        context.load_cert_chain(pair.name)
    return context
