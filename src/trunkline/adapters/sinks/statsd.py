"""StatsD over UDP: counters and timers, by name alone or with tags as DogStatsD writes them.

The server files what comes under the moment of its arrival, so that nothing late is sent; it knows no double, and what a
process sent before it died, without a note of it, counts twice. See https://github.com/statsd/statsd/blob/master/docs/metric_types.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trunkline.adapters.sinks.delivering import Verdict, along_with, deliver, fresh
from trunkline.adapters.sinks.sockets import UDP_BYTES, packets, send_datagrams
from trunkline.config.sinks import StatsdSettings
from trunkline.domain.measurements import Metric, MetricKind
from trunkline.domain.parcels import Message, Parcel
from trunkline.expressions import expression
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery

# Late by more than this, a value would stand where nothing happened.
_OLDEST_S = 900.0
_AT_ONCE = 200
_NOT_IN_PARTS = expression(r"[^A-Za-z0-9_-]")
_NOT_IN_NAMES = expression(r"[^A-Za-z0-9_.-]")


class Statsd:
    """Implements the port `Sink`."""

    name = "statsd"
    one_per_second = False
    at_once = _AT_ONCE
    confirms = False

    def __init__(self, settings: StatsdSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    @property
    def server(self) -> str:
        """See the port."""
        return self._settings.address

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, _OLDEST_S)
        delivery = deliver(kept, self._send, self._clock, timeout_s, at_once=_AT_ONCE)
        return along_with(delivery, stale)

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        lines = [line(metric, tags=self._settings.tags) for item in batch for metric in item.parcel.metrics]
        return send_datagrams(self._settings.address, list(packets(lines, UDP_BYTES)), timeout_s)


def line(metric: Metric, *, tags: bool) -> bytes:
    """One value: a counter, or seconds as a timer in milliseconds, so that the server works out percentiles."""
    value = f"{metric.value:g}|c" if metric.kind is MetricKind.COUNT else f"{round(metric.value * 1000)}|ms"
    if tags:
        told = ",".join(item.replace("|", "_").replace(",", "_") for item in metric.tags)
        return f"{metric.name}:{value}{f'|#{told}' if told else ''}".encode("utf-8", "replace")
    return f"{path_of(metric)}:{value}".encode()


def path_of(metric: Metric) -> str:
    """Name and values of the tags as one path: `acme.release.prod.success.shop.count` for `acme.release.count`.

    Only what tells series apart is in it: the version, which is the same for all, is not.
    """
    base, _, last = metric.name.rpartition(".")
    pairs = (item.partition(":") for item in metric.tags)
    values = [_NOT_IN_PARTS.sub("_", value) for key, _, value in pairs if value and key != "version"]
    return ".".join(filter(None, (_NOT_IN_NAMES.sub("_", base), *values, last)))
