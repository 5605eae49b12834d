"""A server in front of a real one (a storage, a registry), which passes requests on and spoils what it is told to."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Self

from tests.standins.server import LoopbackServer

_ERROR = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>spoiled</Message></Error>"
_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server"}


@dataclass
class Spoil:
    """One way to spoil requests.

    Attributes:
        how: `error` answers instead of the server; `cut` drops the connection; `lost` lets the request through and
            drops its answer; `half` sends half of the body; `slow` sends a byte now and then; `hang` says nothing;
            `short` and `long` give a wrong length.
        times: how many requests; a negative number for all.
        method: only this one; empty for any.
        ending: only paths that end so.
        status: of an `error`.
        code: S3's word for it.
        headers: of an `error`.
    """

    how: str
    times: int = -1
    method: str = ""
    ending: str = ""
    status: int = 500
    code: str = "InternalError"
    headers: dict[str, str] = field(default_factory=dict)


class SpoiledStorage:
    """The server, for as long as the `with` block.

    Attributes:
        spoil: what is spoiled from now on; None for nothing.
        seen: method and path of each request.
    """

    def __init__(self, behind: str) -> None:
        self._behind = behind.removeprefix("http://")
        self._lock = threading.Lock()
        self._over = threading.Event()
        self.spoil: Spoil | None = None
        self.seen: list[str] = []

    def __enter__(self) -> Self:
        self._server = LoopbackServer(0, type("Handler", (_Spoiling,), {"storage": self}))
        self.url = self._server.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()

    def reset(self) -> None:
        """Spoil nothing, and forget what was seen."""
        self.spoil, self.seen = None, []

    def taken(self, method: str, path: str) -> Spoil | None:
        """How to spoil this request."""
        with self._lock:
            self.seen.append(f"{method} {path}")
            spoil = self.spoil
            if spoil is None or not spoil.times or spoil.method not in ("", method):
                return None
            if not path.partition("?")[0].endswith(spoil.ending):
                return None
            spoil.times -= 1
            return spoil

    def wait(self, seconds: float) -> bool:
        """Whether the server ends meanwhile."""
        return self._over.wait(seconds)

    def passed_on(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """What the real server answers."""
        connection = http.client.HTTPConnection(self._behind, timeout=30)
        try:
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()


class _Spoiling(BaseHTTPRequestHandler):
    """One connection; `storage` is set by a class of its own for each server."""

    protocol_version = "HTTP/1.1"
    storage: SpoiledStorage

    def __getattr__(self, name: str) -> Callable[[], None]:
        # http.server looks for do_GET and the like.
        if name.startswith("do_"):
            return self._serve
        raise AttributeError(name)

    def _serve(self) -> None:
        body = self._body()
        spoil = self.storage.taken(self.command, self.path)
        how = spoil.how if spoil else ""
        if spoil and how == "error":
            text = _ERROR.format(code=spoil.code).encode()
            self._answer(spoil.status, list(spoil.headers.items()), text)
        elif how in {"cut", "hang"}:
            if how == "hang":
                self.storage.wait(60)
            self.close_connection = True
        else:
            headers = {
                key: value for key, value in self.headers.items() if key.lower() != "transfer-encoding"
            }
            answer = self.storage.passed_on(self.command, self.path, headers, body)
            if how == "lost":
                self.close_connection = True
            else:
                self._answer(*answer, how)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        body = b""
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes, how: str = "") -> None:
        said = {name.lower(): value for name, value in headers if name.lower() not in _HOP_BY_HOP}
        if self.command != "HEAD":
            length = {"short": len(content) // 2, "long": len(content) + 1000}.get(how, len(content))
            said["content-length"] = str(length)
        self.send_response(status)
        for name, value in said.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if how == "slow":
            self._trickle(content)
        else:
            self.wfile.write(content[: len(content) // 2] if how in {"half", "short"} else content)
        if how:
            self.close_connection = True

    def _trickle(self, content: bytes) -> None:
        for number in range(len(content)):
            self.wfile.write(content[number : number + 1])
            if self.storage.wait(0.2):
                break

    def log_message(self, *_: object) -> None:
        pass
