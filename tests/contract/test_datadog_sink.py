"""Our sink against the stand-in that the vendor's clients have approved: what it sends, and how it gives up."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.standins.datadog import KEY, DatadogStandin
from tests.standins.faults import BREAK, DROP, HANG, REFUSE_KEY, Fault, limit_rate
from tests.standins.intake import read_event, read_series_v2
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.datadog import DatadogSink
from trunkline.adapters.datadog.wire import Api
from trunkline.adapters.http import HttpClient
from trunkline.config.project import MeasureSettings
from trunkline.domain.attempts import Attempt, Ending, Kind, Outcome, Stage
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.events import Event, Failed, Finished, Noted, Paused, Started
from trunkline.ports import Clock

COMMIT = "3f2a1bc" + "0" * 33
DIGEST = "sha256:" + "a" * 64
IMAGE = "quay.io/acme/shop:3f2a1bc"
SETTINGS = MeasureSettings(
    prefix="sentinelsix",
    host="release.circleci",
    role="backend",
    metric_version="1",
    event_version="2",
    api_key=KEY,
)
BUILD_TAGS = ["role:backend", "image:quay.io/acme/shop"]
RELEASE_TAGS = ["environment:production", "role:backend", "release:shop-prod"]


@pytest.fixture
def standin() -> Iterator[DatadogStandin]:
    with DatadogStandin() as server:
        yield server


class Bench:
    """A sink and what it warned of."""

    def __init__(self, url: str, key: str = KEY, clock: Clock | None = None) -> None:
        self.warnings: list[str] = []
        self.sink = DatadogSink(
            replace(SETTINGS, url=url, api_key=key),
            HttpClient(),
            clock or SystemClock(),
            Redactor(),
            self.warnings.append,
            environments={"prod": "production"},
            link="https://ci.example/job/7",
        )

    def tell(self, *events: Event) -> None:
        for event in events:
            self.sink.on_event(event)

    def close(self, deadline_s: float = 2.0) -> float:
        began = time.monotonic()
        self.sink.close(deadline_s)
        return time.monotonic() - began


def attempt(stage: Stage = Stage.DEPLOY, **changes: object) -> Attempt:
    made = Attempt(
        id="a1",
        run_id="run-1",
        service="shop",
        stage=stage,
        commit=COMMIT,
        actor="ana",
        started_at=datetime.now(UTC) - timedelta(seconds=42),
        environment="prod" if stage is Stage.DEPLOY else "",
        branch="main",
        image=IMAGE,
        release="shop-prod" if stage is Stage.DEPLOY else "",
    )
    return replace(made, **changes)  # type: ignore[arg-type] # the test names fields of Attempt


def ended(of: Attempt, outcome: Outcome = Outcome.SUCCEEDED, reason: str = "") -> Finished | Failed:
    at = of.started_at + timedelta(seconds=42)
    ending = Ending(of.id, at, outcome, reason=reason, digest=DIGEST, revision=8)
    kind = Finished if outcome is Outcome.SUCCEEDED else Failed
    return kind(at, of, ending)


def started(of: Attempt) -> Started:
    return Started(of.started_at, of)


@pytest.mark.parametrize(
    ("stage", "outcome", "metric", "tags", "title", "alert_type"),
    [
        (Stage.BUILD, None, "build", BUILD_TAGS, "Build Tag: 3f2a1bc Build: shop (Info)", "info"),
        (
            Stage.BUILD,
            "succeeded",
            "build",
            BUILD_TAGS,
            "Build Tag: 3f2a1bc Build: shop (Success)",
            "success",
        ),
        (Stage.BUILD, "failed", "build", BUILD_TAGS, "Build Tag: 3f2a1bc Build: shop (Failure)", "error"),
        (
            Stage.DEPLOY,
            None,
            "release",
            RELEASE_TAGS,
            "Release Tag: 3f2a1bc Release: shop-prod (Info)",
            "info",
        ),
        (
            Stage.DEPLOY,
            "succeeded",
            "release",
            RELEASE_TAGS,
            "Release Tag: 3f2a1bc Release: shop-prod (Success)",
            "success",
        ),
        (
            Stage.DEPLOY,
            "failed",
            "release",
            RELEASE_TAGS,
            "Release Tag: 3f2a1bc Release: shop-prod (Failure)",
            "error",
        ),
        (
            Stage.DEPLOY,
            "interrupted",
            "release",
            RELEASE_TAGS,
            "Release Tag: 3f2a1bc Release: shop-prod (Failure)",
            "error",
        ),
    ],
)
def test_parity_with_the_scripts(
    standin: DatadogStandin,
    stage: Stage,
    outcome: str | None,
    metric: str,
    tags: list[str],
    title: str,
    alert_type: str,
) -> None:
    """Names, types, tags, host, titles and alert types are the scripts', for info, success and (truly) failure."""
    status = {None: "info", "succeeded": "success"}.get(outcome, "failure")
    bench = Bench(standin.url)
    one = attempt(stage)
    bench.tell(started(one) if outcome is None else ended(one, Outcome(outcome)))
    bench.close()
    assert bench.warnings == []
    (event,) = standin.events
    assert (event["title"], event["alert_type"], event["priority"]) == (
        f"Sentinelsix {title}",
        alert_type,
        "normal",
    )
    assert set(event["tags"]) == {*tags, f"status:{status}", "version:2"}
    sent = [(m["name"], m["type"], m["value"], m["host"]) for m in standin.metrics]
    if outcome is None:
        assert sent == []
    else:
        assert sent == [
            (f"sentinelsix.{metric}.count", "count", 1.0, "release.circleci"),
            (f"sentinelsix.{metric}.elapsed_time", "gauge", 42.0, "release.circleci"),
        ]
        assert all(set(m["tags"]) == {*tags, f"status:{status}", "version:1"} for m in standin.metrics)


