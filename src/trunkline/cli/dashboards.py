"""`trunkline dashboards`: what to import where measurements are looked at."""

from __future__ import annotations

import os

import click

from trunkline.cli.output import write_json

_prefix = click.option(
    "--prefix",
    default=lambda: os.environ.get("TRUNKLINE_METRIC_PREFIX", "") or "trunkline",
    help="The first part of the metrics' names (default: TRUNKLINE_METRIC_PREFIX, or trunkline).",
)


@click.group(short_help="Print dashboards and alerts to import.")
def command() -> None:
    """Print dashboards and alerts, made of the names and tags by which measurements are sent."""


@command.command("datadog", short_help="A dashboard for Datadog.")
@_prefix
def datadog(prefix: str) -> None:
    """Print a dashboard as JSON: import it in Datadog, or send it to its API."""
    from trunkline.domain.dashboards import datadog_dashboard

    write_json(datadog_dashboard(prefix))


@command.command("datadog-monitors", short_help="Examples of alerts for Datadog.")
@_prefix
def monitors(prefix: str) -> None:
    """Print a list of monitors as JSON, each as Datadog's API takes it."""
    from trunkline.domain.dashboards import datadog_monitors

    write_json(datadog_monitors(prefix))


@command.command("grafana-prometheus", short_help="A dashboard for Grafana over Prometheus.")
@_prefix
def grafana_prometheus(prefix: str) -> None:
    """Print a dashboard as JSON: import it in Grafana, where Prometheus scrapes the Pushgateway."""
    from trunkline.domain.grafana import prometheus_dashboard

    write_json(prometheus_dashboard(prefix))


@command.command("grafana-graphite", short_help="A dashboard for Grafana over Graphite.")
@_prefix
def grafana_graphite(prefix: str) -> None:
    """Print a dashboard as JSON: import it in Grafana, where Graphite has tags."""
    from trunkline.domain.grafana import graphite_dashboard

    write_json(graphite_dashboard(prefix))


@command.command("prometheus-alerts", short_help="Examples of alerts for Prometheus.")
@_prefix
def prometheus_alert_rules(prefix: str) -> None:
    """Print a file of alerting rules, in JSON, which is YAML, too."""
    from trunkline.domain.grafana import prometheus_alerts

    write_json(prometheus_alerts(prefix))
