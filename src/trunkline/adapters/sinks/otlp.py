"""OpenTelemetry over HTTP with JSON: values as metrics, and events as logs.

Counts are sums of delta temporality, durations gauges; a run that is over is one point of the histogram
`cicd.pipeline.run.duration`. Attributes are the tags, and beside them what the semantic conventions for CI/CD and
deployments call them. Numbers of 64 bits are texts, names are in lowerCamelCase:
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding and
https://opentelemetry.io/docs/specs/semconv/cicd/. A receiver knows no double: what is sent again counts again.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from trunkline import __version__
from trunkline.adapters.sinks.delivering import TAKEN, Meaning, Verdict, deliver
from trunkline.adapters.sinks.posting import Poster, server_of
from trunkline.config.sinks import OtlpSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.measurements import Metric, MetricKind, Notice
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock, Http, Response
from trunkline.ports.outbox import Delivery

RUN_DURATION = "cicd.pipeline.run.duration"
BOUNDS_S = (30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
_AT_ONCE = 100
_DELTA = 1
_SEVERITIES = {"info": (9, "INFO"), "success": (9, "INFO"), "warning": (13, "WARN"), "error": (17, "ERROR")}
_RESULTS = {
    Outcome.SUCCEEDED: "success",
    Outcome.FAILED: "failure",
    Outcome.INTERRUPTED: "cancellation",
}
_TASKS = {Stage.BUILD: "build", Stage.TEST: "test", Stage.DEPLOY: "deploy"}


class _OtlpSink:
    """What metrics and logs have in common."""

    at_once = _AT_ONCE
    confirms = True
    one_per_second = False

    def __init__(
        self, url: str, settings: OtlpSettings, http: Http, clock: Clock, redactor: Redactor
    ) -> None:
        redactor.learn(*settings.headers.values())
        self._url, self._settings = url, settings
        self._poster, self._clock, self._redactor = Poster(http, redactor), clock, redactor

    @property
    def server(self) -> str:
        """See the port."""
        return server_of(self._url)

    def _post(self, body: Mapping[str, Any], timeout_s: float) -> Verdict:
        headers = {
            **self._settings.headers,
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        content = gzip.compress(json.dumps(body).encode(), mtime=0)
        response = self._poster.send(self._url, headers, content, timeout_s)
        verdict = self._poster.judge(response)
        return self._partly(response) if verdict is TAKEN else verdict

    def _partly(self, response: Response) -> Verdict:
        """A receiver may take a request and still reject some of what is in it."""
        try:
            partial = json.loads(response.body or b"{}").get("partialSuccess") or {}
            rejected = int(partial.get("rejectedDataPoints") or partial.get("rejectedLogRecords") or 0)
        except (ValueError, AttributeError, TypeError, RecursionError):
            return TAKEN
        if not rejected:
            return TAKEN
        said = self._poster.quote(str(partial.get("errorMessage", "")))
        return Verdict(Meaning.REJECTED, f"it rejected {rejected} of it{said}")

    def _resource(self, parcel: Parcel) -> dict[str, Any]:
        told = {"service.name": "trunkline", "host.name": parcel.origin.host, **self._settings.resource}
        return {"attributes": attributes(told)}


class OtlpMetrics(_OtlpSink):
    """Implements the port `Sink` for values."""

    name = "otlp-metrics"
    one_per_second = True

    def __init__(self, settings: OtlpSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        super().__init__(settings.metrics_url, settings, http, clock, redactor)

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.metrics)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:  # noqa: ARG002 - receivers take the past
        """See the port."""
        return deliver(messages, self._send, self._clock, timeout_s, at_once=_AT_ONCE)

    def _send(self, batch: Sequence[Message], timeout_s: float) -> Verdict:
        found = [
            {
                "resource": self._resource(item.parcel),
                "scopeMetrics": [{"scope": _SCOPE, "metrics": metrics_of(item.parcel)}],
            }
            for item in batch
        ]
        return self._post({"resourceMetrics": found}, timeout_s)


class OtlpLogs(_OtlpSink):
    """Implements the port `Sink` for events."""

    name = "otlp-logs"

    def __init__(self, settings: OtlpSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        super().__init__(settings.logs_url, settings, http, clock, redactor)

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        return bool(parcel.notices)

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""

        def post(batch: Sequence[Message], left_s: float) -> Verdict:
            found = [
                {
                    "resource": self._resource(item.parcel),
                    "scopeLogs": [
                        {
                            "scope": _SCOPE,
                            "logRecords": [
                                record(item.parcel, notice, now) for notice in item.parcel.notices
                            ],
                        }
                    ],
                }
                for item in batch
            ]
            return self._post({"resourceLogs": found}, left_s)

        return deliver(messages, post, self._clock, timeout_s, at_once=_AT_ONCE)


_SCOPE = {"name": "trunkline", "version": __version__}


def metrics_of(parcel: Parcel) -> list[dict[str, Any]]:
    """What a parcel measures, and the run's duration where it is over."""
    found = [_metric(parcel, metric) for metric in parcel.metrics]
    run, ending = parcel.run, parcel.ending
    if run is not None and ending is not None and parcel.ends_run:
        took_s = max(0.0, (ending.finished_at - run.started_at).total_seconds())
        counts = ["0"] * (len(BOUNDS_S) + 1)
        counts[sum(took_s > bound for bound in BOUNDS_S)] = "1"
        point = {
            "attributes": attributes(_facts(parcel)),
            "startTimeUnixNano": _nanoseconds(run.started_at),
            "timeUnixNano": _nanoseconds(ending.finished_at),
            "count": "1",
            "sum": took_s,
            "bucketCounts": counts,
            "explicitBounds": [float(bound) for bound in BOUNDS_S],
        }
        histogram = {"aggregationTemporality": _DELTA, "dataPoints": [point]}
        found.append({"name": RUN_DURATION, "unit": "s", "histogram": histogram})
    return found