def test_events_tell_who_what_and_where_to_look(standin: DatadogStandin) -> None:
    """The event of a failed rollback says who, what, why, which image and run, and links the CI job."""
    bench = Bench(standin.url)
    bench.tell(ended(attempt(kind=Kind.ROLLBACK), Outcome.FAILED, "Pod shop-1 crashes on start."))
    bench.close()
    (event,) = standin.events
    for expected in (
        "Rollback",
        "ana",
        "42s",
        "Pod shop-1 crashes on start.",
        DIGEST,
        COMMIT,
        "run-1",
        "https://ci.example/job/7",
    ):
        assert expected in event["text"]
    assert event["aggregation_key"] == "run-1"
    assert abs(event["date_happened"] - time.time()) < 30


def test_sends_while_the_deployment_goes_on(standin: DatadogStandin) -> None:
    """An event reaches Datadog before anybody closes the sink."""
    bench = Bench(standin.url)
    bench.tell(started(attempt()))
    assert standin.wait_for(lambda server: len(server.events) == 1)
    bench.close()


def test_other_events_and_stages_are_not_measured(standin: DatadogStandin) -> None:
    """Test and approval stages, notes and pauses send nothing."""
    bench = Bench(standin.url)
    now = datetime.now(UTC)
    for stage in (Stage.TEST, Stage.APPROVAL):
        bench.tell(started(attempt(stage)), ended(attempt(stage)))
    bench.tell(Noted(now, attempt(), "waiting"), Paused(now, attempt(), "waiting"))
    bench.close()
    assert (standin.requests, bench.warnings) == ([], [])


def test_two_deployments_in_one_second_both_count(standin: DatadogStandin) -> None:
    """Datadog keeps the last value of a second: it is the sum, whether or not the first one was sent before."""
    bench = Bench(standin.url)
    end = ended(attempt())
    bench.tell(end)
    assert standin.wait_for(lambda server: len(server.metrics) == 2)
    bench.tell(end, end)
    bench.close()
    counts = [value for (name, _, _), value in standin.stored.items() if name.endswith(".count")]
    assert counts == [3.0]
    assert [value for (name, _, _), value in standin.stored.items() if name.endswith("_time")] == [42.0]


@pytest.mark.parametrize(
    "faults",
    [
        (DROP,),
        (Fault(500), Fault(503)),
        (Fault(408),),
        (limit_rate(0), limit_rate(1)),
    ],
    ids=["dropped", "5xx", "408", "429"],
)
def test_passing_trouble_is_tried_again(standin: DatadogStandin, faults: tuple[Fault, ...]) -> None:
    """After trouble that passes everything has arrived once, and nobody is bothered."""
    standin.misbehave(*faults)
    bench = Bench(standin.url)
    bench.tell(ended(attempt()))
    assert bench.close() < 2.5
    assert bench.warnings == []
    assert len(standin.stored) == 2
    assert len(standin.events) == 1


