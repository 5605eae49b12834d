"""The socket: HTTP/1.1 on loopback, one thread for each connection, and an end that waits for nobody."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trunkline.rehearsal.api import discovery, openapi, resources, reviews, subresources
from trunkline.rehearsal.api.gate import Away
from trunkline.rehearsal.api.messages import LARGEST_BODY, Answer, Request, as_json, as_status
from trunkline.rehearsal.api.subresources import Ways
from trunkline.rehearsal.api.targets import Desk, target_of
from trunkline.rehearsal.errors import ApiError

_LOG = logging.getLogger(__name__)
_OPENAPI_V2 = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
_MOST_DISCARDED = 8 * LARGEST_BODY
_GONE = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, TimeoutError, ValueError, OSError)


class ApiServer:
    """Serves one cluster's API.

    Args:
        desk: what is there.
        ways: what leads beyond the store.
        port: of 127.0.0.1, 0 for any that is free.
        allowed: what reviews answer.
    """

    def __init__(
        self, desk: Desk, ways: Ways, port: int = 0, allowed: reviews.Allowed = reviews.everything
    ) -> None:
        self._desk, self._ways, self._allowed = desk, ways, allowed
        self._open: set[socket.socket] = set()
        self._mutex = threading.Lock()
        self._http = _Server(("127.0.0.1", port), self)
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._http.server_address[1]}"

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self.address}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, name="api", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Break off whatever is open, and end."""
        self._desk.gate.cut_watches()
        with self._desk.store.lock:
            self._desk.store.changed.notify_all()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
        self._http.server_close()
        with self._mutex:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def answer(self, request: Request) -> Answer:
        """Answer a request, whatever it is.

        Raises:
            Away: the connection is to break off.
        """
        try:
            delay_s = self._desk.gate.pass_through(request)
            if delay_s:
                condition = threading.Condition()
                with condition:
                    self._desk.clock.wait(condition, delay_s)
            return self._route(request)
        except ApiError as error:
            return as_status(error)
        except RecursionError:
            return as_status(ApiError(400, "BadRequest", "the object is nested too deeply"))

    def connected(self, connection: socket.socket, *, there: bool) -> None:
        """Remember a connection while it is open."""
        with self._mutex:
            (self._open.add if there else self._open.discard)(connection)

    def _route(self, request: Request) -> Answer:  # noqa: C901, PLR0912 - a case for each kind of path
        desk, parts = self._desk, request.parts
        match parts:
            case ("version",):
                return as_json(discovery.version())
            case ("healthz" | "livez" | "readyz", *_):
                return Answer(200, b"ok", "text/plain")
            case ("api",):
                return as_json(discovery.core_versions(self.address))
            case ("apis",):
                return as_json(discovery.groups(desk.kinds))
            case ("apis", group):
                return as_json(discovery.group(desk.kinds, group))
            case ("api", "v1"):
                return as_json(discovery.resources(desk.kinds, "", "v1"))
            case ("apis", group, version):
                return as_json(discovery.resources(desk.kinds, group, version))
            case ("openapi", "v2") if _OPENAPI_V2 in request.headers.get("accept", ""):
                # An empty document: kubectl asks for it only to see that a List of objects cannot be checked by it.
                return Answer(200, b"", "application/octet-stream")
            case ("openapi", "v3"):
                return as_json(openapi.index(desk.kinds))
            case ("openapi", "v3", "api", version):
                return as_json(openapi.document(desk.kinds, "", version))
            case ("openapi", "v3", "apis", group, version):
                return as_json(openapi.document(desk.kinds, group, version))
            case ("rehearsal", "services", namespace, name, port):
                return self._reach(namespace, name, port)
            case ("api", _, _, *_) | ("apis", _, _, _, *_):
                return self._object(request)
            case _:
                raise discovery.nowhere()

    def _reach(self, namespace: str, name: str, port: str) -> Answer:
        """Where a Service's stub listens, in the place of a port-forward: a path of our own, which no real API has."""
        found = self._ways.reach_service(namespace, name, port)
        if found is None:
            raise ApiError(503, "ServiceUnavailable", f'no endpoints available for service "{name}"')
        return as_json({"host": found[0], "port": found[1]})

    def _object(self, request: Request) -> Answer:
        target = target_of(self._desk.kinds, request)
        if target.kind.is_virtual:
            if request.method != "POST":
                raise ApiError(
                    405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
                )
            from trunkline.rehearsal.api import bodies  # noqa: PLC0415 - beside the reviews only

            asked = bodies.read_object(request)
            asked = {"kind": target.kind.kind, "apiVersion": target.kind.spelled(target.version), **asked}
            return as_json(reviews.answer(target.kind.kind, asked, self._allowed), 201)
        if target.subresource:
            return subresources.answer(self._desk, self._ways, request, target)
        return resources.answer(self._desk, request, target)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], api: ApiServer) -> None:
        self.api = api
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the base class's shape
        """A client that is gone is no news."""
        _LOG.debug("a connection broke off", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "trunkline-rehearsal"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.api.connected(self.connection, there=True)

    def finish(self) -> None:
        self.server.api.connected(self.connection, there=False)
        with contextlib.suppress(*_GONE):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name for it
        """Nothing is printed; whoever wants to see requests raises the log level."""
        _LOG.debug(format, *args)

    def do_GET(self) -> None:
        self._handle()

    # The names are the base class's.
    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def _handle(self) -> None:
        try:
            answer = self._answer()
        except Away:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        try:
            if answer.parts is None:
                self._send(answer)
            else:
                self._stream(answer, answer.parts)
        except _GONE:
            self.close_connection = True

    def _answer(self) -> Answer:
        try:
            body = self._body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            return self.server.api.answer(Request.of(self.command, self.path, headers, body))
        except ApiError as error:
            self.close_connection = True
            return as_status(error)
        except Away:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer, and the rest lives on
            _LOG.exception("the API failed on %s %s", self.command, self.path)
            return as_status(
                ApiError(500, "InternalError", "Internal error occurred: a fault of the rehearsal")
            )

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return b"".join(self._chunks())
        text = self.headers.get("Content-Length") or "0"
        if not (text.isascii() and text.isdigit()):
            raise ApiError(400, "BadRequest", "the length of the body is no number")
        if int(text[:20]) > LARGEST_BODY:
            self._discard(int(text[:20]))
            raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {LARGEST_BODY}")
        return self.rfile.read(int(text))

    def _discard(self, size: int) -> None:
        """Read what will not be looked at: a client that still writes would not see the answer."""
        left = min(size, _MOST_DISCARDED)
        while left > 0 and (part := self.rfile.read(min(left, 65536))):
            left -= len(part)

    def _chunks(self) -> Iterator[bytes]:
        read = 0
        while True:
            try:
                size = int(self.rfile.readline(64).partition(b";")[0].strip() or b"0", 16)
            except ValueError:
                raise ApiError(400, "BadRequest", "a chunk of the body has no length") from None
            read += size
            if size < 0 or read > LARGEST_BODY:
                raise ApiError(
                    413, "RequestEntityTooLarge", f"Request entity too large: limit is {LARGEST_BODY}"
                )
            part = self.rfile.read(size)
            self.rfile.readline(8)
            if not size:
                return
            yield part

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        self.wfile.flush()

    def _stream(self, answer: Answer, parts: Iterator[bytes]) -> None:
        self.send_response(answer.code)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        with contextlib.closing(parts):  # type: ignore[type-var]  # every stream here is a generator
            for part in parts:
                if part:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
                    self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()
