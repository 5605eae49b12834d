"""Dashboards for Grafana over Prometheus or Graphite, and alerts for Prometheus, made of what the sinks really send.

The form is that of https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/, which
is imported with a data source chosen; alerts are rules of https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Stage
from trunkline.domain.measurements import Status, metric_name, metric_prefix

_SCHEMA = 39
_WIDTH, _HEIGHT = 12, 8
_GOOD, _BAD = Status.SUCCESS.value, Status.FAILURE.value
_LONG_S = 600


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: `queries` by what the legend calls them."""

    title: str
    queries: Mapping[str, str]
    kind: str = "timeseries"
    unit: str = "short"
    bars: bool = False


def prometheus_dashboard(prefix: str = "trunkline") -> Mapping[str, Any]:
    """Over Prometheus, which scrapes the Pushgateway that totals are pushed to."""
    p = metric_prefix(prefix).replace(".", "_")
    where = 'environment=~"$environment",service=~"$service"'
    released = f"{p}_release_total{{{where}}}"
    failed = f'{p}_release_total{{{where},status="{_BAD}"}}'
    good = f'{p}_release_total{{{where},status="{_GOOD}"}}'
    built = f'{p}_build_total{{service=~"$service"}}'
    panels = (
        Panel("Deployments", {"deployments": f"sum(increase({good}[$__range]))"}, "stat"),
        Panel(
            "Attempts that failed",
            {"share": f"sum(increase({failed}[$__range])) / sum(increase({released}[$__range]))"},
            "stat",
            "percentunit",
        ),
        Panel(
            "Deployments by environment",
            {"{{environment}} {{status}}": f"sum by (environment, status) (increase({released}[1d]))"},
            bars=True,
        ),
        Panel(
            "Deployments that failed, by service",
            {"{{service}} {{environment}}": f"sum by (service, environment) (increase({failed}[1d]))"},
            bars=True,
        ),
        Panel(
            "A deployment takes",
            {
                "{{service}} {{environment}}": f"sum by (service, environment) (increase({p}_release_seconds_total{{{where}}}[1d]))"
                f" / sum by (service, environment) (increase({released}[1d]))"
            },
            unit="s",
        ),
        Panel(
            "The newest deployment took",
            {"{{service}} {{environment}} {{status}}": f"{p}_release_last_seconds{{{where}}}"},
            unit="s",
        ),
        Panel(
            "Since the last good deployment",
            {
                "{{service}} {{environment}}": f'time() - {p}_release_last_timestamp_seconds{{{where},status="{_GOOD}"}}'
            },
            unit="s",
        ),
        Panel("Builds", {"{{status}}": f"sum by (status) (increase({built}[1d]))"}, bars=True),
    )
    variables = [
        _variable(name, {"query": f"label_values({p}_release_total, {name})", "refId": name})
        for name in ("environment", "service")
    ]
    return _dashboard(
        f"Delivery ({prefix})",
        "prometheus",
        "trunkline dashboards grafana-prometheus",
        variables,
        panels,
        "expr",
    )


