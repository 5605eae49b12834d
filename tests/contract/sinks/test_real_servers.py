"""A pipeline's measurements go to the real servers and are read back: the right values, at the right second, tagged."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from dev.measuring import Graphite, Pushgateway, Statsd, TestAgent, VictoriaMetrics
from dev.ready import wait
from tests.fakes.ledger import FakeLedger
from tests.fakes.telling import LABELS, Bench, an_attempt, began, ended, send
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.sinks.datadog import DatadogMetrics
from trunkline.adapters.sinks.graphite import Graphite as GraphiteSink
from trunkline.adapters.sinks.graphite import GraphiteAnnotations
from trunkline.adapters.sinks.otlp import OtlpLogs, OtlpMetrics
from trunkline.adapters.sinks.pushgateway import Pushgateway as PushgatewaySink
from trunkline.adapters.sinks.statsd import Statsd as StatsdSink
from trunkline.config.sinks import (
    DatadogSettings,
    GraphiteSettings,
    OtlpSettings,
    PushgatewaySettings,
    StatsdSettings,
)
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.grafana import graphite_dashboard, prometheus_alerts, prometheus_dashboard
from trunkline.domain.parcels import Parcel
from trunkline.domain.redaction import Redactor

CLOCK = SystemClock()
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


@pytest.fixture
def release() -> str:
    """A name that only this test has, so that all may share a server."""
    return f"shop-{uuid.uuid4().hex[:8]}"


def pipeline(release: str) -> list[Parcel]:
    """A build, two deployments of the same release that end in one second, and one that fails."""
    one = an_attempt(started_at=BEGAN, release=release, service=release)
    build = replace(one, id="b1", stage=Stage.BUILD, environment="", image=f"quay.io/acme/{release}:1")
    return [
        began(build),
        ended(build, seconds=30.5),
        began(replace(one, id="d1")),
        ended(replace(one, id="d1"), seconds=42),
        ended(replace(one, id="d2"), seconds=42),
        ended(replace(one, id="d3"), Outcome.FAILED, "Pod shop-1 crashes on start.", seconds=50),
    ]


def second(seconds: float) -> int:
    return int(BEGAN.timestamp() + seconds)


def test_victoria_metrics_as_datadog(victoria: VictoriaMetrics, release: str) -> None:
    """Datadog's older interface: each value is there once, under its second, with its tags and host."""
    settings = DatadogSettings(api_key="any", url=f"{victoria.url}/datadog", series="v1")
    send(DatadogMetrics(settings, HttpClient(), CLOCK, Redactor()), pipeline(release))
    found = {
        item["metric"]["status"]: item
        for item in victoria.series(f'{{__name__="sentinelsix.release.count",release="{release}"}}')
    }
    assert found["success"]["metric"] == {
        "__name__": "sentinelsix.release.count",
        "environment": "production",
        "host": "release.circleci",
        "release": release,
        "role": "backend",
        "status": "success",
        "version": "1",
    }
    assert found["success"]["values"] == [1, 1]
    assert found["success"]["timestamps"] == [second(42) * 1000, second(43) * 1000]
    assert (found["failure"]["values"], found["failure"]["timestamps"]) == ([1], [second(50) * 1000])
    [built] = victoria.series(f'{{__name__="sentinelsix.build.elapsed_time",image="quay.io/acme/{release}"}}')
    assert built["values"] == [30.5]


def test_victoria_metrics_as_graphite(victoria: VictoriaMetrics, release: str) -> None:
    """Graphite's lines with tags."""
    sink = GraphiteSink(GraphiteSettings(f"127.0.0.1:{victoria.graphite_port}"), CLOCK)
    send(sink, pipeline(release))
    wait(
        lambda: len(victoria.series(f'{{release="{release}"}}')) == 4,
        seconds=15,
        failure=lambda: str(victoria.series(f'{{release="{release}"}}')),
    )
    [found] = victoria.series(
        f'{{__name__="sentinelsix.release.elapsed_time",status="success",release="{release}"}}'
    )
    assert found["values"] == [42, 42]
    assert found["timestamps"] == [second(42) * 1000, second(43) * 1000]


def test_graphite(graphite: Graphite, release: str) -> None:
    """Carbon takes the values, and graphite-web finds them by their tags."""
    send(GraphiteSink(GraphiteSettings(f"127.0.0.1:{graphite.port}"), CLOCK), pipeline(release))
    target = f"seriesByTag('name=sentinelsix.release.count','release={release}')"
    wait(lambda: len(graphite.render(target)) == 2, seconds=30, failure=lambda: str(graphite.render(target)))
    found = {item["tags"]["status"]: item for item in graphite.render(target)}
    assert found["success"]["datapoints"] == [[1.0, second(42)], [1.0, second(43)]]
    assert found["failure"]["datapoints"] == [[1.0, second(50)]]
    tags = found["success"]["tags"]
    assert (tags["environment"], tags["role"], tags["version"]) == ("production", "backend", "1")