def test_rate_limit_is_respected(standin: DatadogStandin) -> None:
    """After a 429 nothing is sent to that address before `X-RateLimit-Reset` has passed, even when closing."""
    standin.misbehave(lasting=replace(limit_rate(60), on="/api/v2/series"))
    bench = Bench(standin.url)
    bench.tell(ended(attempt()))
    assert standin.wait_for(lambda server: {"/api/v2/series", "/api/v1/events"} <= paths(server))
    assert bench.close() < 1.0
    assert [seen.status for seen in standin.requests if seen.path == "/api/v2/series"] == [429]
    (warning,) = bench.warnings
    assert "2 metrics (it answered 429)" in warning


def paths(server: DatadogStandin) -> set[str]:
    return {seen.path for seen in list(server.requests)}


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "the connection was refused"),
        (REFUSE_KEY, "refuses the API key"),
        (Fault(401), "DD_API_KEY and DD_SITE"),
        (HANG, "2 metrics and 2 events"),
        (DROP, "the connection broke off"),
        (BREAK, "it answered 500"),
        (limit_rate(60), "it answered 429"),
        (limit_rate(0), "it answered 429"),
        (Fault(400), "it answered 400 (Bad Request)"),
        (Fault(404), "it answered 404"),
    ],
    ids=["down", "403", "401", "hangs", "drops", "500", "429", "429 at once", "400", "404"],
)
def test_lasting_trouble_costs_one_sentence(standin: DatadogStandin, fault: Fault | None, said: str) -> None:
    """Whatever Datadog does: nothing is raised, close keeps its deadline and warns once, without the key."""
    standin.misbehave(lasting=fault)
    bench = Bench(standin.url if fault else closed_port())
    bench.tell(started(attempt()), ended(attempt()))
    assert bench.close(1.0) < 1.5
    (warning,) = bench.warnings
    assert said in warning
    assert "2 metrics and 2 events" in warning
    assert warning.endswith("the deployment is not affected.")
    assert KEY not in warning
    bench.close(1.0)
    assert len(bench.warnings) == 1


def test_a_refused_key_is_tried_once(standin: DatadogStandin) -> None:
    """A key that Datadog refuses is not sent again."""
    standin.misbehave(lasting=REFUSE_KEY)
    bench = Bench(standin.url)
    bench.tell(started(attempt()))
    assert standin.wait_for(lambda server: len(server.requests) == 1)
    bench.tell(ended(attempt()))
    bench.close()
    assert len(standin.requests) == 1


def test_nobody_waits_for_a_datadog_that_hangs(standin: DatadogStandin) -> None:
    """Telling a sink whose Datadog hangs of a hundred events takes no time that a deployment would notice."""
    standin.misbehave(lasting=HANG)
    bench = Bench(standin.url)
    one = attempt()
    bench.tell(started(one))
    assert standin.wait_for(lambda server: len(server.requests) == 1)
    began = time.monotonic()
    bench.tell(*[started(one)] * 100)
    assert time.monotonic() - began < 1.0
    assert bench.close(0.2) < 1.0
    assert "101 events" in bench.warnings[0]


def test_one_broken_address_does_not_keep_back_the_other(standin: DatadogStandin) -> None:
    """When only the events' address is broken, or hangs, the metrics arrive and the warning is about the events."""
    standin.misbehave(lasting=replace(HANG, on="/api/v1/events"))
    bench = Bench(standin.url)
    bench.tell(ended(attempt()))
    bench.close(1.0)
    assert len(standin.metrics) == 2
    assert "1 event " in bench.warnings[0]
    assert "metric" not in bench.warnings[0]


def test_too_large_requests_are_split() -> None:
    """What Datadog finds too large is sent in halves; a single point that is too large is given up."""
    with DatadogStandin(max_bytes=260) as server:
        bench = Bench(server.url)
        bench.tell(*(ended(attempt(release=f"release-{i}")) for i in range(8)))
        bench.close()
        assert len(server.stored) == 16
        assert 413 in {seen.status for seen in server.requests}
    with DatadogStandin(max_bytes=10) as server:
        bench = Bench(server.url)
        bench.tell(ended(attempt()))
        bench.close()
        assert "it found the request too large" in bench.warnings[0]


