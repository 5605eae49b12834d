"""The socket: it keeps connections, bears any bytes, and ends when it is told to."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from time import monotonic

import pytest

from tests.unit.rehearsal.api.asking import config_map
from trunkline.rehearsal.cluster import SimulatedCluster

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
def cluster() -> Iterator[SimulatedCluster]:
    with SimulatedCluster() as found:
        yield found


def connected(cluster: SimulatedCluster) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(cluster.api.address, timeout=10)


def test_keeps_connections(cluster: SimulatedCluster) -> None:
    """Many requests go over one connection."""
    connection = connected(cluster)
    used = set()
    for path in ("/version", "/nowhere", "/api/v1/namespaces"):
        connection.request("GET", path)
        json.loads(connection.getresponse().read())
        used.add(connection.sock.getsockname())
    connection.close()
    assert len(used) == 1


def test_chunked_body(cluster: SimulatedCluster) -> None:
    """A body may come in chunks."""
    connection = connected(cluster)
    content = json.dumps(config_map("a")).encode()
    connection.request(
        "POST", MAPS, iter([content[:7], content[7:]]), {"Content-Type": "application/json"}, encode_chunked=True
    )  # fmt: skip
    assert connection.getresponse().status == 201
    connection.close()


def test_body_that_is_too_large(cluster: SimulatedCluster) -> None:
    """A body above 3 MiB is refused, and the client hears of it."""
    connection = connected(cluster)
    connection.request("POST", MAPS, b"x" * (5 * 1024 * 1024), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["reason"]) == (413, "RequestEntityTooLarge")
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 500 + b"\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nContent-Length: \xb2\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/v1/namespaces HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"GET /api/v1/pods?limit=%ff&continue=%00 HTTP/1.1\r\n\r\n",
    ],
)
def test_any_bytes(cluster: SimulatedCluster, sent: bytes) -> None:
    """Bytes that are no request of HTTP are refused or dropped, and the next client is served."""
    with socket.create_connection(("127.0.0.1", int(cluster.api.address.rpartition(":")[2])), 10) as raw:
        raw.sendall(sent)
        raw.shutdown(socket.SHUT_WR)
        got = b""
        try:
            while part := raw.recv(65536):
                got += part
        except ConnectionResetError:
            pass
    assert b" 500 " not in got.partition(b"\r\n")[0]
    connection = connected(cluster)
    connection.request("GET", "/readyz")
    assert connection.getresponse().read() == b"ok"
    connection.close()


def test_stop_ends_watches() -> None:
    """Stopping waits for no watch and no idle connection."""
    cluster = SimulatedCluster()
    cluster.start()
    watching, idle = connected(cluster), connected(cluster)
    idle.request("GET", "/version")
    idle.getresponse().read()
    watching.request("GET", "/api/v1/namespaces?watch=true")
    answer = watching.getresponse()
    assert answer.readline()
    began = monotonic()
    cluster.stop()
    # Whether the stream is ended or cut off is nothing that a watch may count on.
    with suppress(http.client.IncompleteRead):
        answer.read()
    assert monotonic() - began < 2
    watching.close()
    idle.close()
