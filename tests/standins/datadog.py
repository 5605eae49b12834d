"""A strict stand-in for Datadog's intake on loopback: for tests, and by itself for the demonstration.

It takes `POST /api/v2/series`, `/api/v1/series`, `/api/v1/events`, `/api/v2/dora/deployment`, `/api/v2/dora/failure`
and `/api/v2/ci/pipeline`, and `GET /api/v1/validate`, with the key in the header `DD-API-KEY`, answers as documented, keeps what it accepts and can be told to misbehave. That it is like the
real one is shown by the vendor's own clients, in tests/contract/test_datadog_standin.py.

    python -m tests.standins.datadog --record FILE    serve; the first line printed is the URL
    python -m tests.standins.datadog --show FILE      print what was recorded, for a person
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.standins.deliveries import read_deployment, read_failure, read_pipelines
from tests.standins.faults import FAULTS, Fault
from tests.standins.intake import Mistakes, Record, read_event, read_series_v1, read_series_v2
from tests.standins.server import LoopbackServer

KEY = "0123456789abcdef0123456789abcdef"
# Path: greatest size in bytes as sent, and unpacked.
LIMITS = {
    "/api/v2/series": (512_000, 5_242_880),
    "/api/v1/series": (3_200_000, 62_914_560),
    "/api/v1/events": (512_000, 5_242_880),
    "/api/v2/dora/deployment": (512_000, 5_242_880),
    "/api/v2/dora/failure": (512_000, 5_242_880),
    "/api/v2/ci/pipeline": (5_000_000, 5_242_880),
}

_DELIVERIES: dict[str, Callable[[Any, float], list[Record]]] = {
    "/api/v2/dora/deployment": lambda body, now: [read_deployment(body, now)],
    "/api/v2/dora/failure": lambda body, now: [read_failure(body, now)],
    "/api/v2/ci/pipeline": read_pipelines,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One request that came in, and the status that it was answered with (0: none)."""

    method: str
    path: str
    status: int


