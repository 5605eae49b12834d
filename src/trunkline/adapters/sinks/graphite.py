"""Graphite: values in carbon's plain text over TCP, and annotations in graphite-web's events.

    PATH;TAG=VALUE;TAG=VALUE NUMBER UNIX          with tags, as from Graphite 1.1 on

Carbon keeps the last value of a path and an interval. It answers nothing: that it read to the end of the connection
before it closed its own side is all that can be known. See https://graphite.readthedocs.io/en/stable/tags.html.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime

from trunkline.adapters.sinks.delivering import Verdict, deliver
from trunkline.adapters.sinks.posting import Poster, server_of
from trunkline.adapters.sinks.sockets import send_lines
from trunkline.adapters.sinks.statsd import path_of
from trunkline.config.sinks import GraphiteSettings
from trunkline.domain.measurements import Metric
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.expressions import expression
from trunkline.ports import Clock, Http
from trunkline.ports.outbox import Delivery

_AT_ONCE = 500
_NOT_IN_NAMES = expression(r"[^A-Za-z0-9_.-]")
# Values may not be empty, begin with a tilde or hold a semicolon; a space would end the path.
_NOT_IN_VALUES = expression(r"[\s;~!^=\x00-\x1f\x7f]")


class Graphite:
    """Implements the port `Sink` for values."""

    name = "graphite"
    one_per_second = True
    at_once = _AT_ONCE
    confirms = False

    def __init__(self, settings: GraphiteSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    @property
    def server(self) -> str:
        """See the port."""
        return self._settings.address

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:  # noqa: ARG002 - carbon takes the past
        """See the port."""
        return deliver(messages, self._send, self._clock, timeout_s, at_once=_AT_ONCE)

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        lines = [line(metric, tags=self._settings.tags) for item in batch for metric in item.parcel.metrics]
        return send_lines(self._settings.address, b"".join(lines), timeout_s)


class GraphiteAnnotations:
    """Implements the port `Sink` for events on graphite-web."""

    name = "graphite-annotations"
    one_per_second = False
    at_once = 20
    confirms = True

    def __init__(self, settings: GraphiteSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        self._url = f"{settings.url.rstrip('/')}/events/"
        self._poster, self._clock = Poster(http, redactor), clock

    @property
    def server(self) -> str:
        """See the port."""
        return server_of(self._url)

    def wants(self, parcel: Parcel) -> bool:
        """See the port. What begins needs no mark on a curve."""
        return bool(parcel.notices) and (parcel.ending is not None or parcel.mark is not None)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:  # noqa: ARG002 - it takes the past
        """See the port."""
        return deliver(messages, self._send, self._clock, timeout_s)

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        notice = batch[0].parcel.notices[0]
        body = {
            "what": notice.title,
            "tags": [_NOT_IN_VALUES.sub("_", item) for item in notice.tags],
            "when": int(notice.at.timestamp()),
            "data": notice.text,
        }
        headers = {"Content-Type": "application/json"}
        return self._poster.post(self._url, headers, json.dumps(body).encode(), timeout_s)


def line(metric: Metric, *, tags: bool) -> bytes:
    """One value, with its line feed."""
    name = _NOT_IN_NAMES.sub("_", metric.name)
    pairs = [item.partition(":") for item in metric.tags]
    path = "".join([name, *(f";{key}={_NOT_IN_VALUES.sub('_', value)}" for key, _, value in pairs if value)])
    shown = path if tags else path_of(metric)
    return f"{shown} {metric.value!r} {int(metric.at.timestamp())}\n".encode("utf-8", "replace")
