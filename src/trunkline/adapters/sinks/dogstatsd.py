"""Datadog's agent over UDP or a Unix socket: metrics, events and service checks in DogStatsD's lines.

    NAME:VALUE|c or g|#TAG,TAG|TUNIX              protocol 1.3: with a moment, in Agent 7.40 and newer
    _e{TITLE BYTES,TEXT BYTES}:TITLE|TEXT|d:UNIX|h:HOST|k:KEY|t:ALERT|#TAG,TAG
    _sc|NAME|0 to 3|d:UNIX|h:HOST|#TAG,TAG|m:MESSAGE

See https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/. With a moment, a value that is sent again replaces
itself; without one it counts twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from trunkline.adapters.sinks.delivering import Verdict, along_with, deliver, fresh
from trunkline.adapters.sinks.sockets import UDP_BYTES, UNIX_BYTES, packets, send_datagrams
from trunkline.config.sinks import DogStatsdSettings
from trunkline.domain.attempts import Outcome
from trunkline.domain.measurements import Metric, MetricKind, Notice, metric_prefix, tag
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.texts import cut
from trunkline.expressions import expression
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery

_OLDEST_S = 3600 - 60.0
_AT_ONCE = 200
_LETTERS = {MetricKind.COUNT: "c", MetricKind.GAUGE: "g"}
_LONGEST_HOST = 255
# Shorter than three dots, a cut text says nothing.
_LEAST = 4
_OK, _CRITICAL, _UNKNOWN = 0, 2, 3
_NOT_IN_NAMES = expression(r"[^A-Za-z0-9_.]")


class DogStatsd:
    """Implements the port `Sink`."""

    name = "dogstatsd"
    one_per_second = True
    at_once = _AT_ONCE
    confirms = False

    def __init__(self, settings: DogStatsdSettings, clock: Clock, prefix: str) -> None:
        self._settings, self._clock, self._prefix = settings, clock, prefix
        self._most = UNIX_BYTES if settings.address.startswith("unix://") else UDP_BYTES

    @property
    def server(self) -> str:
        """See the port."""
        return self._settings.address.removeprefix("udp://").removeprefix("unix://")

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics or parcel.notices)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, _OLDEST_S)
        delivery = deliver(kept, self._send, self._clock, timeout_s, at_once=len(kept) or 1)
        return along_with(delivery, stale)

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        lines = [line for item in batch for line in self._lines(item.parcel)]
        return send_datagrams(self._settings.address, list(packets(lines, self._most)), timeout_s)

    def _lines(self, parcel: Parcel) -> list[bytes]:
        lines = [metric_line(item, timestamps=self._settings.timestamps) for item in parcel.metrics]
        lines += [event_line(item, parcel.origin.host, self._most) for item in parcel.notices]
        if parcel.ending is not None and parcel.metrics:
            lines.append(check_line(parcel, self._prefix, self._most))
        return lines


def metric_line(metric: Metric, *, timestamps: bool = True) -> bytes:
    """One value."""
    moment = f"|T{int(metric.at.timestamp())}" if timestamps else ""
    return f"{_name(metric.name)}:{_number(metric.value)}|{_LETTERS[metric.kind]}{_tags(metric.tags)}{moment}".encode()


def event_line(notice: Notice, host: str, most: int = UDP_BYTES) -> bytes:
    """One event, cut so that it fits into a packet: the agent drops one that was cut by the network."""
    title = _fitting(notice.title, most // 4)
    key = f"|k:{_plain(notice.aggregation_key)}" if notice.aggregation_key else ""
    rest = (
        f"|d:{int(notice.at.timestamp())}|h:{_host(host)}{key}|p:{notice.priority}|t:{notice.alert_type}"
        f"{_tags(_within(notice.tags, most // 4))}"
    ).encode()
    text = _fitting(notice.text, most - len(rest) - len(title) - len(b"_e{0000,0000}:|"))
    return b"_e{%d,%d}:%s|%s%s" % (len(title), len(text), title, text, rest)


def check_line(parcel: Parcel, prefix: str, most: int = UDP_BYTES) -> bytes:
    """A service check: how the newest attempt at this stage, there, went."""
    attempt, ending = parcel.attempt, parcel.ending
    if attempt is None or ending is None:
        raise ValueError("it is about no attempt that has ended")
    status = {Outcome.SUCCEEDED: _OK, Outcome.FAILED: _CRITICAL}.get(ending.outcome, _UNKNOWN)
    tags = [tag("service", attempt.service)]
    tags += [tag("environment", parcel.origin.environment)] if parcel.origin.environment else []
    head = (
        f"_sc|{metric_prefix(prefix)}.{attempt.stage.value}|{status}|d:{int(ending.finished_at.timestamp())}"
        f"|h:{_host(parcel.origin.host)}{_tags(_within(tuple(tags), most // 4))}|m:"
    ).encode()
    return head + _fitting(ending.reason.replace("m:", "m :") or "well", most - len(head))


def _fitting(text: str, room: int) -> bytes:
    """As it goes over the wire, in at most so many bytes: a line feed takes two there."""
    limit = room
    while limit >= _LEAST:
        escaped = _escaped(cut(text, limit))
        if len(escaped) <= room:
            return escaped
        limit -= max(1, (len(escaped) - room) // 2)
    return b""


@lru_cache(maxsize=1024)
def _within(tags: tuple[str, ...], room: int) -> tuple[str, ...]:
    """As many tags as fit; those that come first matter most."""
    kept: list[str] = []
    for item in tags:
        room -= len(item.encode("utf-8", "replace")) + 1
        if room < 0:
            break
        kept.append(item)
    return tuple(kept)


@lru_cache(maxsize=1024)
def _host(host: str) -> str:
    return _plain(cut(host, _LONGEST_HOST))


def _number(value: float) -> str:
    return f"{value:g}" if value == int(value) and abs(value) < 1e6 else repr(float(value))  # noqa: PLR2004 - %g has six digits


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name)


# The same few sets of tags come again and again.
@lru_cache(maxsize=1024)
def _tags(tags: tuple[str, ...]) -> str:
    # Tags were made safe when they were made; commas and bars would end them here.
    return f"|#{','.join(_plain(item) for item in tags)}" if tags else ""


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("|", "_").replace(",", "_").replace("\n", " ")


def _escaped(text: str) -> bytes:
    return text.replace("\r", "").replace("\n", "\\n").encode("utf-8", "replace")