class DatadogStandin:
    """The server as a context manager; `url` is what `DD_URL` takes."""

    def __init__(
        self,
        key: str = KEY,
        record: Path | None = None,
        port: int = 0,
        now: Callable[[], float] = time.time,
        max_bytes: int | None = None,
    ) -> None:
        self.key = key
        self.now = now
        self.max_bytes = max_bytes
        self.requests: list[Seen] = []
        self._records: list[Record] = []
        self._record = record
        self._faults: deque[Fault] = deque()
        self._lasting: Fault | None = None
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._server = _Server(port, self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._server.url

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.drop_connections()
        self._server.server_close()
        self._thread.join()

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """Every point accepted, in order."""
        with self._changed:
            return [record.fields for record in self._records if record.kind == "metric"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event accepted, in order."""
        with self._changed:
            return [record.fields for record in self._records if record.kind == "event"]

    def kept(self, kind: str) -> dict[str, dict[str, Any]]:
        """What was accepted of a kind (`deployment`, `failure`, `job`, `pipeline`), by id: the last one counts."""
        with self._changed:
            return {
                record.fields.get("unique_id") or record.fields["id"]: record.fields
                for record in self._records
                if record.kind == kind
            }

    @property
    def stored(self) -> dict[tuple[str, tuple[str, ...], int], float]:
        """The points as Datadog keeps them: of the same metric, tags and second, the last one."""
        return {(m["name"], tuple(sorted(m["tags"])), m["timestamp"]): m["value"] for m in self.metrics}

    def misbehave(self, *faults: Fault, lasting: Fault | None = None) -> None:
        """Treat the next requests so, one each, and then all by `lasting` (None: behave)."""
        with self._changed:
            self._faults.extend(faults)
            self._lasting = lasting

    def wait_for(self, condition: Callable[[DatadogStandin], bool], timeout_s: float = 10.0) -> bool:
        """Wait until `condition` holds, looked at after each request; whether it does."""
        deadline = time.monotonic() + timeout_s
        while not condition(self):
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left_s, 0.05))
        return True

    def next_fault(self, path: str) -> Fault | None:
        """The fault that a request for `path` meets."""
        with self._changed:
            for fault in self._faults:
                if path.startswith(fault.on):
                    self._faults.remove(fault)
                    return fault
            lasting = self._lasting
        return lasting if lasting and path.startswith(lasting.on) else None

    def keep(self, records: Sequence[Record]) -> None:
        """Remember what was accepted, and write it down."""
        with self._changed:
            self._records.extend(records)
            if self._record is not None:
                with self._record.open("a", encoding="utf-8") as file:
                    file.writelines(
                        json.dumps({"kind": item.kind, **item.fields}, ensure_ascii=False) + "\n"
                        for item in records
                    )

    def saw(self, seen: Seen) -> None:
        """Remember a request."""
        with self._changed:
            self.requests.append(seen)
            self._changed.notify_all()

    def hang(self) -> None:
        """Wait until the server ends."""
        self._released.wait()


class _Server(LoopbackServer):
    def __init__(self, port: int, standin: DatadogStandin) -> None:
        self.standin = standin
        super().__init__(port, _Handler)


class _Answer(Exception):
    def __init__(self, status: int, *errors: str) -> None:
        super().__init__(status)
        self.status = status
        self.errors = errors


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def _handle(self) -> None:
        standin = self.server.standin
        path = urlsplit(self.path).path
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        fault = standin.next_fault(path)
        if fault is not None and fault.late:
            self._serve(path, raw)
        if fault is not None and fault.status == 0:
            self.close_connection = True
            standin.saw(Seen(self.command, path, 0))
            if fault.hang:
                standin.hang()
            return
        status, body = self._serve(path, raw) if fault is None else (fault.status, {"errors": [fault.phrase]})
        # Remembered before it is answered: who has the answer may look at once.
        standin.saw(Seen(self.command, path, status))
        self._reply(status, body, fault.headers if fault else {})

    def _serve(self, path: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        try:
            return self._route(path, raw)
        except _Answer as answer:
            return answer.status, {"errors": list(answer.errors)}

    def _route(self, path: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        allowed = {"/api/v1/validate": "GET", **dict.fromkeys(LIMITS, "POST")}
        if path not in allowed:
            raise _Answer(404, "Not found")
        if self.command != allowed[path]:
            raise _Answer(405, "Method not allowed")
        if "api_key" in urlsplit(self.path).query:
            raise _Answer(400, "the key belongs into the header, not into the URL")
        if self.headers.get("DD-API-KEY") != self.server.standin.key:
            raise _Answer(403, "Forbidden")
        if path == "/api/v1/validate":
            return 200, {"valid": True}
        return self._take(path, self._decode(path, raw))

    def _take(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        standin = self.server.standin
        now = standin.now()
        try:
            if path == "/api/v1/events":
                event = read_event(body, now)
                standin.keep([event])
                shown = {"id": len(standin.events), "date_happened": int(now), **event.fields}
                return 202, {"status": "ok", "event": shown}
            if path in _DELIVERIES:
                records = _DELIVERIES[path](body, now)
                standin.keep(records)
                return 202, {"data": {"id": str(records[0].fields.get("id", "")), "type": records[0].kind}}
            records = (read_series_v2 if path == "/api/v2/series" else read_series_v1)(body, now)
        except Mistakes as mistakes:
            raise _Answer(400, *map(str, mistakes.args)) from None
        standin.keep(records)
        return 202, {"errors": []} if path == "/api/v2/series" else {"status": "ok"}

    def _decode(self, path: str, raw: bytes) -> Any:
        if self.headers.get_content_type() != "application/json":
            raise _Answer(415, "Content-Type must be application/json")
        packed, unpacked = LIMITS[path]
        if len(raw) > min(packed, self.server.standin.max_bytes or packed):
            raise _Answer(413, "Payload Too Large")
        coding = self.headers.get("Content-Encoding", "identity")
        if coding not in ("gzip", "deflate", "identity"):
            raise _Answer(415, "Content-Encoding must be gzip or deflate")
        try:
            if coding != "identity":
                raw = _inflate(raw, gzip=coding == "gzip", limit=unpacked)
            return json.loads(raw.decode(), parse_constant=_refuse_constant)
        except (zlib.error, ValueError) as error:
            raise _Answer(400, f"Bad Request: {error}") from None

    def _reply(self, status: int, body: dict[str, Any], headers: Mapping[str, str]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(raw)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
        """Stay silent: what counts is recorded."""


def _inflate(raw: bytes, *, gzip: bool, limit: int) -> bytes:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16 if gzip else zlib.MAX_WBITS)
    plain = stream.decompress(raw, limit)
    if stream.unconsumed_tail:
        raise _Answer(413, "Payload Too Large")
    if not stream.eof:
        raise zlib.error("the body ends too early")
    return plain


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def show(lines: Sequence[str]) -> str:
    """A record file's lines as a table for a person."""
    shown = []
    for line in lines:
        item = json.loads(line)
        metric = item["kind"] == "metric"
        at = datetime.fromtimestamp(item["timestamp"] if metric else item.get("date_happened", 0), UTC)
        what = f"{item['name']} {item['value']:g} ({item['type']})" if metric else item["title"]
        mark = item["kind"] if metric else f"event {item.get('alert_type', '')}"
        shown.append(f"{at:%H:%M:%S}  {mark:<14} {what}  [{', '.join(item.get('tags', []))}]")
    return "\n".join(shown)


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, or show a record."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.standins.datadog", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--port", type=int, default=0, help="0 for any free one")
    parser.add_argument("--key", default=KEY, help="the only key that is accepted")
    parser.add_argument("--record", type=Path, help="append what is accepted here, a JSON object a line")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="misbehave so, always")
    parser.add_argument("--show", type=Path, help="print a record instead")
    options = parser.parse_args(arguments)
    if options.show:
        print(show(options.show.read_text(encoding="utf-8").splitlines()))  # noqa: T201 - its purpose
        return
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with DatadogStandin(options.key, options.record, options.port) as standin:
        standin.misbehave(lasting=FAULTS[options.fault] if options.fault else None)
        print(standin.url, flush=True)  # noqa: T201 - whoever started it reads the address here
        ended.wait()


if __name__ == "__main__":
    main()