def test_points_too_old_are_not_sent(standin: DatadogStandin) -> None:
    """Points that Datadog would drop in silence (over an hour old) are not sent and are told of."""
    bench = Bench(standin.url, clock=Later(timedelta(hours=2)))
    bench.tell(ended(attempt()))
    bench.close()
    assert (standin.metrics, len(standin.events)) == ([], 1)
    assert "2 metrics (it could not be reached before they were too old for it)" in bench.warnings[0]


class Later(SystemClock):
    """A clock that is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("key", ["", "two\nlines", "käse" * 8])
def test_a_key_that_is_none(standin: DatadogStandin, key: str) -> None:
    """A key that cannot be a header is never tried, and told of without showing it."""
    bench = Bench(standin.url, key)
    bench.tell(started(attempt()))
    bench.close()
    (warning,) = bench.warnings
    assert "DD_API_KEY" in warning
    assert not key or key not in warning
    assert standin.requests == []
    with pytest.raises(Unreachable, match="API key is empty or has characters"):
        bench.sink.check()


def test_a_fault_of_ours_stops_nothing(standin: DatadogStandin) -> None:
    """An event that cannot be measured at all is told of in the end and raises nothing."""
    bench = Bench(standin.url)
    broken = attempt(started_at=datetime(2019, 1, 8))  # noqa: DTZ001 - a moment without zone is the fault
    bench.tell(Finished(datetime.now(UTC), broken, ended(attempt()).ending))
    bench.close()
    (warning,) = bench.warnings
    assert "a fault of Trunkline, TypeError" in warning


@pytest.mark.parametrize(
    ("fault", "said", "mend"),
    [
        (REFUSE_KEY, "refuses the API key", "DD_SITE"),
        (BREAK, "it answered 500", "later"),
        (DROP, "the connection broke off", "DD_URL"),
    ],
)
def test_check_says_what_is_wrong(standin: DatadogStandin, fault: Fault, said: str, mend: str) -> None:
    """`check` praises a Datadog that accepts the key, else raises what is wrong and how to mend it."""
    bench = Bench(standin.url + "/")
    assert bench.sink.check() == f"Datadog at {standin.url[7:]} accepts the API key."
    standin.misbehave(lasting=fault)
    with pytest.raises(Unreachable, match=said) as caught:
        bench.sink.check()
    assert mend in caught.value.hint
    assert KEY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("site", "url", "address"),
    [
        ("datadoghq.com", "", "https://api.datadoghq.com/api/v1/validate"),
        ("new-site.example", "", "https://api.new-site.example/api/v1/validate"),
        ("datadoghq.eu", "http://127.0.0.1:8126/dd/", "http://127.0.0.1:8126/dd/api/v1/validate"),
    ],
)
def test_address_follows_site_and_url(site: str, url: str, address: str) -> None:
    """DD_SITE names the host, known to us or not; DD_URL replaces it."""
    request = Api(replace(SETTINGS, site=site, url=url), Redactor()).validate(1.0)
    assert request.url == address
    assert request.headers["DD-API-KEY"] == KEY


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(("service", "release", "environment", "actor", "branch", "image", "run_id"), ANY_TEXT)
    ),
    reason=ANY_TEXT.map(lambda text: text * 30),
    settings=st.builds(
        MeasureSettings,
        prefix=ANY_TEXT,
        role=ANY_TEXT,
        metric_version=ANY_TEXT,
        event_version=ANY_TEXT,
        api_key=st.just(KEY),
    ),
    secret=ANY_TEXT,
    stage=st.sampled_from([Stage.BUILD, Stage.DEPLOY]),
)
def test_any_text_makes_acceptable_bodies(
    texts: dict[str, str], reason: str, settings: MeasureSettings, secret: str, stage: Stage
) -> None:
    """Whatever names, roles, reasons and secrets hold, the bodies are JSON that the strict intake accepts."""
    api = Api(settings, Redactor())
    labels = Labels(settings.prefix, settings.role, settings.metric_version, settings.event_version)
    one = attempt(stage, **texts)
    made = measurements(one, ended(one, Outcome.FAILED, reason).ending, labels, redactor_of(secret))
    packed = api.series(made.metrics, 1.0).body, *(api.event(notice, 1.0).body for notice in made.notices)
    series, event = (json.loads(gzip.decompress(body or b"").decode()) for body in packed)
    assert len(read_series_v2(series, time.time())) == 2
    assert read_event(event, time.time()).fields["title"].endswith("(Failure)")


def redactor_of(secret: str) -> Redactor:
    try:
        return Redactor([secret])
    except UnicodeEncodeError:
        return Redactor()