def record(parcel: Parcel, notice: Notice, now: datetime) -> dict[str, Any]:
    """An event as a log record."""
    number, word = _SEVERITIES.get(notice.alert_type, _SEVERITIES["info"])
    facts = {**_pairs(notice.tags), **_facts(parcel), "title": notice.title}
    return {
        "timeUnixNano": _nanoseconds(notice.at),
        "observedTimeUnixNano": _nanoseconds(now),
        "severityNumber": number,
        "severityText": word,
        "eventName": "trunkline.notice",
        "body": {"stringValue": _sound(notice.text)},
        "attributes": attributes(facts),
    }


def attributes(told: Mapping[str, str]) -> list[dict[str, Any]]:
    """Texts by name, as OTLP has them; empty ones are left out."""
    return [
        {"key": _sound(name), "value": {"stringValue": _sound(value)}}
        for name, value in told.items()
        if value
    ]


def _metric(parcel: Parcel, metric: Metric) -> dict[str, Any]:
    began = parcel.attempt.started_at if parcel.attempt else metric.at
    point: dict[str, Any] = {
        "attributes": attributes({**_pairs(metric.tags), **_facts(parcel)}),
        "startTimeUnixNano": _nanoseconds(min(began, metric.at)),
        "timeUnixNano": _nanoseconds(metric.at),
        "asDouble": metric.value,
    }
    if metric.kind is MetricKind.COUNT:
        points = {"aggregationTemporality": _DELTA, "isMonotonic": True, "dataPoints": [point]}
        return {"name": metric.name, "unit": "1", "sum": points}
    return {"name": metric.name, "unit": "s", "gauge": {"dataPoints": [point]}}


def _facts(parcel: Parcel) -> dict[str, str]:
    """What the semantic conventions have words for. No commit and no run's id: each would make a series."""
    attempt, ending = parcel.attempt, parcel.ending
    if attempt is None:
        return {}
    return {
        "cicd.pipeline.name": attempt.service,
        "cicd.pipeline.task.type": _TASKS.get(attempt.stage, ""),
        "cicd.pipeline.result": _RESULTS[ending.outcome] if ending else "",
        "error.type": ending.cause if ending else "",
        "deployment.environment.name": parcel.origin.environment,
    }


def _pairs(tags: Sequence[str]) -> dict[str, str]:
    return {key: value for key, _, value in (item.partition(":") for item in tags)}


def _nanoseconds(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1_000_000) * 1000)


def _sound(text: str) -> str:
    """Protobuf's texts are UTF-8, which has no lone surrogates."""
    return text.encode("utf-8", "replace").decode()