def graphite_dashboard(prefix: str = "trunkline") -> Mapping[str, Any]:
    """Over Graphite with tags; annotations are the events on graphite-web."""
    count, took = _names(prefix, Stage.DEPLOY)
    built, build_took = _names(prefix, Stage.BUILD)
    only = ("environment=~$environment", "release=~$release")

    def by_day(series: str, *tags: str) -> str:
        named = ", ".join(f"'{tag}'" for tag in tags)
        return f"aliasByTags(groupByTags(summarize({series}, '1d', 'sum'), 'sum', {named}), {named})"

    panels = (
        Panel(
            "Deployments",
            {"": f"summarize(sumSeries({_by_tag(count, *only, f'status={_GOOD}')}), '1y', 'sum')"},
            "stat",
        ),
        Panel(
            "Deployments by environment",
            {"": by_day(_by_tag(count, *only), "environment", "status")},
            bars=True,
        ),
        Panel(
            "Deployments that failed, by release",
            {"": by_day(_by_tag(count, *only, f"status={_BAD}"), "release", "environment")},
            bars=True,
        ),
        Panel(
            "A deployment takes",
            {
                "": f"aliasByTags(groupByTags({_by_tag(took, *only)}, 'average', 'release', 'environment'), 'release', 'environment')"
            },
            unit="s",
        ),
        Panel("Builds", {"": by_day(_by_tag(built), "status")}, bars=True),
        Panel(
            "A build takes",
            {"": f"aliasByTags(groupByTags({_by_tag(build_took)}, 'average', 'image'), 'image')"},
            unit="s",
        ),
    )
    variables = [_variable(name, f"tag_values({name}, name={count})") for name in ("environment", "release")]
    made = _dashboard(
        f"Delivery ({prefix})",
        "graphite",
        "trunkline dashboards grafana-graphite",
        variables,
        panels,
        "target",
    )
    source = {"type": "graphite", "uid": "${source}"}
    told = {
        "name": "Deployments",
        "datasource": source,
        "enable": True,
        "iconColor": "blue",
        "tags": [f"status:{_BAD}"],
    }
    return {**made, "annotations": {"list": [told]}}


def prometheus_alerts(prefix: str = "trunkline") -> Mapping[str, Any]:
    """Examples of alerts: a file of rules."""
    p = metric_prefix(prefix).replace(".", "_")
    place = "{{ $labels.service }} to {{ $labels.environment }}"
    return {
        "groups": [
            {
                "name": f"{prefix}-delivery",
                "rules": [
                    {
                        "alert": "DeploymentFailed",
                        "expr": f'increase({p}_release_total{{status="{_BAD}"}}[15m]) > 0',
                        "labels": {"severity": "warning"},
                        "annotations": {"summary": f"A deployment failed: {place}"},
                    },
                    {
                        "alert": "DeploymentsTakeLong",
                        "expr": f"{p}_release_last_seconds > {_LONG_S}",
                        "labels": {"severity": "info"},
                        "annotations": {"summary": f"Deployments take long: {place}"},
                    },
                ],
            }
        ]
    }


def _names(prefix: str, stage: Stage) -> tuple[str, str]:
    return metric_name(prefix, stage, "count"), metric_name(prefix, stage, "elapsed_time")


def _by_tag(name: str, *conditions: str) -> str:
    told = ", ".join(f"'{item}'" for item in (f"name={name}", *conditions))
    return f"seriesByTag({told})"


def _variable(name: str, query: object) -> Mapping[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": {"uid": "${source}"},
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": False,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _dashboard(
    title: str,
    source: str,
    made_by: str,
    variables: Iterable[Mapping[str, Any]],
    panels: Iterable[Panel],
    query_key: str,
) -> Mapping[str, Any]:
    chosen = {"name": "source", "type": "datasource", "query": source, "label": "Data source"}
    return {
        "title": title,
        "description": f"Made by `{made_by}`.",
        "schemaVersion": _SCHEMA,
        "tags": ["trunkline"],
        "timezone": "utc",
        "time": {"from": "now-30d", "to": "now"},
        "templating": {"list": [chosen, *variables]},
        "panels": [
            _panel(number, panel, {"type": source, "uid": "${source}"}, query_key)
            for number, panel in enumerate(panels)
        ],
    }


def _panel(number: int, panel: Panel, source: Mapping[str, str], query_key: str) -> Mapping[str, Any]:
    custom = {"drawStyle": "bars", "fillOpacity": 80, "stacking": {"mode": "normal"}} if panel.bars else {}
    return {
        "id": number + 1,
        "title": panel.title,
        "type": panel.kind,
        "datasource": source,
        "gridPos": {"x": number % 2 * _WIDTH, "y": number // 2 * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom}, "overrides": []},
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": source,
                query_key: query,
                **({"legendFormat": legend} if legend else {}),
            }
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
    }
