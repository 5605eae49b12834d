"""The server: a socket on loopback, a rate limit before the API, and a note of every request."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from tests.fakes.quay.accounts import Accounts, Robot, Token
from tests.fakes.quay.answers import Answer, page
from tests.fakes.quay.api import Api
from tests.fakes.quay.content import INDEXES, Manifest, Repository, digest_of
from tests.fakes.quay.distribution import Distribution
from tests.fakes.quay.requests import Asked
from tests.fakes.quay.scenarios_read import Played, Scenario, Step, scenario
from tests.standins.server import LoopbackServer

OCI_IMAGE = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_RATE = 5.0
_BURST = 25.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came, and the status that it was answered with (0: none)."""

    method: str
    path: str
    query: Mapping[str, str]
    authorization: str
    status: int


class Quay:
    """The server as a context manager.

    Args:
        port: 0 for any.
        limited: whether `/api/` takes 5 requests a second, 25 at once.
        now: seconds, for expiry, scenarios and the limit.
    """

    def __init__(self, port: int = 0, *, limited: bool = False, now: Callable[[], float] = time.time) -> None:
        self.accounts = Accounts()
        self.repositories: dict[str, Repository] = {}
        self.seen: list[Seen] = []
        self._api = Api(self.accounts, self.repositories, now)
        self._distribution = Distribution(self.accounts, self.repositories, now)
        self._limited, self._now = limited, now
        self._left, self._left_at = _BURST, now()
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._server = LoopbackServer(port, _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def host(self) -> str:
        return urlsplit(self.url).netloc

    def repository(self, path: str, *, public: bool = False) -> Repository:
        """A repository, which is made where there is none."""
        return self.repositories.setdefault(path, Repository(public))

    def robot(self, name: str, password: str, **roles: str) -> Robot:
        """A robot; repositories are spelled `acme__api="read"` as keywords, or given later in `roles`."""
        granted = {path.replace("__", "/"): role for path, role in roles.items()}
        self.accounts.robots[name] = robot = Robot(name, password, granted)
        return robot

    def token(self, text: str, *scopes: str, repositories: tuple[str, ...] = ("acme/api",)) -> Token:
        """An OAuth token."""
        self.accounts.tokens[text] = token = Token(text, frozenset(scopes), frozenset(repositories))
        return token

    def image(self, path: str, tag: str = "", labels: Mapping[str, str] | None = None, name: str = "") -> str:
        """Put an image there without a push; its digest."""
        repository = self.repository(path)
        shown = {**(labels or {}), "name": name or tag}
        config = json.dumps({"architecture": "amd64", "os": "linux", "config": {"Labels": shown}}).encode()
        repository.blobs[digest_of(config)] = config
        described = {"mediaType": _CONFIG, "size": len(config), "digest": digest_of(config)}
        content = {"schemaVersion": 2, "mediaType": OCI_IMAGE, "config": described, "layers": []}
        return self._put(repository, Manifest(json.dumps(content).encode(), OCI_IMAGE), tag)

    def index(self, path: str, tag: str, *platforms: str, attested: bool = False) -> str:
        """Put an index there, with an image for each platform; its digest. Quay scans no index."""
        repository, entries = self.repository(path), []
        for platform in platforms:
            system, _, architecture = platform.partition("/")
            entry = self._entry(path, platform)
            entries.append({**entry, "platform": {"os": system, "architecture": architecture}})
        if attested:
            note = {"vnd.docker.reference.type": "attestation-manifest"}
            nobody = {"os": "unknown", "architecture": "unknown"}
            entry = self._entry(path, "attestation")
            entries.append({**entry, "annotations": note, "platform": nobody})
        content = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        digest = self._put(repository, Manifest(json.dumps(content).encode(), OCI_INDEX), tag)
        self.play(path, digest, Scenario((Step("unsupported"),)))
        return digest

    def play(self, path: str, digest: str, script: Scenario | str) -> None:
        """Have the scan of an image go as a scenario tells; that of an index is told by platform."""
        script = scenario(script) if isinstance(script, str) else script
        if script.looks:
            self._api.scans[digest] = Played(script.looks)
        repository = self.repositories[path]
        manifest = repository.manifests[digest]
        if script.platforms:
            assert manifest.kind in INDEXES, f"{digest} is no index"
            places = dict(repository.platforms(manifest))
            for platform, steps in script.platforms.items():
                self._api.scans[places[platform]] = Played(steps)

    def answer(self, asked: Asked) -> Answer:
        """What is answered; the request is noted."""
        with self._lock:
            answer = self._answer(asked)
            status = 0 if answer.drop else answer.status
            self.seen.append(Seen(asked.method, asked.path, asked.query, asked.authorization, status))
        if answer.delay_s:
            self._ended.wait(answer.delay_s)
        return answer

    def _answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/api/"):
            return page(429, "429 Too Many Requests") if self._is_over_limit() else self._api.answer(asked)
        if asked.path.startswith("/v2/"):
            return self._distribution.answer(asked)
        return page(200, "Sign in") if asked.path == "/signin" else page(404, "Quay: 404")

    def _is_over_limit(self) -> bool:
        if not self._limited:
            return False
        now = self._now()
        self._left = min(_BURST, self._left + (now - self._left_at) * _RATE)
        self._left_at = now
        if self._left < 1:
            return True
        self._left -= 1
        return False

    def _entry(self, path: str, name: str) -> dict[str, object]:
        digest = self.image(path, name=name)
        size = len(self.repositories[path].manifests[digest].body)
        return {"mediaType": OCI_IMAGE, "size": size, "digest": digest}

    def _put(self, repository: Repository, manifest: Manifest, tag: str) -> str:
        repository.manifests[manifest.digest] = manifest
        if tag:
            repository.point(tag, manifest, self._now())
        return manifest.digest


def _handler(quay: Quay) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version, sys_version = "nginx", ""
        # Head and body in one packet: the kernel holds a second one back.
        wbufsize = -1

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
            asked = Asked(self.command, parts.path, query, headers, self._body(headers), quay.url)
            answer = quay.answer(asked)
            if answer.drop:
                self.close_connection = True
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            if answer.body:
                self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body[: len(answer.body) - answer.cut])
                self.close_connection = self.close_connection or answer.cut > 0

        do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - http.server's names

        def _body(self, headers: Mapping[str, str]) -> bytes:
            if "chunked" not in headers.get("transfer-encoding", ""):
                return self.rfile.read(int(headers.get("content-length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's name
            """Notes are in `Quay.seen`."""

    return Handler
