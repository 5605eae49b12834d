"""A strict stand-in for the agent's DogStatsD socket: UDP or Unix, with its limits, and last-write-wins for moments.

Sources: https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/ and
https://docs.datadoghq.com/developers/dogstatsd/high_throughput/ (sizes). That it reads what the vendor's own client
writes is shown in tests/contract/sinks/test_dogstatsd.py. What is wrong goes to `mistakes`, where the agent would drop
it and write a line into its log.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

LARGEST = 8192
_NAME = r"[A-Za-z][A-Za-z0-9_.]{0,199}"
_TAG = r"[^,|#\s][^,|\n]{0,199}"
_TAGS = rf"(?:\|#(?P<tags>{_TAG}(?:,{_TAG})*))?"
_METRIC = re.compile(
    rf"(?P<name>{_NAME}):(?P<values>[^|\n]+)\|(?P<type>c|g|ms|h|d|s)(?:\|@(?P<rate>[0-9.]+))?"
    rf"{_TAGS}(?:\|c:[^|]+)?(?:\|T(?P<at>[0-9]+))?(?:\|e:[^|]+)?(?:\|card:[a-z]+)?"
)
_EVENT = re.compile(r"_e\{(?P<title>[0-9]+),(?P<text>[0-9]+)\}:(?P<rest>.*)", re.DOTALL)
_CHECK = re.compile(
    rf"_sc\|(?P<name>{_NAME})\|(?P<status>[0-3])(?:\|d:(?P<at>[0-9]+))?(?:\|h:(?P<host>[^|]*))?{_TAGS}"
    r"(?:\|m:(?P<message>.*))?"
)
_FIELDS = {
    "d": r"[0-9]+", "h": r"[^|]*", "k": r"[^|]{1,100}", "p": r"normal|low", "s": r"[^|]+",
    "t": r"error|warning|info|success", "#": rf"{_TAG}(?:,{_TAG})*", "c": r"[^|]+", "e": r"[^|]+", "card": r"[a-z]+",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a metric; `at` is None for "now"."""

    name: str
    type: str
    value: float
    tags: frozenset[str]
    at: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One event."""

    title: str
    text: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """One service check."""

    name: str
    status: int
    tags: frozenset[str]
    at: int | None
    message: str


class DogStatsdStandin:
    """The socket as a context manager; `address` is what `DD_DOGSTATSD_URL` takes."""

    def __init__(self, path: Path | None = None) -> None:
        self.values: list[Value] = []
        self.events: list[Shown] = []
        self.checks: list[Checked] = []
        self.mistakes: list[str] = []
        self.packets: list[int] = []
        self._path = path
        self._changed = threading.Condition()
        family = socket.AF_UNIX if path else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        # What a test sends at once has to fit: the agent's own advice for high throughput.
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 25 * 2**20)
        self._socket.bind(str(path) if path else ("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._over = False

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"unix://{self._path}" if self._path else f"udp://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Its UDP port."""
        return int(self._socket.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        with socket.socket(self._socket.family, socket.SOCK_DGRAM) as last:
            last.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def wait_for(self, condition: Callable[[Self], bool], timeout_s: float = 5) -> bool:
        """Wait until what has come in is as wanted."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self), timeout_s)

    @property
    def stored(self) -> dict[tuple[str, frozenset[str], int], float]:
        """What Datadog would keep of the values that bear a moment: the last one of a series and a second."""
        return {(item.name, item.tags, item.at): item.value for item in self.values if item.at is not None}

    def _serve(self) -> None:
        while not self._over:
            packet = self._socket.recv(65536)
            with self._changed:
                self.packets.append(len(packet))
                self._take(packet)
                self._changed.notify_all()

    def _take(self, packet: bytes) -> None:
        if len(packet) > LARGEST:
            self.mistakes.append(f"a packet of {len(packet)} bytes is cut off at {LARGEST}")
            return
        try:
            text = packet.decode()
        except UnicodeDecodeError:
            self.mistakes.append(f"no UTF-8: {packet[:80]!r}")
            return
        for line in filter(None, text.split("\n")):
            if line.startswith("_e{"):
                self._event(line)
            elif line.startswith("_sc"):
                self._check(line)
            else:
                self._metric(line)

    def _metric(self, line: str) -> None:
        found = _METRIC.fullmatch(line)
        if found is None or (found["at"] and found["type"] not in "cg"):
            self.mistakes.append(f"no metric: {line[:200]}")
            return
        try:
            values = [float(value) for value in found["values"].split(":")]
        except ValueError:
            self.mistakes.append(f"no number: {line[:200]}")
            return
        at = int(found["at"]) if found["at"] else None
        self.values += [
            Value(found["name"], found["type"], value, _split(found["tags"]), at) for value in values
        ]

    def _event(self, line: str) -> None:
        found = _EVENT.fullmatch(line)
        raw = found["rest"].encode() if found else b""
        title = int(found["title"]) if found else 0
        text = int(found["text"]) if found else 0
        middle, rest = raw[title : title + 1], raw[title + 1 + text :].decode("utf-8", "replace")
        fields = dict(_field(item) for item in rest.split("|")[1:])
        wrong = [name for name, value in fields.items() if not re.fullmatch(_FIELDS.get(name, "(?!)"), value)]
        if middle != b"|" or (rest and not rest.startswith("|")) or wrong:
            self.mistakes.append(f"no event ({wrong}): {line[:300]}")
            return
        body = raw[title + 1 : title + 1 + text].decode().replace("\\n", "\n")
        self.events.append(Shown(raw[:title].decode(), body, fields))

    def _check(self, line: str) -> None:
        found = _CHECK.fullmatch(line)
        if found is None:
            self.mistakes.append(f"no service check: {line[:200]}")
            return
        at = int(found["at"]) if found["at"] else None
        message = (found["message"] or "").replace("\\n", "\n")
        self.checks.append(Checked(found["name"], int(found["status"]), _split(found["tags"]), at, message))


def _field(item: str) -> tuple[str, str]:
    return ("#", item[1:]) if item.startswith("#") else (item.partition(":")[0], item.partition(":")[2])


def _split(tags: str | None) -> frozenset[str]:
    return frozenset((tags or "").split(",")) - {""}
