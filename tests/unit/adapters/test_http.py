"""Speaking HTTP with real servers on loopback, well-behaved and not."""

from __future__ import annotations

import base64
import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.standins.server import LoopbackServer
from trunkline.adapters.http import HttpClient
from trunkline.errors import Unreachable
from trunkline.ports import Request, Response, TlsSettings

SECRET = "hunter2-hunter2"


class Handler(BaseHTTPRequestHandler):
    """Answers with what it was asked; `/to/URL` redirects."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        # Asked as a proxy for itself.
        self.path = self.path.removeprefix("http://127.0.0.1:" + self.headers["Host"].rpartition(":")[2])
        if self.path.startswith("/to/"):
            self._answer(302, b"", {"Location": self.path.removeprefix("/to/")})
        elif self.path.startswith("/status/"):
            self._answer(int(self.path.removeprefix("/status/")), b"sorry", {"X-Reason": "asked for"})
        else:
            asked = "".join(f"{name.lower()}: {value}\n" for name, value in self.headers.items())
            self._answer(200, f"{self.command} {self.path}\n{asked}".encode(), {})

    def do_POST(self) -> None:
        self._answer(201, self.rfile.read(int(self.headers["Content-Length"])), {})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[LoopbackServer]:
    server = LoopbackServer(0, Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.drop_connections()
        server.server_close()


@contextlib.contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads one request's head and then does what `talk` does with the connection; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.recv(65536)
                talk(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            thread.join()


def hold(released: threading.Event) -> None:
    released.wait(30)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with serving() as made:
        yield made


class ThroughItself(HttpClient):
    """Asks every server through a proxy: the server itself, which answers in the other's place."""

    def _proxy(self, url: str) -> str:
        with contextlib.suppress(ValueError):
            parts = urlsplit(url)
            return f"http://{parts.hostname}:{parts.port}" if parts.hostname and parts.port else ""
        return ""


@pytest.fixture(params=[HttpClient, ThroughItself], ids=["direct", "proxied"])
def http(request: pytest.FixtureRequest) -> Iterator[HttpClient]:
    client: HttpClient = request.param()
    yield client
    client.close()


def get(url: str, headers: Mapping[str, str] | None = None, *, timeout_s: float = 10.0) -> Request:
    return Request("GET", url, headers or {}, timeout_s=timeout_s)


def test_an_answer(http: HttpClient, server: LoopbackServer) -> None:
    """Status, headers (their names in lower case) and body are returned, and our headers arrive."""
    answer = http.send(get(f"{server.url}/x?y=1", {"Accept": "text/plain"}))
    assert answer.status == 200
    assert answer.text.startswith("GET /x?y=1\n")
    assert "accept: text/plain\n" in answer.text
    assert answer.headers["content-length"] == str(len(answer.body))


def test_a_body_is_sent(http: HttpClient, server: LoopbackServer) -> None:
    """What is posted arrives as it is."""
    body = bytes(range(256)) * 400
    assert http.send(Request("POST", server.url, body=body)) == Response(
        201, http.send(Request("POST", server.url, body=body)).headers, body
    )


@pytest.mark.parametrize("status", [204, 304, 401, 404, 429, 500, 503])
def test_every_status_is_an_answer(http: HttpClient, server: LoopbackServer, status: int) -> None:
    """An answer that is no success is returned once, not tried again and not raised."""
    answer = http.send(get(f"{server.url}/status/{status}"))
    assert (answer.status, answer.headers["x-reason"]) == (status, "asked for")


def test_text_of_any_bytes() -> None:
    """A body that is no UTF-8 can still be shown."""
    assert Response(200, {}, b"caf\xe9").text == "caf\ufffd"


def test_connections_are_kept_and_shared(http: HttpClient, server: LoopbackServer) -> None:
    """Requests one after another use one connection, and threads may share the adapter."""
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda number: http.send(get(f"{server.url}/{number}")), range(40)))
    assert [answer.text.splitlines()[0] for answer in answers] == [f"GET /{number}" for number in range(40)]
    assert len(server._connections) <= 4


