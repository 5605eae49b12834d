"""The API client: what it repeats and what not, what it says of trouble, and that no connection hangs it."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Request as Served
from werkzeug import Response as Answered

from tests.fakes.clock import FakeClock
from tests.fakes.http import ScriptedHttp, json_response, status_response
from tests.fakes.processes import FakeProcesses
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.kubernetes.access import ExecPlugin, Login
from trunkline.adapters.kubernetes.client import KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import Response

PODS = "/api/v1/namespaces/qa/pods"
BUSY = status_response(429, "TooManyRequests", "slow down", {"retry-after": "3"})
BROKEN = status_response(500, "InternalError", "etcdserver: request timed out")
GOOD = json_response({"kind": "Pod"})
REFUSED_CONNECTION = Unreachable("10.0.0.1:6443 cannot be reached: the connection was refused.")


def test_names_cannot_leave_their_place() -> None:
    """A name with slashes or spaces stays one part of the path."""
    assert (
        path_of("/api/v1/namespaces", "../x", "pods", "a b?c") == "/api/v1/namespaces/..%2Fx/pods/a%20b%3Fc"
    )


def test_reads_are_repeated() -> None:
    """A read goes on after a broken connection, a 500 and a 429, and waits as long as the server asks."""
    clock, http = FakeClock(), ScriptedHttp(REFUSED_CONNECTION, BROKEN, BUSY, GOOD)
    assert make_client(http, clock=clock).get(PODS) == {"kind": "Pod"}
    assert clock.slept == [0.2, 0.4, 3.0]


def test_reads_end() -> None:
    """A read that never succeeds ends within its time, with the last trouble as its sentence."""
    clock, http = FakeClock(), ScriptedHttp(BROKEN)
    with pytest.raises(
        ApiError, match=r"\(10.0.0.1:6443\) is in trouble \(500\): etcdserver: request timed out\."
    ):
        make_client(http, clock=clock).get(PODS)
    assert sum(clock.slept) <= Patience().retry_s


def test_a_long_retry_after_is_not_waited_for() -> None:
    """A server that asks for more time than there is fails at once."""
    clock = FakeClock()
    http = ScriptedHttp(status_response(429, "TooManyRequests", "slow down", {"retry-after": "86400"}))
    with pytest.raises(ApiError, match="slow down"):
        make_client(http, clock=clock).get(PODS)
    assert clock.slept == []


@pytest.mark.parametrize("trouble", [BROKEN, REFUSED_CONNECTION])
def test_writes_are_not_repeated(trouble: Any) -> None:
    """A write that may have happened is not sent twice."""
    http = ScriptedHttp(trouble)
    with pytest.raises(Unreachable):
        make_client(http).create(PODS, {})
    assert len(http.requests) == 1


def test_writes_that_were_not_begun_are_repeated() -> None:
    """A write that the server put off is sent again."""
    http = ScriptedHttp(BUSY, GOOD)
    assert make_client(http).replace(PODS, {"a": 1}) == {"kind": "Pod"}
    assert [request.method for request in http.requests] == ["PUT", "PUT"]


def test_no_answer() -> None:
    """A cluster that does not answer is named by context, address and cause, and where to look."""
    with pytest.raises(Unreachable) as caught:
        make_client(ScriptedHttp(REFUSED_CONNECTION)).get(PODS)
    assert caught.value.message == (
        "The cluster of context 'qa' does not answer: 10.0.0.1:6443 cannot be reached: the connection was refused."
    )
    assert "/home/me/.kube/config" in caught.value.hint


@pytest.mark.parametrize(
    ("answer", "words", "hint"),
    [
        (status_response(401, "Unauthorized", "Unauthorized"), "refuses the credentials", "Log in again"),
        (
            status_response(403, "Forbidden", 'pods is forbidden: User "ci"'),
            "does not allow it: pods",
            "Role",
        ),
        (status_response(422, "Invalid", "bad name"), f"refused GET {PODS} (422): bad name", "kubectl"),
        (
            Response(502, {}, b"<html>\n bad gateway</html>"),
            "(502): <html> bad gateway</html>",
            "control plane",
        ),
        (Response(404, {}, b""), "(404): no message", "kubectl"),
        (Response(500, {}, b"x" * 5000), "x" * 500 + "…", "control plane"),
    ],
)
def test_refusals(answer: Response, words: str, hint: str) -> None:
    """Every refusal is a sentence with the server's reason and the next step."""
    with pytest.raises(ApiError) as caught:
        make_client(ScriptedHttp(answer)).get(PODS)
    assert words in caught.value.message
    assert hint in caught.value.hint


