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

from tests.fakes.telling import COMMIT, DIGEST, Bench, an_attempt, began, ended
from tests.standins.datadog import KEY, DatadogStandin
from tests.standins.faults import BREAK, DROP, HANG, REFUSE_KEY, Fault, limit_rate
from tests.standins.intake import read_event, read_series_v2
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.sinks import datadog_wire
from trunkline.adapters.sinks.datadog import Datadog, DatadogEvents, DatadogMetrics
from trunkline.config.sinks import DatadogSettings
from trunkline.domain.attempts import Kind, Outcome, Stage
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import Clock

BUILD_TAGS = ["role:backend", "image:quay.io/acme/shop"]
RELEASE_TAGS = ["environment:production", "role:backend", "release:shop-prod"]


@pytest.fixture
def standin() -> Iterator[DatadogStandin]:
    with DatadogStandin() as server:
        yield server


def a_bench(url: str, key: str = KEY, clock: Clock | None = None) -> Bench:
    """The two sinks that replace the scripts."""
    settings, clock = DatadogSettings(url=url, api_key=key), clock or SystemClock()
    http, redactor = HttpClient(), Redactor()
    sinks = (DatadogMetrics(settings, http, clock, redactor), DatadogEvents(settings, http, clock, redactor))
    return Bench(*sinks, clock=clock)


def a_check(url: str, key: str = KEY) -> Datadog:
    return Datadog(DatadogSettings(url=url, api_key=key), HttpClient(), SystemClock(), Redactor())


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
    bench = a_bench(standin.url)
    one = an_attempt(stage)
    bench.tell(began(one) if outcome is None else ended(one, Outcome(outcome)))
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
    bench = a_bench(standin.url)
    bench.tell(ended(an_attempt(kind=Kind.ROLLBACK), Outcome.FAILED, "Pod shop-1 crashes on start."))
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
    bench = a_bench(standin.url)
    bench.tell(began(an_attempt()))
    assert standin.wait_for(lambda server: len(server.events) == 1)
    bench.close()


def test_other_stages_are_not_measured(standin: DatadogStandin) -> None:
    """Test and approval stages send nothing."""
    bench = a_bench(standin.url)
    for stage in (Stage.TEST, Stage.APPROVAL):
        one = an_attempt(stage, id=f"a-{stage}")
        bench.tell(began(one), ended(one))
    bench.close()
    assert (standin.requests, bench.warnings) == ([], [])


def test_two_deployments_in_one_second_both_count(standin: DatadogStandin) -> None:
    """Datadog keeps the last value of a second: each deployment has a second, whether or not the first was sent before."""
    bench = a_bench(standin.url)
    began_at = datetime.now(UTC) - timedelta(minutes=10)
    first, *others = (ended(an_attempt(id=f"a{number}", started_at=began_at)) for number in range(3))
    bench.tell(first)
    assert standin.wait_for(lambda server: len(server.metrics) == 2)
    bench.tell(*others)
    bench.close()
    for ending, values in ((".count", [1.0] * 3), ("_time", [42.0] * 3)):
        assert [value for (name, _, _), value in standin.stored.items() if name.endswith(ending)] == values


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
    bench = a_bench(standin.url)
    bench.tell(ended(an_attempt()))
    assert bench.close() < 2.5
    assert bench.warnings == []
    assert len(standin.stored) == 2
    assert len(standin.events) == 1


def test_rate_limit_is_respected(standin: DatadogStandin) -> None:
    """After a 429 nothing is sent to that address before `X-RateLimit-Reset` has passed, even when closing."""
    standin.misbehave(lasting=replace(limit_rate(60), on="/api/v2/series"))
    bench = a_bench(standin.url)
    bench.tell(ended(an_attempt()))
    assert standin.wait_for(lambda server: {"/api/v2/series", "/api/v1/events"} <= paths(server))
    assert bench.close() < 1.0
    assert [seen.status for seen in standin.requests if seen.path == "/api/v2/series"] == [429]
    (warning,) = bench.warnings
    assert warning.startswith(
        f"datadog-metrics at {standin.url[7:]} did not take all measurements (it answered 429)"
    )
    assert bench.left() == (1, 0)


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
        (HANG, "no answer in time"),
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
    bench = a_bench(standin.url if fault else closed_port())
    one = an_attempt()
    bench.tell(began(one), ended(one))
    assert bench.close(1.0) < 1.5
    (warning,) = bench.warnings
    assert said in warning
    assert warning.startswith("datadog-metrics and datadog-events at ")
    assert warning.endswith("the deployment is not affected.")
    assert KEY not in warning
    assert bench.left() == ((0, 3) if said.startswith(("it answered 400", "it answered 404")) else (3, 0))
    bench.close(1.0)
    assert len(bench.warnings) == 1


def test_a_refused_key_is_tried_once(standin: DatadogStandin) -> None:
    """A key that Datadog refuses is not sent again."""
    standin.misbehave(lasting=REFUSE_KEY)
    bench = a_bench(standin.url)
    bench.tell(began(an_attempt()))
    assert standin.wait_for(lambda server: len(server.requests) == 1)
    bench.tell(began(an_attempt(id="a2")))
    bench.close()
    assert len(standin.requests) == 1
    assert bench.left() == (2, 0)


def test_nobody_waits_for_a_datadog_that_hangs(standin: DatadogStandin) -> None:
    """Telling a sink whose Datadog hangs of a hundred events takes no time that a deployment would notice."""
    standin.misbehave(lasting=HANG)
    bench = a_bench(standin.url)
    bench.tell(began(an_attempt()))
    assert standin.wait_for(lambda server: len(server.requests) == 1)
    start = time.monotonic()
    bench.tell(*(began(an_attempt(id=f"b{number}")) for number in range(100)))
    assert time.monotonic() - start < 1.0
    assert bench.close(0.2) < 1.0
    assert "no answer in time" in bench.warnings[0]
    assert bench.left() == (101, 0)


