"""Dashboards and alerts, made of the very names and tags by which measurements are sent: they cannot drift apart.

Datadog's forms are those of https://docs.datadoghq.com/api/latest/dashboards/#create-a-new-dashboard and
https://docs.datadoghq.com/api/latest/monitors/#create-a-monitor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.domain.attempts import Stage
from trunkline.domain.measurements import Status, metric_name

Widget = dict[str, Any]
_RELEASES = "{$environment,$release,$role}"
_BUILDS = "{$role}"


def datadog_dashboard(prefix: str = "trunkline") -> Mapping[str, Any]:
    """A dashboard to import (`POST /api/v1/dashboard`), for metrics of that prefix."""
    released, took = _pair(prefix, Stage.DEPLOY)
    built, build_took = _pair(prefix, Stage.BUILD)
    failed = f"status:{Status.FAILURE.value}"
    return {
        "title": f"Delivery ({prefix})",
        "description": "Made by `trunkline dashboards datadog`.",
        "layout_type": "ordered",
        "template_variables": [
            {"name": name, "prefix": name, "available_values": [], "defaults": ["*"]}
            for name in ("environment", "release", "role")
        ],
        "widgets": [
            _value("Deployments", {"q": _count(released, f"status:{Status.SUCCESS.value}", _RELEASES)}, "q"),
            _value(
                "Attempts that failed",
                {"bad": _count(released, failed, _RELEASES), "all": _count(released, "", _RELEASES)},
                "bad / all * 100",
                unit="%",
            ),
            _series(
                "Deployments by environment",
                _count(released, "", _RELEASES, ("environment", "status")),
                "bars",
            ),
            _series(
                "Deployments that failed, by release",
                _count(released, failed, _RELEASES, ("release", "environment")),
                "bars",
            ),
            _series("A deployment takes (s)", f"avg:{took}{_RELEASES} by {{release,environment}}", "line"),
            _top("Longest deployments (s)", f"max:{took}{_RELEASES} by {{release,environment}}"),
            _series("Builds", _count(built, "", _BUILDS, ("status",)), "bars"),
            _series("A build takes (s)", f"avg:{build_took}{_BUILDS} by {{image}}", "line"),
            {
                "definition": {
                    "type": "event_stream",
                    "title": "What happened",
                    "query": "tags:($environment AND $release)",
                    "event_size": "s",
                }
            },
        ],
    }


def datadog_monitors(prefix: str = "trunkline") -> list[Mapping[str, Any]]:
    """Examples of alerts (`POST /api/v1/monitor`, one each)."""
    released, took = _pair(prefix, Stage.DEPLOY)
    failed, per = f"status:{Status.FAILURE.value}", "{release,environment}"
    return [
        {
            "name": "A deployment failed: {{release.name}} to {{environment.name}}",
            "type": "query alert",
            "query": f"sum(last_15m):sum:{released}{{{failed}}} by {per}.as_count() > 0",
            "message": "The event beside it says why, what was undone, and what to do next.",
            "tags": [f"made_by:{prefix}"],
            "options": {"thresholds": {"critical": 0}, "notify_no_data": False, "include_tags": True},
        },
        {
            "name": "Deployments take long: {{release.name}} to {{environment.name}}",
            "type": "query alert",
            "query": f"avg(last_1d):avg:{took}{{*}} by {per} > 600",
            "message": "The rollout takes longer than ten minutes: look at probes, and at what it waits for.",
            "tags": [f"made_by:{prefix}"],
            "options": {"thresholds": {"critical": 600}, "notify_no_data": False, "include_tags": True},
        },
    ]


def _pair(prefix: str, stage: Stage) -> tuple[str, str]:
    return metric_name(prefix, stage, "count"), metric_name(prefix, stage, "elapsed_time")


def _count(metric: str, only: str, scope: str, by: tuple[str, ...] = ()) -> str:
    narrowed = f"{{{only},{scope[1:]}" if only else scope
    grouped = f" by {{{','.join(by)}}}" if by else ""
    return f"sum:{metric}{narrowed}{grouped}.as_count()"


def _queries(queries: Mapping[str, str], *, scalar: bool) -> list[dict[str, Any]]:
    summed = {"aggregator": "sum"} if scalar else {}
    return [
        {"data_source": "metrics", "name": name, "query": query, **summed} for name, query in queries.items()
    ]


def _value(title: str, queries: Mapping[str, str], formula: str, unit: str = "") -> Widget:
    custom = {"custom_unit": unit} if unit else {}
    request = {
        "response_format": "scalar",
        "queries": _queries(queries, scalar=True),
        "formulas": [{"formula": formula}],
    }
    return {
        "definition": {
            "type": "query_value",
            "title": title,
            "autoscale": not unit,
            "precision": 1 if unit else 0,
            **custom,
            "requests": [request],
        }
    }


def _series(title: str, query: str, display: str) -> Widget:
    request = {
        "response_format": "timeseries",
        "queries": _queries({"q": query}, scalar=False),
        "formulas": [{"formula": "q"}],
        "display_type": display,
    }
    return {"definition": {"type": "timeseries", "title": title, "show_legend": True, "requests": [request]}}


def _top(title: str, query: str) -> Widget:
    queries = [{**item, "aggregator": "max"} for item in _queries({"q": query}, scalar=True)]
    request = {
        "response_format": "scalar",
        "queries": queries,
        "formulas": [{"formula": "q"}],
        "sort": {"count": 10, "order_by": [{"type": "formula", "index": 0, "order": "desc"}]},
    }
    return {"definition": {"type": "toplist", "title": title, "requests": [request]}}
