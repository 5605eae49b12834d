"""Datadog's HTTP interface: addresses and bodies. Sends nothing by itself.

Metrics go to `POST /api/v2/series` (or `/api/v1/series`), events to `POST /api/v1/events`, deployments to `POST /api/v2/dora/deployment`,
incidents to `POST /api/v2/dora/failure`, runs and stages to `POST /api/v2/ci/pipeline` (all need the API key alone);
the key is tried with `GET /api/v1/validate`. See https://docs.datadoghq.com/api/latest/ under metrics, events,
dora-metrics, ci-visibility-pipelines and authentication.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable

from trunkline.adapters.sinks.posting import server_of
from trunkline.config.sinks import DatadogSettings
from trunkline.domain.measurements import Metric, MetricKind, Notice

# Older points are not taken: an hour for metrics, 18 hours for events; a little less, as clocks differ.
OLDEST_METRIC_S = 3600 - 60
OLDEST_EVENT_S = 18 * 3600 - 60
SERIES, SERIES_V1, EVENTS = "/api/v2/series", "/api/v1/series", "/api/v1/events"
DEPLOYMENTS, FAILURES, PIPELINES = "/api/v2/dora/deployment", "/api/v2/dora/failure", "/api/v2/ci/pipeline"
VALIDATE = "/api/v1/validate"
BAD_KEY = "the Datadog API key is empty or has characters that no key has"
_KINDS = {MetricKind.COUNT: 1, MetricKind.GAUGE: 3}


class DatadogAddress:
    """Where Datadog is, and the key."""

    def __init__(self, settings: DatadogSettings) -> None:
        self._key = settings.api_key.strip()
        # Datadog opens new sites from time to time, so that one we don't know may well be right.
        self._base = (settings.url.strip() or f"https://api.{settings.site.strip()}").rstrip("/")

    @property
    def server(self) -> str:
        """Host and port, for messages."""
        return server_of(self._base) or self._base

    @property
    def key_is_sendable(self) -> bool:
        """Whether the key can be an HTTP header at all."""
        return bool(self._key) and self._key.isascii() and self._key.isprintable()

    @property
    def headers(self) -> dict[str, str]:
        """What every request has."""
        return {"DD-API-KEY": self._key, "Accept": "application/json"}

    def url(self, path: str) -> str:
        """The address of a path."""
        return self._base + path


def packed(body: object) -> tuple[dict[str, str], bytes]:
    """A body as it is posted, with its headers."""
    content = gzip.compress(json.dumps(body, allow_nan=False).encode(), mtime=0)
    return {"Content-Type": "application/json", "Content-Encoding": "gzip"}, content


def series(metrics: Iterable[tuple[str, Metric]]) -> dict[str, object]:
    """The body that sends metrics, each with its host."""
    return {
        "series": [
            {
                "metric": metric.name,
                "type": _KINDS[metric.kind],
                "points": [{"timestamp": int(metric.at.timestamp()), "value": metric.value}],
                "resources": [{"type": "host", "name": host}],
                "tags": list(metric.tags),
            }
            for host, metric in metrics
        ]
    }


def series_v1(metrics: Iterable[tuple[str, Metric]]) -> dict[str, object]:
    """The same for the older interface."""
    return {
        "series": [
            {
                "metric": metric.name,
                "type": metric.kind.value,
                "points": [[int(metric.at.timestamp()), metric.value]],
                "host": host,
                "tags": list(metric.tags),
            }
            for host, metric in metrics
        ]
    }


def event(host: str, notice: Notice) -> dict[str, object]:
    """The body that sends one event."""
    body: dict[str, object] = {
        "title": notice.title,
        "text": notice.text,
        "alert_type": notice.alert_type,
        "priority": notice.priority,
        "tags": list(notice.tags),
        "date_happened": int(notice.at.timestamp()),
        "host": host,
    }
    if notice.aggregation_key:
        body["aggregation_key"] = notice.aggregation_key
    return body
