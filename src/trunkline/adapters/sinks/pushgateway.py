"""Prometheus' Pushgateway: totals, as the ledger has them, for each service and environment.

A gateway does not add, and Prometheus reads a counter's growth: so what is pushed is how many there have ever been,
counted anew each time. That is right however often it is pushed, and by whomever, as long as all write to one ledger.
A push replaces the group with the same labels (PUT); see https://github.com/prometheus/pushgateway#api and
https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from urllib.parse import quote

from trunkline.adapters.sinks.delivering import Meaning, Verdict, deliver
from trunkline.adapters.sinks.posting import Poster, server_of
from trunkline.config.sinks import PushgatewaySettings
from trunkline.domain.measurements import Labels, metric_prefix
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.domain.totals import Family, Tally, totals
from trunkline.ports import Clock, Http
from trunkline.ports.outbox import Delivery

JOB = "trunkline"
_AT_ONCE = 200
_TYPE = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
Tallies = Callable[[str, str], tuple[Tally, ...]]
"""How many attempts a service has had in an environment, by stage and outcome."""


class Pushgateway:
    """Implements the port `Sink`."""

    name = "pushgateway"
    one_per_second = False
    at_once = _AT_ONCE
    confirms = True

    def __init__(
        self,
        settings: PushgatewaySettings,
        http: Http,
        clock: Clock,
        redactor: Redactor,
        tallies: Tallies,
        labels: Labels,
    ) -> None:
        redactor.learn_login(settings.username, settings.password)
        self._base = settings.url.rstrip("/")
        self._poster, self._clock = Poster(http, redactor), clock
        self._tallies, self._labels = tallies, labels
        self._headers = dict(_TYPE)
        if settings.username:
            login = f"{settings.username}:{settings.password}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(login).decode()}"

    @property
    def server(self) -> str:
        """See the port."""
        return server_of(self._base)

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:  # noqa: ARG002 - totals are never too old
        """See the port. Messages of one group make one push."""
        groups: dict[tuple[str, str], list[Message]] = {}
        for item in messages:
            groups.setdefault(_group(item.parcel), []).append(item)
        firsts = [members[0] for members in groups.values()]
        delivery = deliver(firsts, self._send, self._clock, timeout_s)
        of = {item.id: [other.id for other in groups[_group(item.parcel)]] for item in firsts}
        return Delivery(
            frozenset(other for item in delivery.taken for other in of[item]),
            {other: reason for item, reason in delivery.hopeless.items() for other in of[item]},
            delivery.trouble,
            delivery.reason,
            delivery.wait_s,
        )

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        parcel = batch[0].parcel
        if parcel.attempt is None:
            labels, lines = [("instance", "test")], [_test_line(parcel, self._labels.prefix)]
        else:
            service, environment = _group(parcel)
            tag = parcel.origin.environment or environment
            labels = [("service", service), *([("environment", tag)] if environment else [])]
            lines = list(exposition(totals(self._tallies(service, environment), self._labels)))
        url = f"{self._base}/metrics/job/{JOB}{''.join(_label(*pair) for pair in labels)}"
        body = "".join(f"{line}\n" for line in lines).encode()
        verdict = self._poster.post(url, self._headers, body, timeout_s, "PUT")
        if verdict.meaning is Meaning.REFUSED:
            return Verdict(Meaning.REFUSED, f"it refuses the login, {verdict.cause}")
        return verdict


def exposition(families: Iterable[Family]) -> Iterable[str]:
    """Lines of Prometheus' text format for families: name, type, and values by their labels."""
    for name, kind, values in families:
        yield f"# TYPE {name} {kind}"
        for labels, value in values:
            yield f"{name}{labels} {value!r}"


def _group(parcel: Parcel) -> tuple[str, str]:
    return (parcel.attempt.service, parcel.attempt.environment) if parcel.attempt else ("", "")


def _test_line(parcel: Parcel, prefix: str) -> str:
    return f"{metric_prefix(prefix).replace('.', '_')}_sinks_test_timestamp_seconds {parcel.at.timestamp()!r}"


def _label(name: str, value: str) -> str:
    if not value or "/" in value:
        packed = base64.urlsafe_b64encode(value.encode("utf-8", "replace")).decode().rstrip("=") or "="
        return f"/{name}@base64/{packed}"
    return f"/{name}/{quote(value.encode('utf-8', 'replace'), safe='')}"