def test_graphite_without_tags(graphite: Graphite, release: str) -> None:
    """Where Graphite has no tags, their values are parts of the path."""
    send(GraphiteSink(GraphiteSettings(f"127.0.0.1:{graphite.port}", tags=False), CLOCK), pipeline(release))
    target = f"sentinelsix.release.production.*.backend.{release}.count"
    wait(lambda: len(graphite.render(target)) == 2, seconds=30, failure=lambda: str(graphite.render(target)))
    found = {item["target"].split(".")[3]: item["datapoints"] for item in graphite.render(target)}
    assert found == {
        "success": [[1.0, second(42)], [1.0, second(43)]],
        "failure": [[1.0, second(50)]],
    }


def test_graphite_annotations(graphite: Graphite, release: str) -> None:
    """Each end is an event with the time, the tags and the text that a person needs."""
    settings = GraphiteSettings(url=graphite.url)
    send(GraphiteAnnotations(settings, HttpClient(), CLOCK, Redactor()), pipeline(release))
    found = graphite.annotations(f"release:{release}")
    assert sorted((item["when"], item["what"][-9:]) for item in found) == [
        (second(42), "(Success)"),
        (second(42), "(Success)"),
        (second(50), "(Failure)"),
    ]
    assert "Pod shop-1 crashes on start." in max(found, key=lambda item: item["when"])["data"]


def test_statsd(statsd: Statsd, release: str) -> None:
    """The original server counts both deployments and times all three."""
    sink = StatsdSink(StatsdSettings(f"127.0.0.1:{statsd.port}"), CLOCK)
    send(sink, pipeline(release))
    path = f"sentinelsix.release.production.success.backend.{release}"
    counted = f"'{path}.count': 2"
    wait(lambda: counted in statsd.printed(), seconds=15, failure=statsd.printed)
    wait(
        lambda: f"'{path}.elapsed_time': [ 42000, 42000 ]" in statsd.printed(),
        seconds=5,
        failure=statsd.printed,
    )
    assert "Bad line" not in statsd.printed()


def test_pushgateway(pushgateway: Pushgateway, release: str) -> None:
    """Prometheus reads totals that are the ledger's, however often they are pushed."""
    ledger = FakeLedger()
    sink = PushgatewaySink(
        PushgatewaySettings(pushgateway.url), HttpClient(), CLOCK, Redactor(), ledger.tallies, LABELS
    )
    bench = Bench(sink, ledger=ledger)
    for parcel in pipeline(release):
        bench.tell(parcel)
    bench.close(5.0)
    assert (bench.warnings, bench.left()) == ([], (0, 0))
    query = f'sentinelsix_release_total{{service="{release}",environment="production"}}'
    wait(
        lambda: len(pushgateway.query(query)) == 2, seconds=15, failure=lambda: str(pushgateway.query(query))
    )
    found = {item["metric"]["status"]: item for item in pushgateway.query(query)}
    assert {status: item["value"][1] for status, item in found.items()} == {"success": "2", "failure": "1"}
    assert (found["success"]["metric"]["job"], found["success"]["metric"]["role"]) == ("trunkline", "backend")
    [built] = pushgateway.query(f'sentinelsix_build_last_seconds{{service="{release}"}}')
    assert (built["value"][1], "environment" in built["metric"]) == ("30.5", False)
    [newest] = pushgateway.query(
        f'sentinelsix_release_last_timestamp_seconds{{service="{release}",status="failure"}}'
    )
    assert float(newest["value"][1]) == second(50)


def test_pushgateway_names_that_a_path_cannot_hold(pushgateway: Pushgateway, release: str) -> None:
    """Slashes, quotes and other alphabets in names arrive as they are."""
    ledger = FakeLedger()
    sink = PushgatewaySink(
        PushgatewaySettings(pushgateway.url), HttpClient(), CLOCK, Redactor(), ledger.tallies, LABELS
    )
    service = f'käse/"{release}"\\ %2F'
    one = ended(an_attempt(service=service))
    bench = Bench(sink, ledger=ledger)
    bench.write(replace(one, origin=replace(one.origin, environment="a/b")))
    assert bench.flush()[0].delivered == 1
    query = f'sentinelsix_release_total{{environment="a/b",service=~".*{release}.*"}}'
    wait(
        lambda: len(pushgateway.query(query)) == 1, seconds=15, failure=lambda: str(pushgateway.query(query))
    )
    assert pushgateway.query(query)[0]["metric"]["service"] == service