def test_refused(http: HttpClient) -> None:
    """A server that is not there is one sentence with host, port and cause, and what to check."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        http.send(get(f"http://user:{SECRET}@127.0.0.1:{port}/?key={SECRET}", {"Authorization": SECRET}))
    assert caught.value.message == f"127.0.0.1:{port} cannot be reached: the connection was refused."
    assert "network" in caught.value.hint


def test_silence(http: HttpClient) -> None:
    """A server that says nothing is given up after the request's own time."""
    released = threading.Event()
    with answering(lambda _: hold(released)) as url:
        with pytest.raises(Unreachable, match=r"cannot be reached: it did not answer within 0\.2 s\."):
            http.send(get(url, timeout_s=0.2))
        released.set()


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 2", id="half a head"),
        pytest.param(HEAD + b"Content-Length: 100\r\n\r\nonly this", id="half a body"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\nonly this", id="half a chunk"),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nthis\r\n", id="no last chunk"),
        pytest.param(b"220 mail.example ESMTP\r\n", id="another protocol"),
    ],
)
def test_broken_answers(http: HttpClient, said: bytes) -> None:
    """An answer that breaks off is no answer, neither at once nor line by line."""
    for ask in (
        lambda url: http.send(get(url)),
        lambda url: http.send(bounded(url)),
        lambda url: list(streamed(http, url)),
    ):
        with (
            answering(lambda connection: connection.sendall(said)) as url,
            pytest.raises(Unreachable, match="the connection broke off"),
        ):
            ask(url)


def bounded(url: str) -> Request:
    return Request("GET", url, timeout_s=10.0, total_s=0.3, largest=2**20)


def test_a_bounded_answer_is_whole(http: HttpClient, server: LoopbackServer) -> None:
    """An answer within its bounds is the same as without, and its connection is kept."""
    for _ in range(2):
        assert http.send(bounded(f"{server.url}/a")).text.startswith("GET /a\n")
    assert len(server._connections) == 1


def test_an_answer_that_trickles(http: HttpClient) -> None:
    """A body that never falls silent and never ends is given up after its whole time."""
    stopped = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
        while not stopped.wait(0.01):
            connection.sendall(b"a")

    with answering(talk) as url:
        try:
            with pytest.raises(Unreachable, match=r"did not send all of its answer within 0\.3 s"):
                http.send(bounded(url))
        finally:
            stopped.set()


@pytest.mark.parametrize("head", [b"Content-Length: 2000000\r\n\r\n", b"\r\n"])
def test_an_answer_that_is_too_large(http: HttpClient, head: bytes) -> None:
    """No more is read of a body than it may have, whatever its head says of it."""
    with (
        answering(lambda connection: connection.sendall(HEAD + head + bytes(2_000_000))) as url,
        pytest.raises(Unreachable, match="sends more than 1 MB"),
    ):
        http.send(bounded(url))


def streamed(http: HttpClient, url: str, timeout_s: float = 10.0) -> Iterator[bytes]:
    with http.stream(get(url, timeout_s=timeout_s)) as (_, lines):
        yield from lines


def test_lines_are_read_as_they_come(http: HttpClient) -> None:
    """A line is there as soon as the server has written it; the end of the connection ends the lines."""
    read = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\nfirst\n")
        assert read.wait(30)
        connection.sendall(b"sec")
        connection.sendall(b"ond\n\nlast")

    with answering(talk) as url:
        lines = streamed(http, url)
        assert next(lines) == b"first"
        read.set()
        assert list(lines) == [b"second", b"", b"last"]


def test_a_stream_that_falls_silent(http: HttpClient) -> None:
    """A silence in the middle of a stream ends it with a sentence."""
    released = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\nfirst\n")
        released.wait(30)

    with answering(talk) as url:
        lines = streamed(http, url, timeout_s=0.2)
        assert next(lines) == b"first"
        with pytest.raises(Unreachable, match=r"it did not answer within 0\.2 s"):
            next(lines)
        released.set()


def test_leaving_a_stream_closes_it(http: HttpClient) -> None:
    """Who leaves a stream early leaves no connection behind."""
    closed = threading.Event()

    def talk(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"\r\nfirst\nsecond\n")
        assert connection.recv(1) == b""
        closed.set()

    with answering(talk) as url:
        with http.stream(get(url)) as (answer, lines):
            assert (answer.status, answer.body, next(lines)) == (200, b"", b"first")
        assert closed.wait(10)


def test_a_stream_that_is_refused(http: HttpClient, server: LoopbackServer) -> None:
    """An answer that is no success has its whole body at once, and no lines."""
    with http.stream(get(f"{server.url}/status/403")) as (answer, lines):
        assert (answer.status, answer.body, list(lines)) == (403, b"sorry", [])


