"""The vendor's own clients against our stand-in of Datadog's intake: what they send it takes, what it says they know.

Only after this may the stand-in judge our own sink.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datadog
import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.events_api import EventsApi
from datadog_api_client.v1.model.event_create_request import EventCreateRequest
from datadog_api_client.v2.api.metrics_api import MetricsApi
from datadog_api_client.v2.model.metric_content_encoding import MetricContentEncoding

from tests.standins.datadog import KEY, DatadogStandin, main, show
from tests.standins.faults import limit_rate

ROOT = Path(__file__).parents[2]
TAGS = ["environment:qa", "status:success", "role:backend", "release:shop", "version:1"]


@pytest.fixture
def standin() -> Iterator[DatadogStandin]:
    with DatadogStandin() as server:
        yield server


def configuration(standin: DatadogStandin, key: str = KEY) -> Configuration:
    made = Configuration(host=standin.url)
    made.api_key["apiKeyAuth"] = key
    return made


def payload(**changes: Any) -> dict[str, Any]:
    series = {
        "metric": "sentinelsix.release.count",
        "type": 1,
        "points": [{"timestamp": int(time.time()), "value": 1.0}],
        "resources": [{"type": "host", "name": "release.circleci"}],
        "tags": TAGS,
    }
    return {"series": [series | changes]}


@pytest.mark.parametrize("encoding", ["gzip", "deflate", None])
def test_official_client_submits_series(standin: DatadogStandin, encoding: str | None) -> None:
    """What datadog-api-client sends as v2 series, packed or not, is accepted and recorded as sent."""
    options = {} if encoding is None else {"content_encoding": MetricContentEncoding(encoding)}
    with ApiClient(configuration(standin)) as client:
        answer = MetricsApi(client).submit_metrics(payload(), **options)
    assert answer.errors == []
    (metric,) = standin.metrics
    assert (metric["name"], metric["type"], metric["value"]) == ("sentinelsix.release.count", "count", 1.0)
    assert (metric["host"], metric["tags"]) == ("release.circleci", TAGS)


def test_official_client_creates_event(standin: DatadogStandin) -> None:
    """What datadog-api-client sends as an event is accepted, and the answer is one that it can read."""
    event = EventCreateRequest(title="t", text="x", tags=TAGS, alert_type="success", priority="normal")
    with ApiClient(configuration(standin)) as client:
        answer = EventsApi(client).create_event(event)
    assert answer.status == "ok"
    assert answer.event.title == "t"
    assert standin.events[0]["tags"] == TAGS


def test_official_client_validates_key(standin: DatadogStandin) -> None:
    """The right key is valid, another one is the official client's ForbiddenException."""
    with ApiClient(configuration(standin)) as client:
        assert AuthenticationApi(client).validate().valid is True
    with ApiClient(configuration(standin, "wrong")) as client, pytest.raises(ForbiddenException):
        AuthenticationApi(client).validate()


@pytest.mark.parametrize(
    "changes",
    [
        {"points": [{"timestamp": int(time.time()) - 3700, "value": 1.0}]},
        {"points": [{"timestamp": int(time.time()) + 700, "value": 1.0}]},
        {"metric": "1.starts.with.a.digit"},
        {"tags": ["has space:1"]},
        {"points": []},
    ],
)
def test_official_client_hears_of_mistakes(standin: DatadogStandin, changes: dict[str, Any]) -> None:
    """A series that breaks a documented rule gets 400 with `errors`, and nothing of it is recorded."""
    with ApiClient(configuration(standin)) as client, pytest.raises(ApiException) as caught:
        MetricsApi(client).submit_metrics(payload(**changes))
    assert caught.value.status == 400
    assert caught.value.body["errors"]
    assert standin.metrics == []


def test_official_client_waits_as_told(standin: DatadogStandin) -> None:
    """The official client understands our 429: it waits for `X-RateLimit-Reset` and comes again."""
    standin.misbehave(limit_rate(1))
    settings = configuration(standin)
    settings.enable_retry = True
    with ApiClient(settings) as client:
        MetricsApi(client).submit_metrics(payload())
    assert [seen.status for seen in standin.requests] == [429, 202]


@pytest.mark.parametrize("compress", [True, False])
def test_older_client_sends_metric(standin: DatadogStandin, *, compress: bool) -> None:
    """What the older client `datadog` sends as v1 series, as the scripts did, is accepted and recorded alike."""
    datadog.initialize(api_key=KEY, api_host=standin.url, hostname_from_config=False, mute=False)
    answer = datadog.api.Metric.send(
        metric="sentinelsix.build.elapsed_time",
        points=[(time.time(), 12.5)],
        type="gauge",
        host="release.circleci",
        tags=TAGS,
        compress_payload=compress,
    )
    assert answer == {"status": "ok"}
    (metric,) = standin.metrics
    assert (metric["type"], metric["value"], metric["host"]) == ("gauge", 12.5, "release.circleci")


