"""Datadog over HTTP: metrics, events, deployments and pipelines, each a sink of its own with its own health.

Datadog keeps the last value for a metric, its tags and a second, so that sending a point again does no harm.
Deployments and pipelines have ids, which makes them safe to repeat, too; an event has none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from trunkline.adapters.sinks import datadog_wire as wire
from trunkline.adapters.sinks.datadog_pipelines import page_of, pipeline
from trunkline.adapters.sinks.delivering import (
    Meaning,
    Verdict,
    along_with,
    deliver,
    fresh,
)
from trunkline.adapters.sinks.posting import Poster
from trunkline.config.sinks import DatadogSettings
from trunkline.domain.attempts import Stage
from trunkline.domain.delivery.marks import Says
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.expressions import expression
from trunkline.ports import Clock, Http
from trunkline.ports.outbox import Delivery, Trouble

_SERIES_AT_ONCE = 50
_EVENTS_AT_ONCE = 20
_OLDEST_DEPLOYMENT_S = 90 * 86_400.0
_CHECK_TIMEOUT_S = 5.0
_NOT_IN_IDS = expression(r"[^A-Za-z0-9_.:-]")
_Body = Callable[[Sequence[Message]], object]


class _DatadogSink:
    """What the four have in common."""

    one_per_second = False
    at_once = _EVENTS_AT_ONCE
    confirms = True

    def __init__(self, settings: DatadogSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        self._settings = settings
        self._datadog = Datadog(settings, http, clock, redactor)

    @property
    def server(self) -> str:
        """See the port `Sink`."""
        return self._datadog.server


class DatadogMetrics(_DatadogSink):
    """Implements the port `Sink` for metrics."""

    name = "datadog-metrics"
    one_per_second = True
    at_once = _SERIES_AT_ONCE * 4

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, wire.OLDEST_METRIC_S)
        old = self._settings.series == "v1"
        path, write = (wire.SERIES_V1, wire.series_v1) if old else (wire.SERIES, wire.series)

        def body(batch: Sequence[Message]) -> object:
            return write(
                (item.parcel.origin.host, metric) for item in batch for metric in item.parcel.metrics
            )

        return along_with(self._datadog.deliver(kept, path, body, timeout_s, at_once=_SERIES_AT_ONCE), stale)


class DatadogEvents(_DatadogSink):
    """Implements the port `Sink` for events."""

    name = "datadog-events"

    def wants(self, parcel: Parcel) -> bool:
        """See the port. Nothing has more than one notice."""
        return bool(parcel.notices)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, wire.OLDEST_EVENT_S)
        return along_with(self._datadog.deliver(kept, wire.EVENTS, _event, timeout_s), stale)


class DatadogDora(_DatadogSink):
    """Implements the port `Sink` for what came to stand, and for incidents that people open and close."""

    name = "datadog-dora"

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        if parcel.mark is not None:
            return parcel.mark.says in {Says.OPENED, Says.CLOSED}
        return parcel.deployment is not None

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, _OLDEST_DEPLOYMENT_S)
        deployments = [item for item in kept if item.parcel.mark is None]
        first = self._datadog.deliver(deployments, wire.DEPLOYMENTS, _deployment, timeout_s)
        if first.trouble is not Trouble.NONE:
            return along_with(first, stale)
        incidents = [item for item in kept if item.parcel.mark is not None]
        second = self._datadog.deliver(incidents, wire.FAILURES, _failure, timeout_s)
        whole = Delivery(
            first.taken | second.taken, second.hopeless, second.trouble, second.reason, second.wait_s
        )
        return along_with(whole, first.hopeless | stale)


class DatadogPipelines(_DatadogSink):
    """Implements the port `Sink` for runs and their stages."""

    name = "datadog-ci"

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return parcel.ending is not None and bool(page_of(parcel))

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        kept, stale = fresh(messages, now, wire.OLDEST_EVENT_S)
        return along_with(
            self._datadog.deliver(kept, wire.PIPELINES, lambda batch: pipeline(batch[0].parcel), timeout_s),
            stale,
        )


class Datadog:
    """What the sinks share: the address, the key, and what Datadog's answers mean."""

    def __init__(self, settings: DatadogSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        redactor.learn(settings.api_key.strip())
        self._address = wire.DatadogAddress(settings)
        self._poster = Poster(http, redactor)
        self._clock = clock

    @property
    def server(self) -> str:
        """Host and port."""
        return self._address.server

    def deliver(
        self,
        messages: Sequence[Message],
        path: str,
        body: _Body,
        timeout_s: float,
        *,
        at_once: int = 1,
    ) -> Delivery:
        """Post messages to a path."""
        if not self._address.key_is_sendable:
            return Delivery(trouble=Trouble.REFUSED, reason=f"{wire.BAD_KEY}: check DD_API_KEY")

        def send(batch: Sequence[Message], left_s: float) -> Verdict:
            headers, content = wire.packed(body(batch))
            verdict = self._poster.post(
                self._address.url(path), self._address.headers | headers, content, left_s
            )
            if verdict.meaning is Meaning.REFUSED:
                return Verdict(
                    Meaning.REFUSED, f"it refuses the API key, {verdict.cause}: check DD_API_KEY and DD_SITE"
                )
            return verdict

        return deliver(messages, send, self._clock, timeout_s, at_once=at_once)

    def check(self) -> str:
        """One sentence on how Datadog answered, for `check --online`.

        Raises:
            Unreachable: it does not answer, or does not accept the key.
        """
        mend = (
            "Set DD_API_KEY to a valid key of your organisation, and DD_SITE (or DD_URL) to where it lives."
        )
        if not self._address.key_is_sendable:
            raise Unreachable(f"{wire.BAD_KEY[0].upper()}{wire.BAD_KEY[1:]}.", mend)
        try:
            response = self._poster.send(
                self._address.url(wire.VALIDATE), self._address.headers, None, _CHECK_TIMEOUT_S, "GET"
            )
        except Unreachable as error:
            raise Unreachable(
                f"Datadog does not answer: {error.message}",
                "Check DD_SITE (or DD_URL), the network and any proxy, then run the command again.",
            ) from error
        verdict = self._poster.judge(response)
        if verdict.meaning is Meaning.TAKEN:
            return f"Datadog at {self.server} accepts the API key."
        if verdict.meaning is Meaning.REFUSED:
            raise Unreachable(f"Datadog at {self.server} refuses the API key.", mend)
        raise Unreachable(
            f"Datadog at {self.server} did not check the API key: {verdict.cause}.",
            "Check DD_SITE (or DD_URL), or try again later.",
        )


def _event(batch: Sequence[Message]) -> object:
    return wire.event(batch[0].parcel.origin.host, batch[0].parcel.notices[0])


def _deployment(batch: Sequence[Message]) -> object:
    """https://docs.datadoghq.com/api/latest/dora-metrics/#send-a-deployment-event; the id makes it safe to repeat."""
    parcel = batch[0].parcel
    deployment, attempt = parcel.deployment, parcel.attempt
    if deployment is None or attempt is None or attempt.stage is not Stage.DEPLOY:
        raise ValueError("it is about no deployment")
    git = {"commit_sha": deployment.commit, "repository_url": parcel.origin.repository_url}
    attributes = {
        "id": _id(deployment.id),
        "service": deployment.service,
        "env": parcel.origin.environment or deployment.environment,
        "version": deployment.commit[:12],
        "started_at": _nanoseconds(attempt.started_at),
        "finished_at": _nanoseconds(deployment.deployed_at),
        "git": git if parcel.origin.repository_url else None,
        "team": parcel.origin.team,
        "custom_tags": [f"kind:{deployment.kind.value}", f"release:{deployment.release}"],
    }
    return {"data": {"attributes": {name: value for name, value in attributes.items() if value}}}


def _failure(batch: Sequence[Message]) -> object:
    """An incident; sent again with its end, it is closed."""
    parcel = batch[0].parcel
    mark = parcel.mark
    if mark is None:
        raise ValueError("it is about no incident")
    closed = mark.says is Says.CLOSED
    attributes = {
        "id": _id(mark.subject),
        "services": [mark.service] if mark.service else None,
        "env": parcel.origin.environment or mark.environment,
        "name": mark.title,
        "team": parcel.origin.team,
        "started_at": _nanoseconds(parcel.since or mark.at),
        "finished_at": _nanoseconds(mark.at) if closed else None,
    }
    return {"data": {"attributes": {name: value for name, value in attributes.items() if value}}}


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


def _id(text: str) -> str:
    """An id as Datadog wants it, the same each time: 16 to 128 letters, digits and a few signs."""
    return _NOT_IN_IDS.sub("_", text)[:128].rjust(16, "_")