def test_an_answer_before_the_question_was_heard(http: HttpClient) -> None:
    """A server that finds a request too large says so at once and closes; it is heard all the same."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 8\r\nConnection: close\r\n\r\ntoo much"

    def talk(connection: socket.socket) -> None:
        connection.recv(1000)
        # Behind it the connection is closed, with most of the request unread.
        connection.sendall(refusal)

    with answering(talk) as url:
        answer = http.send(Request("POST", url, body=bytes(50_000_000), timeout_s=10.0))
    assert (answer.status, answer.body) == (413, b"too much")


def test_a_very_long_line(http: HttpClient) -> None:
    """A line of many megabytes arrives whole."""
    with answering(lambda connection: connection.sendall(HEAD + b"\r\n" + b"x" * 20_000_000)) as url:
        assert [len(line) for line in streamed(http, url)] == [20_000_000]


def test_redirects_are_followed(http: HttpClient, server: LoopbackServer) -> None:
    """A redirect on the same server keeps all headers."""
    answer = http.send(get(f"{server.url}/to//there", {"Authorization": f"Bearer {SECRET}"}))
    assert answer.text.startswith("GET /there\n")
    assert SECRET in answer.text


@pytest.mark.parametrize("header", ["Authorization", "DD-API-KEY", "dd-application-key", "Cookie"])
def test_no_credentials_go_to_another_server(http: HttpClient, server: LoopbackServer, header: str) -> None:
    """A redirect to another server loses the credentials and nothing else."""
    with serving() as other:
        answer = http.send(get(f"{server.url}/to/{other.url}/there", {header: SECRET, "X-Kept": "yes"}))
    assert answer.text.startswith("GET /there\n")
    assert SECRET not in answer.text
    assert "x-kept: yes" in answer.text


def test_redirects_without_end(http: HttpClient) -> None:
    """A server that redirects in a circle is given up."""
    loop = HEAD.replace(b"200 OK", b"302 Found") + b"Location: /again\r\nContent-Length: 0\r\n\r\n"

    def talk(connection: socket.socket) -> None:
        connection.sendall(loop)
        while connection.recv(65536):
            connection.sendall(loop)

    with answering(talk) as url:
        with pytest.raises(Unreachable, match="it redirects again and again"):
            http.send(get(url))
        # The kept connection is what the server waits on.
        http.close()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "cannot be reached: that is no address of a server"),
        ("not a url", "that is no address of a server"),
        ("http://", "that is no address of a server"),
        ("ftp://127.0.0.1/x", "127.0.0.1 cannot be reached: that is no address of a server"),
        (f"http://user:{SECRET}@127.0.0.1:port/", "The server cannot be reached: that is no address"),
        (f"http://[::1/{SECRET}", "The server cannot be asked"),
        (f"http://{'a' * 70}.example/{SECRET}", "that is no address of a server"),
    ],
)  # fmt: skip
def test_what_is_no_address(http: HttpClient, url: str, sentence: str) -> None:
    """An address that cannot be one is said, without what it holds."""
    with pytest.raises(Unreachable, match=sentence) as caught:
        http.send(get(url))
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("value", [f"{SECRET}\n", f"{SECRET}\r\nX-Evil: 1", f"{SECRET}\u20ac"])
def test_headers_that_cannot_be_sent(http: HttpClient, server: LoopbackServer, value: str) -> None:
    """A key with a line break, as a file gives it, is a sentence that does not show the key."""
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ cannot be asked: .* a header holds") as caught:
        http.send(get(server.url, {"DD-API-KEY": value}))
    assert SECRET not in str(caught.value) + caught.value.hint
    assert caught.value.__cause__ is None


def test_a_request_shows_no_headers() -> None:
    """The readable form of a request holds method and URL only."""
    shown = repr(Request("GET", "http://127.0.0.1/", {"Authorization": SECRET}, SECRET.encode()))
    assert SECRET not in shown


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_loopback_needs_no_proxy(
    http: HttpClient, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A proxy that the environment names is not asked for this machine's own servers."""
    monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert http.send(get(server.url)).status == 200


def test_the_environment_s_proxy(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other servers are asked through the proxy of the environment, unless `no_proxy` names them."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", server.url)
    answer = HttpClient().send(get("http://elsewhere.example/x"))
    assert answer.text.startswith("GET http://elsewhere.example/x\n")
    monkeypatch.setenv("no_proxy", "other.example,inside.example")
    assert HttpClient()._proxy("http://inside.example/") == ""


def test_a_proxy_with_a_login(server: LoopbackServer) -> None:
    """The user part of a configured proxy is sent to it as it wants it, and nowhere else."""
    proxy = server.url.replace("http://", "http://ada:p%40ss@")
    answer = HttpClient(TlsSettings(proxy=proxy)).send(get("http://elsewhere.example/"))
    assert f"proxy-authorization: Basic {base64.b64encode(b'ada:p@ss').decode()}\n" in answer.text


