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