def test_otlp(agent: TestAgent, release: str) -> None:
    """A receiver of OpenTelemetry gets sums, gauges, the run's duration and logs, with the conventions' words."""
    settings = OtlpSettings(
        f"{agent.otlp_url}/v1/metrics", f"{agent.otlp_url}/v1/logs", resource={"team": "a"}
    )
    given = (settings, HttpClient(), CLOCK, Redactor())
    bench = Bench(OtlpMetrics(*given), OtlpLogs(*given))
    bench.tell(*pipeline(release))
    bench.close(5.0)
    assert (bench.warnings, bench.left()) == ([], (0, 0))
    requests = [ParseDict(request, ExportMetricsServiceRequest()) for request in agent.received("metrics")]
    resources = [resource for request in requests for resource in request.resource_metrics]
    metrics = [metric for item in resources for scope in item.scope_metrics for metric in scope.metrics]
    points: dict[str, list[Any]] = {}
    for metric in metrics:
        for point in getattr(metric, metric.WhichOneof("data")).data_points:
            if facts(point.attributes).get("cicd.pipeline.name") == release:
                points.setdefault(metric.name, []).append(point)
    counts = sorted(points["sentinelsix.release.count"], key=lambda point: point.time_unix_nano)
    assert [point.as_double for point in counts] == [1.0, 1.0, 1.0]
    assert [point.time_unix_nano // 10**9 for point in counts] == [second(42), second(43), second(50)]
    [failed] = [point for point in counts if facts(point.attributes)["status"] == "failure"]
    told = facts(failed.attributes)
    assert told["cicd.pipeline.result"] == "failure"
    assert told["error.type"] == "crash-loop"
    assert told["deployment.environment.name"] == "production"
    assert [point.as_double for point in points["sentinelsix.build.elapsed_time"]] == [30.5]
    runs = sorted((point.count, point.sum) for point in points["cicd.pipeline.run.duration"])
    assert runs == [(1, 42.0), (1, 42.0), (1, 50.0)]
    assert {metric.sum.aggregation_temporality for metric in metrics if metric.HasField("sum")} == {1}
    assert facts(resources[-1].resource.attributes) == {
        "service.name": "trunkline", "host.name": "release.circleci", "team": "a",
    }  # fmt: skip
    logs = [
        record
        for request in agent.received("logs")
        for resource in ParseDict(request, ExportLogsServiceRequest()).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
        if facts(record.attributes).get("cicd.pipeline.name") == release
    ]
    # The agent lists what it received newest first.
    logs.sort(key=lambda record: record.time_unix_nano)
    assert [record.severity_text for record in logs] == ["INFO"] * 5 + ["ERROR"]
    assert "Pod shop-1 crashes on start." in logs[-1].body.string_value


def facts(attributes: Iterable[Any]) -> dict[str, str]:
    return {item.key: item.value.string_value for item in attributes}


def panels(dashboard: Mapping[str, Any], key: str) -> dict[str, str]:
    """The queries of a dashboard by title, with everything chosen."""
    found = {}
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            query = target[key].replace("$__range", "5m").replace("[1d]", "[5m]")
            for name in ("environment", "release", "service"):
                query = query.replace(f"${name}", ".*")
            found[panel["title"]] = query
    return found


def test_grafana_over_prometheus(pushgateway: Pushgateway, release: str) -> None:
    """Every picture of the dashboard shows something, once there were two pushes; the alerts are rules, and one fires."""
    ledger = FakeLedger()
    sink = PushgatewaySink(
        PushgatewaySettings(pushgateway.url), HttpClient(), CLOCK, Redactor(), ledger.tallies, LABELS
    )
    bench = Bench(sink, ledger=ledger)
    bench.write(*pipeline(release))
    bench.flush()
    seen = f'sentinelsix_release_total{{service="{release}"}}'
    wait(lambda: len(pushgateway.query(seen)) == 2, seconds=15, failure=lambda: str(pushgateway.query(seen)))
    one = an_attempt(id="later", started_at=BEGAN, release=release, service=release)
    bench.write(
        ended(replace(one, id="d8")),
        ended(replace(one, id="d9"), Outcome.FAILED, seconds=700),
        ended(replace(one, id="b2", stage=Stage.BUILD, environment="")),
    )
    bench.flush()
    grown = f'increase(sentinelsix_release_total{{service="{release}"}}[5m]) > 0'
    wait(
        lambda: len(pushgateway.query(grown)) == 2, seconds=30, failure=lambda: str(pushgateway.query(grown))
    )
    for title, query in panels(prometheus_dashboard("sentinelsix"), "expr").items():
        assert pushgateway.query(query), title
    rules = prometheus_alerts("sentinelsix")
    pushgateway.check_rules(json.dumps(rules))
    for rule in rules["groups"][0]["rules"]:
        assert pushgateway.query(rule["expr"]), rule["alert"]


def test_grafana_over_graphite(graphite: Graphite, release: str) -> None:
    """Every picture of the dashboard shows something."""
    send(GraphiteSink(GraphiteSettings(f"127.0.0.1:{graphite.port}"), CLOCK), pipeline(release))
    target = f"seriesByTag('name=sentinelsix.release.count','release={release}')"
    wait(lambda: len(graphite.render(target)) == 2, seconds=30, failure=lambda: str(graphite.render(target)))
    for title, query in panels(graphite_dashboard("sentinelsix"), "target").items():
        assert [item for item in graphite.render(query) if item["datapoints"]], title
