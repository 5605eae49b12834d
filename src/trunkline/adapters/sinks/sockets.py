"""Datagrams and lines over sockets: opened for a delivery, and closed after it.

UDP confirms nothing. On one machine, and over Unix sockets, a server that is not there is noticed all the same; a
server elsewhere is not, and what is sent to it then is gone.
"""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from trunkline.adapters.sinks.delivering import TAKEN, Meaning, Verdict

# What fits into one packet of Ethernet behind the headers; a Unix socket of the agent takes 8 KiB.
UDP_BYTES = 1432
UNIX_BYTES = 8192
_LONG_GONE_S = 0.02
_PASSING = {errno.EAGAIN, errno.ENOBUFS, errno.EINTR}


def packets(lines: Sequence[bytes], most: int) -> Iterator[bytes]:
    """Lines packed together, as many as fit; one that is too long for any packet goes alone."""
    packet = b""
    for line in lines:
        if packet and len(packet) + 1 + len(line) > most:
            yield packet
            packet = b""
        packet = packet + b"\n" + line if packet else line
    if packet:
        yield packet


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[v6]:port` or either behind a scheme."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    return host.strip("[]"), int(port)


def send_datagrams(address: str, parts: Sequence[bytes], timeout_s: float) -> Verdict:
    """Send each in a packet of its own, to `host:port`, `udp://host:port` or `unix:///path`."""
    try:
        with _datagrams(address, timeout_s) as connected:
            for part in parts:
                connected.send(part)
            _listen_for_refusal(connected)
    except OSError as error:
        return _verdict(error)
    return TAKEN


def send_lines(address: str, content: bytes, timeout_s: float) -> Verdict:
    """Send it over TCP and see that the server took it off the wire before it hung up on us, or we on it."""
    try:
        with socket.create_connection(split_address(address), timeout_s) as connected:
            connected.sendall(content)
            # Half closed: the server reads all of it, and its own end of the line says that it has.
            connected.shutdown(socket.SHUT_WR)
            connected.settimeout(timeout_s)
            while connected.recv(4096):
                pass
    except OSError as error:
        return _verdict(error)
    return TAKEN


@contextmanager
def _datagrams(address: str, timeout_s: float) -> Iterator[socket.socket]:
    if address.startswith("unix://"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as connected:
            connected.settimeout(timeout_s)
            connected.connect(address.removeprefix("unix://"))
            yield connected
        return
    host, port = split_address(address)
    family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    with socket.socket(family, kind, protocol) as connected:
        connected.settimeout(timeout_s)
        connected.connect(target)
        yield connected


def _listen_for_refusal(connected: socket.socket) -> None:
    """Give the kernel a moment to hear that nobody listens there (ICMP, port unreachable)."""
    if connected.family != socket.AF_UNIX and select.select([connected], [], [], _LONG_GONE_S)[0]:
        connected.recv(1)


def _verdict(error: OSError) -> Verdict:
    if isinstance(error, TimeoutError) or error.errno in _PASSING:
        return Verdict(Meaning.AGAIN, "no answer in time")
    if error.errno == errno.EMSGSIZE:
        return Verdict(Meaning.SPLIT, "it found the packet too large")
    words = {
        errno.ECONNREFUSED: "nobody listens there",
        errno.ENOENT: "there is no such socket",
        errno.ECONNRESET: "the connection broke off",
    }
    return Verdict(Meaning.AGAIN, words.get(error.errno or 0, error.strerror or type(error).__name__))