def test_refusals_hide_secrets() -> None:
    """A server that repeats a secret does not get it into a message."""
    http = ScriptedHttp(status_response(400, "BadRequest", "no such user: s3cret-token"))
    with pytest.raises(ApiError) as caught:
        make_client(http, redactor=Redactor(["s3cret-token"])).get(PODS)
    assert caught.value.said == "no such user: *****"


@given(st.binary(max_size=100).filter(lambda body: not body.lstrip().startswith(b"{")))
def test_nonsense(body: bytes) -> None:
    """What is no Kubernetes API is told as such, whatever it answers."""
    with pytest.raises(Unreachable, match="is not a Kubernetes API"):
        make_client(ScriptedHttp(Response(200, {}, body))).get(PODS)


def test_lists_are_read_page_by_page() -> None:
    """All pages of a list are joined, and the selectors go along with each."""
    http = ScriptedHttp(
        json_response({"items": [{"a": 1}], "metadata": {"continue": "next", "resourceVersion": "7"}}),
        json_response({"items": [{"a": 2}], "metadata": {"resourceVersion": "7"}}),
    )
    listing = make_client(http).list(PODS, labels="app=x")
    assert (listing.items, listing.version) == (({"a": 1}, {"a": 2}), "7")
    assert http.requests[1].url.endswith("?labelSelector=app%3Dx&limit=500&continue=next")


def test_a_list_that_changes_too_fast_is_read_in_one_piece() -> None:
    """When the server forgot the pages, the list is read again without them."""
    http = ScriptedHttp(
        json_response({"items": [{"a": 1}], "metadata": {"continue": "next"}}),
        status_response(410, "Expired", "too old"),
        json_response({"items": [{"a": 1}, {"a": 2}], "metadata": {}}),
    )
    assert len(make_client(http).list(PODS).items) == 2
    assert http.requests[2].url.endswith(PODS)


def test_patch_is_a_merge_patch() -> None:
    """A patch says what kind of patch it is, for the server knows several."""
    http = ScriptedHttp(GOOD)
    make_client(http).patch(f"{PODS}/a", {"metadata": {}})
    assert http.requests[0].headers["Content-Type"] == "application/merge-patch+json"


def test_watch() -> None:
    """A watch tells each change, and a version that is too old is an error 410."""
    events = [
        {"type": "ADDED", "object": {"metadata": {"name": "a"}}},
        {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old"}},
    ]
    http = ScriptedHttp(Response(200, {}, "\n".join(map(json.dumps, events)).encode()))
    changes = make_client(http).watch(PODS, "7", labels="app=x")
    assert next(changes) == ("ADDED", {"metadata": {"name": "a"}})
    with pytest.raises(ApiError) as caught:
        next(changes)
    assert caught.value.code == 410
    assert "resourceVersion=7" in http.requests[0].url


def test_watch_of_nonsense() -> None:
    """A watch that is cut in the middle of a line is trouble, not a fault."""
    http = ScriptedHttp(Response(200, {}, b'{"type": "ADDED", "obj'))
    with pytest.raises(Unreachable):
        next(make_client(http).watch(PODS, "7"))


# Over real sockets, with the real HTTP adapter.


def over(server: HTTPServer, *tokens: str) -> tuple[KubernetesClient, FakeProcesses]:
    """A client whose exec plugin hands out these tokens, one after another."""

    def plugin(_: object) -> tuple[int, str, str]:
        token = tokens[min(len(processes.commands), len(tokens)) - 1]
        status = {"token": token}
        version = "client.authentication.k8s.io/v1"
        return 0, json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}), ""

    processes = FakeProcesses(plugin, "login")
    login = Login(plugin=ExecPlugin("client.authentication.k8s.io/v1", "login"))
    client = make_client(
        HttpClient(),
        clock=SystemClock(),
        login=login,
        processes=processes,
        server=server.url_for("").rstrip("/"),
    )
    return client, processes


