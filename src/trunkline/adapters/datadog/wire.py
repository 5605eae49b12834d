"""Datadog's HTTP interface: addresses, bodies, and what its answers mean. Sends nothing by itself.

Metrics go to `POST /api/v2/series`, events to `POST /api/v1/events` (both need the API key alone), the key is
tried with `GET /api/v1/validate`; see https://docs.datadoghq.com/api/latest/metrics/#submit-metrics,
https://docs.datadoghq.com/api/latest/events/#post-an-event and
https://docs.datadoghq.com/api/latest/authentication/.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urlsplit

from trunkline.config.project import MeasureSettings
from trunkline.dataclass import dataclass
from trunkline.domain.measurements import Metric, MetricKind, Notice
from trunkline.domain.redaction import Redactor
from trunkline.ports import Request, Response

# Older points are not taken: an hour for metrics, 18 hours for events; a little less, as clocks differ.
OLDEST_METRIC_S = 3600 - 60
OLDEST_EVENT_S = 18 * 3600 - 60
_KINDS = {MetricKind.COUNT: 1, MetricKind.GAUGE: 3}
_AGAIN = frozenset({408, 429})
_REFUSED = frozenset({401, 403})
_TOO_LARGE = 413
_RATE_LIMITED = 429
_SERVER_FAULT = 500


class Meaning(Enum):
    """What an answer means for what was sent."""

    TAKEN = "taken"
    AGAIN = "try it again later"
    SPLIT = "send less at once"
    KEY_REFUSED = "the key is not valid here"
    REJECTED = "it will never be taken"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a request.

    Attributes:
        cause: a few words for a person, without secrets; empty when it was taken.
        wait_s: how long Datadog asks to wait; None when it does not say.
    """

    meaning: Meaning
    cause: str = ""
    wait_s: float | None = None


class Api:
    """Makes the requests and reads the answers, for one address and key."""

    def __init__(self, settings: MeasureSettings, redactor: Redactor) -> None:
        self._host = settings.host
        self._redactor = redactor
        self._key = settings.api_key.strip()
        # Datadog opens new sites from time to time, so that one we don't know may well be right.
        self._base = (settings.url.strip() or f"https://api.{settings.site.strip()}").rstrip("/")

    @property
    def server(self) -> str:
        """Host and port, for messages."""
        return urlsplit(self._base).netloc.rpartition("@")[2] or self._base

    @property
    def key_is_sendable(self) -> bool:
        """Whether the key can be an HTTP header at all."""
        return bool(self._key) and self._key.isascii() and self._key.isprintable()

    def series(self, metrics: Sequence[Metric], timeout_s: float) -> Request:
        """The request that sends `metrics`."""
        return self._post(
            "/api/v2/series", {"series": [self._series(metric) for metric in metrics]}, timeout_s
        )

    def event(self, notice: Notice, timeout_s: float) -> Request:
        """The request that sends one event."""
        body = {
            "title": notice.title,
            "text": notice.text,
            "alert_type": notice.alert_type,
            "priority": notice.priority,
            "tags": list(notice.tags),
            "date_happened": int(notice.at.timestamp()),
            "host": self._host,
        }
        if notice.aggregation_key:
            body["aggregation_key"] = notice.aggregation_key
        return self._post("/api/v1/events", body, timeout_s)

    def validate(self, timeout_s: float) -> Request:
        """The request that asks whether the key is valid."""
        return Request("GET", f"{self._base}/api/v1/validate", self._headers(), timeout_s=timeout_s)

    def judge(self, response: Response) -> Verdict:
        """What `response` means for the request that it answers."""
        status = response.status
        said = _errors(response)
        if 200 <= status < 300:  # noqa: PLR2004 - the class of HTTP's successes
            return Verdict(Meaning.REJECTED, self._quote(said)) if said else Verdict(Meaning.TAKEN)
        if status in _REFUSED:
            return Verdict(Meaning.KEY_REFUSED, f"it answered {status}")
        if status in _AGAIN or status >= _SERVER_FAULT:
            return Verdict(Meaning.AGAIN, f"it answered {status}", _reset_s(response))
        if status == _TOO_LARGE:
            return Verdict(Meaning.SPLIT, "it found the request too large")
        return Verdict(Meaning.REJECTED, f"it answered {status}{self._quote(said)}")

    def _quote(self, errors: list[str]) -> str:
        text = " ".join(self._redactor.text("; ".join(errors)).split())
        return f" ({text[:200]})" if text else ""

    def _series(self, metric: Metric) -> dict[str, object]:
        return {
            "metric": metric.name,
            "type": _KINDS[metric.kind],
            "points": [{"timestamp": int(metric.at.timestamp()), "value": metric.value}],
            "resources": [{"type": "host", "name": self._host}],
            "tags": list(metric.tags),
        }

    def _post(self, path: str, body: object, timeout_s: float) -> Request:
        packed = gzip.compress(json.dumps(body, allow_nan=False).encode(), mtime=0)
        headers = self._headers() | {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        return Request("POST", self._base + path, headers, packed, timeout_s)

    def _headers(self) -> dict[str, str]:
        return {"DD-API-KEY": self._key, "Accept": "application/json"}


def _errors(response: Response) -> list[str]:
    try:
        answer = json.loads(response.body)
    except ValueError:
        return []
    errors = answer.get("errors") if isinstance(answer, dict) else None
    return [str(error) for error in errors] if isinstance(errors, list) else []


def _reset_s(response: Response) -> float | None:
    if response.status != _RATE_LIMITED:
        return None
    try:
        seconds = float(response.headers.get("x-ratelimit-reset", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