def test_a_proxy_that_is_not_there() -> None:
    """A dead proxy is no success, and its password is in no sentence."""
    http = HttpClient(TlsSettings(proxy=f"http://ada:{SECRET}@127.0.0.1:1"))
    with pytest.raises(Unreachable, match=r"elsewhere\.example cannot be reached") as caught:
        http.send(get("http://elsewhere.example/"))
    assert SECRET not in str(caught.value)


@dataclass(frozen=True)
class Papers:
    """What a made certificate authority has signed; PEM texts, and files for the server."""

    ca: str
    client: str
    client_key: str
    sealed_key: str
    server: Path
    server_key: Path
    ca_file: Path

    def context(self, *, ask_client: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server, self.server_key)
        if ask_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca_file)
        return context


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    place = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=place, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    openssl("req", "-x509", *key, "-subj", "/CN=test authority", "-keyout", "ca.key", "-out", "ca.pem")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE")
    names = "subjectAltName=DNS:inside.example,IP:127.0.0.1"
    openssl(
        "req", "-x509", *key, *signed, "-subj", "/CN=s", "-addext", names, "-keyout", "s.key", "-out", "s.pem"
    )
    openssl("req", "-x509", *key, *signed, "-subj", "/CN=c", "-keyout", "c.key", "-out", "c.pem")
    openssl("ec", "-in", "c.key", "-aes128", "-passout", "pass:1234", "-out", "sealed.key")
    ca, cert, plain, sealed = (
        (place / name).read_text() for name in ("ca.pem", "c.pem", "c.key", "sealed.key")
    )
    return Papers(ca, cert, plain, sealed, place / "s.pem", place / "s.key", place / "ca.pem")


def over_tls(
    papers: Papers, settings: TlsSettings, host: str = "127.0.0.1", *, ask_client: bool = False
) -> Response:
    with serving(papers.context(ask_client=ask_client)) as server:
        return HttpClient(settings).send(get(f"https://{host}:{server.server_address[1]}/"))


def test_the_authority_is_the_configured_one(papers: Papers) -> None:
    """A server whose certificate the configured authority has signed is trusted; by default it is not."""
    assert over_tls(papers, TlsSettings(ca=papers.ca)).status == 200
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:\d+ .* its certificate or TLS is not acceptable"):
        over_tls(papers, TlsSettings())


def test_the_name_must_be_the_server_s(papers: Papers) -> None:
    """A certificate for another name is refused, unless the settings say which name it bears."""
    with pytest.raises(Unreachable, match="certificate is not valid for 'localhost'"):
        over_tls(papers, TlsSettings(ca=papers.ca), "localhost")
    named = TlsSettings(ca=papers.ca, server_name="inside.example")
    assert over_tls(papers, named, "localhost").status == 200


def test_verification_can_be_switched_off(papers: Papers) -> None:
    """Where a person wrote so, any certificate will do."""
    assert over_tls(papers, TlsSettings(verify=False), "localhost").status == 200


def test_a_client_shows_its_certificate(papers: Papers) -> None:
    """A server that asks for a certificate gets the client's; without one it does not let us in."""
    ours = TlsSettings(papers.ca, papers.client, papers.client_key)
    assert over_tls(papers, ours, ask_client=True).status == 200
    with pytest.raises(Unreachable):
        over_tls(papers, TlsSettings(papers.ca), ask_client=True)
    assert papers.client_key not in repr(ours)


@pytest.mark.parametrize("broken", ["ca", "certificate", "key", "sealed"])
def test_certificates_that_cannot_be_read(papers: Papers, broken: str) -> None:
    """Broken PEM texts are one sentence about the configuration, and nobody is asked for a key's password."""
    settings = {
        "ca": TlsSettings(ca="rubbish"),
        "certificate": TlsSettings(papers.ca, "rubbish", papers.client_key),
        "key": TlsSettings(papers.ca, papers.client, papers.sealed_key.replace("A", "B")),
        "sealed": TlsSettings(papers.ca, papers.client, papers.sealed_key),
    }[broken]
    with pytest.raises(Unreachable, match="The configured certificates cannot be read"):
        HttpClient(settings).send(get("https://127.0.0.1:1/"))


def test_plain_words_to_a_tls_port(papers: Papers) -> None:
    """Speaking plain HTTP to a TLS server, or TLS to a plain one, is a sentence."""
    with serving(papers.context()) as server, pytest.raises(Unreachable, match="cannot be reached"):
        HttpClient().send(get(f"http://127.0.0.1:{server.server_address[1]}/"))
    with serving() as server, pytest.raises(Unreachable, match="TLS is not acceptable"):
        HttpClient().send(get(f"https://127.0.0.1:{server.server_address[1]}/"))