def test_one_broken_address_does_not_keep_back_the_other(standin: DatadogStandin) -> None:
    """When only the events' address is broken, or hangs, the metrics arrive and the warning is about the events."""
    standin.misbehave(lasting=replace(HANG, on="/api/v1/events"))
    bench = a_bench(standin.url)
    bench.tell(ended(an_attempt()))
    bench.close(1.0)
    assert len(standin.metrics) == 2
    assert bench.warnings[0].startswith("datadog-events at ")
    assert bench.left() == (1, 0)


def test_too_large_requests_are_split() -> None:
    """What Datadog finds too large is sent in halves; a single point that is too large is given up."""
    with DatadogStandin(max_bytes=330) as server:
        bench = a_bench(server.url)
        bench.write(*(ended(an_attempt(id=f"a{i}", release=f"release-{i}")) for i in range(8)))
        assert bench.flush()[0].delivered == 8
        assert len(server.stored) == 16
        assert 413 in {seen.status for seen in server.requests}
    with DatadogStandin(max_bytes=10) as server:
        bench = a_bench(server.url)
        bench.tell(ended(an_attempt()))
        bench.close()
        assert "it found the request too large" in bench.warnings[0]


def test_points_too_old_are_not_sent(standin: DatadogStandin) -> None:
    """Points that Datadog would drop in silence (over an hour old) are not sent and are told of."""
    bench = a_bench(standin.url, clock=Later(timedelta(hours=2)))
    bench.tell(ended(an_attempt()))
    bench.close()
    assert (standin.metrics, len(standin.events)) == ([], 1)
    assert "datadog-metrics" in bench.warnings[0]
    assert (
        "never take some measurements (it could not be reached before they were too old" in bench.warnings[0]
    )
    [lost] = bench.ledger.lost()
    assert (len(lost.parcel.metrics), lost.reason[:24]) == (2, "it could not be reached ")


class Later(SystemClock):
    """A clock that is ahead."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return super().now() + self.ahead


@pytest.mark.parametrize("key", ["", "two\nlines", "käse" * 8])
def test_a_key_that_is_none(standin: DatadogStandin, key: str) -> None:
    """A key that cannot be a header is never tried, and told of without showing it."""
    bench = a_bench(standin.url, key)
    bench.tell(began(an_attempt()))
    bench.close()
    (warning,) = bench.warnings
    assert "DD_API_KEY" in warning
    assert not key or key not in warning
    assert standin.requests == []
    with pytest.raises(Unreachable, match="API key is empty or has characters"):
        a_check(standin.url, key).check()


def test_a_command_takes_what_another_one_left(standin: DatadogStandin) -> None:
    """What could not be delivered when a command ended is delivered by the next one, with its own time."""
    standin.misbehave(lasting=BREAK)
    bench = a_bench(standin.url)
    one = an_attempt()
    bench.tell(began(one), ended(one))
    bench.close(0.5)
    standin.misbehave()
    bench.another_command()
    bench.tell(began(an_attempt(id="a2")))
    bench.close()
    assert len(standin.events) == 3
    assert {metric["timestamp"] for metric in standin.metrics} == {int(one.started_at.timestamp() + 42)}
    assert bench.left() == (0, 0)


def test_a_process_that_died_loses_nothing(standin: DatadogStandin) -> None:
    """What was written down, but never sent, because the process ended at once, is sent by whoever comes next."""
    bench = a_bench(standin.url)
    one = an_attempt()
    bench.write(began(one), ended(one))
    reports = bench.flush()
    assert [(report.delivered, report.left) for report in reports] == [(1, False), (2, False)]
    assert (len(standin.metrics), len(standin.events)) == (2, 2)


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
    one = a_check(standin.url + "/")
    assert one.check() == f"Datadog at {standin.url[7:]} accepts the API key."
    standin.misbehave(lasting=fault)
    with pytest.raises(Unreachable, match=said) as caught:
        one.check()
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
    datadog = datadog_wire.DatadogAddress(DatadogSettings(api_key=KEY, site=site, url=url))
    assert datadog.url(datadog_wire.VALIDATE) == address
    assert datadog.headers["DD-API-KEY"] == KEY


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(("service", "release", "environment", "actor", "branch", "image", "run_id"), ANY_TEXT)
    ),
    reason=ANY_TEXT.map(lambda text: text * 30),
    labels=st.builds(Labels, prefix=ANY_TEXT, role=ANY_TEXT, metric_version=ANY_TEXT, event_version=ANY_TEXT),
    secret=ANY_TEXT,
    stage=st.sampled_from([Stage.BUILD, Stage.DEPLOY]),
)
def test_any_text_makes_acceptable_bodies(
    texts: dict[str, str], reason: str, labels: Labels, secret: str, stage: Stage
) -> None:
    """Whatever names, roles, reasons and secrets hold, the bodies are JSON that the strict intake accepts."""
    one = an_attempt(stage, **texts)
    made = measurements(one, ended(one, Outcome.FAILED, reason).ending, labels, redactor_of(secret))
    bodies = (
        datadog_wire.series(("host", metric) for metric in made.metrics),
        datadog_wire.event("", made.notices[0]),
    )
    series, event = (json.loads(gzip.decompress(datadog_wire.packed(body)[1])) for body in bodies)
    assert len(read_series_v2(series, time.time())) == 2
    assert read_event(event, time.time()).fields["title"].endswith("(Failure)")


def redactor_of(secret: str) -> Redactor:
    try:
        return Redactor([secret])
    except UnicodeEncodeError:
        return Redactor()