def only_new(request: Served) -> Answered:
    if request.headers.get("Authorization") == "Bearer new-token":
        return Answered('{"kind": "Pod"}\n')
    return Answered('{"kind": "Status", "message": "Unauthorized"}', 401)


def test_refused_token_is_renewed(httpserver: HTTPServer) -> None:
    """A token that the server refuses is asked for again, and the request then succeeds."""
    httpserver.expect_request(PODS).respond_with_handler(only_new)
    client, processes = over(httpserver, "old-token", "new-token")
    assert client.get(PODS) == {"kind": "Pod"}
    assert client.get(PODS) == {"kind": "Pod"}
    assert len(processes.commands) == 2


def test_refused_token_is_renewed_for_streams(httpserver: HTTPServer) -> None:
    """The same for what is read line by line."""
    httpserver.expect_request(PODS).respond_with_handler(only_new)
    client, _ = over(httpserver, "old-token", "new-token")
    with client.lines(PODS, {}, silence_s=5) as lines:
        assert list(lines) == ['{"kind": "Pod"}']


@pytest.mark.parametrize("stream", [False, True])
def test_renewing_ends(httpserver: HTTPServer, stream: bool) -> None:
    """A server that refuses every token is asked twice, not for ever."""
    httpserver.expect_request(PODS).respond_with_data('{"kind": "Status", "message": "no"}', status=401)
    client, _ = over(httpserver, *(f"token-{number}" for number in range(9)))
    ask = client.lines(PODS, {}, silence_s=5).__enter__ if stream else partial(client.get, PODS)
    with pytest.raises(ApiError, match="refuses the credentials"):
        ask()
    assert len(httpserver.log) == 2


@pytest.fixture
def half_open() -> Iterator[str]:
    """A server that begins an answer, and then says nothing more and does not close."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        accepted: list[socket.socket] = []

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    accepted.append(connection)
                    connection.recv(65536)
                    event = b'{"type": "ADDED", "object": {}}\n'
                    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    connection.sendall(head + b"%x\r\n%s\r\n" % (len(event), event))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in accepted:
            connection.close()


def test_half_open_stream(half_open: str) -> None:
    """A connection that died without saying so ends a stream after the silence that was allowed."""
    client = make_client(HttpClient(), clock=SystemClock(), server=half_open)
    with client.lines(PODS, {}, silence_s=0.2) as lines:
        assert next(lines).startswith('{"type": "ADDED"')
        with pytest.raises(Unreachable, match=r"did not answer within 0\.2 s"):
            next(lines)


def test_a_stream_can_be_broken_off(half_open: str) -> None:
    """Another thread can end a stream that nobody writes to, long before its silence is up."""
    client = make_client(HttpClient(), clock=SystemClock(), server=half_open)
    hang_ups: list[Callable[[], None]] = []
    with client.lines(PODS, {}, silence_s=60, opened=hang_ups.append) as lines:
        assert next(lines).startswith('{"type": "ADDED"')
        timer = threading.Timer(0.1, hang_ups[0])
        timer.start()
        with contextlib.suppress(Unreachable):
            assert next(lines, "") == ""
        timer.join()


def test_half_open_answer(half_open: str) -> None:
    """An answer that stops half-way ends a request after its time."""
    client = make_client(HttpClient(), clock=SystemClock(), server=half_open)
    with pytest.raises(Unreachable, match="does not answer"):
        client.with_patience(Patience(request_s=0.2, retry_s=0.0)).get(PODS)