def test_older_client_creates_event(standin: DatadogStandin) -> None:
    """What the older client sends as an event is accepted, and a wrong key is its ApiError."""
    datadog.initialize(api_key=KEY, api_host=standin.url, hostname_from_config=False, mute=False)
    answer = datadog.api.Event.create(title="t", text="x", tags=TAGS, alert_type="error", priority="normal")
    assert answer["status"] == "ok"
    assert standin.events[0]["alert_type"] == "error"
    datadog.initialize(api_key="wrong", api_host=standin.url, hostname_from_config=False, mute=False)
    with pytest.raises(datadog.api.exceptions.ApiError):
        datadog.api.Event.create(title="t", text="x")


def post(standin: DatadogStandin, path: str, raw: bytes, **headers: str) -> int:
    given = {"DD-API-KEY": KEY, "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(standin.url + path, raw, given, method="POST")
    try:
        with urllib.request.urlopen(request) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize(
    ("path", "raw", "headers", "status"),
    [
        ("/api/v2/series", b"{", {}, 400),
        ("/api/v2/series", b'{"series": [NaN]}', {}, 400),
        ("/api/v2/series", b"no gzip", {"Content_Encoding": "gzip"}, 400),
        ("/api/v2/series", gzip.compress(b"{}")[:-9], {"Content_Encoding": "gzip"}, 400),
        ("/api/v2/series", b"{}", {"Content_Encoding": "br"}, 415),
        ("/api/v2/series", b"{}", {"Content_Type": "text/plain"}, 415),
        ("/api/v2/series", b" " * 512_001, {}, 413),
        ("/api/v2/series", gzip.compress(b" " * 5_242_881), {"Content_Encoding": "gzip"}, 413),
        ("/api/v2/series?api_key=" + KEY, b"{}", {}, 400),
        ("/api/v2/series", b"{}", {"DD_API_KEY": "wrong"}, 403),
        ("/api/v2/nothing", b"{}", {}, 404),
        ("/api/v1/validate", b"{}", {}, 405),
    ],
    ids=[
        "no JSON",
        "not a number",
        "not gzip",
        "half a gzip",
        "unknown coding",
        "wrong type",
        "too large",
        "too large unpacked",
        "key in the URL",
        "wrong key",
        "unknown path",
        "wrong method",
    ],
)
def test_refuses_what_no_client_should_send(
    standin: DatadogStandin, path: str, raw: bytes, headers: dict[str, str], status: int
) -> None:
    """Requests that the vendor's clients never make get the documented status and leave no record."""
    assert post(standin, path, raw, **headers) == status
    assert standin.metrics == standin.events == []


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "x" * 4001},
        {"title": ""},
        {"alert_type": "failure"},
        {"priority": "high"},
        {"tags": "a:b"},
        {"date_happened": int(time.time()) - 18 * 3600 - 5},
        {"date_happened": "now"},
        {"aggregation_key": "k" * 101},
        {"timestamp": 1},
    ],
)
def test_refuses_events_that_break_a_rule(standin: DatadogStandin, changes: dict[str, Any]) -> None:
    """Each documented limit of an event is checked."""
    event = {"title": "t", "text": "x", **changes}
    assert post(standin, "/api/v1/events", json.dumps(event).encode()) == 400
    assert standin.events == []


def test_record_is_for_people_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is accepted is appended to the record file as JSON lines, which `--show` prints as a table."""
    record = tmp_path / "sent.jsonl"
    with DatadogStandin(record=record) as server, ApiClient(configuration(server)) as client:
        MetricsApi(client).submit_metrics(payload())
        EventsApi(client).create_event(EventCreateRequest(title="Shop (Success)", text="x"))
    lines = record.read_text().splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["metric", "event"]
    main(["--show", str(record)])
    assert capsys.readouterr().out == show(lines) + "\n"
    assert "sentinelsix.release.count 1 (count)" in show(lines)
    assert "Shop (Success)" in show(lines)


def test_serves_as_a_program_of_its_own(tmp_path: Path) -> None:
    """`python -m tests.standins.datadog` prints its URL first, records, and ends silently when it is told to."""
    record = tmp_path / "sent.jsonl"
    argv = [sys.executable, "-m", "tests.standins.datadog", "--key", "another", "--record", str(record)]
    with subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        assert program.stdout
        settings = Configuration(host=program.stdout.readline().strip())
        settings.api_key["apiKeyAuth"] = "another"
        with ApiClient(settings) as client:
            MetricsApi(client).submit_metrics(payload())
        program.terminate()
        assert program.stdout.read() == ""
    assert program.returncode == 0
    assert len(record.read_text().splitlines()) == 1
