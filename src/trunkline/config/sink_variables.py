"""The environment variables that say where measurements go: those that each ecosystem has already, and ours.

They win over the file. Datadog's agent is used without being configured in the file only where there is no key for
the HTTP intake: machines have DD_AGENT_HOST for many reasons, and what goes both ways counts twice. OpenTelemetry's
variables count only where they mean HTTP with JSON (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from trunkline.config import rules
from trunkline.config.project import MeasureSettings
from trunkline.config.rules import Rule
from trunkline.config.sinks import (
    DogStatsdSettings,
    GraphiteSettings,
    NotifySettings,
    OtlpSettings,
    SinkSettings,
    StatsdSettings,
    WebhookSettings,
)
from trunkline.config.variables import KEY, SWITCH, Variable, is_on

METRIC_PREFIX = Variable(
    "TRUNKLINE_METRIC_PREFIX",
    "the first part of every metric's name",
    required=False,
    rule=rules.METRIC_PREFIX,
)
SITE = Variable("DD_SITE", "the Datadog site, datadoghq.com when not set", required=False, rule=rules.SITE)
URL = Variable(
    "DD_URL", "the address of Datadog's intake, for proxies and tests", required=False, rule=rules.URL
)
_SECRET = Rule("a secret without spaces and line breaks", r"[!-~]{1,512}")
_PAIRS = Rule("key=value pairs joined by commas", r"[^\x00-\x1f\x7f]+")

# What overrides the `measure` section of a file.
MEASURE_VARIABLES = (
    METRIC_PREFIX,
    Variable(
        "DD_API_KEY", "the key that Datadog takes measurements with", required=False, secret=True, rule=KEY
    ),
    Variable("DD_ENABLED", "false sends nothing to Datadog", required=False, rule=SWITCH),
    SITE,
    URL,
    Variable(
        "DD_DOGSTATSD_URL",
        "the socket of Datadog's agent: udp://host:port or unix:///path",
        required=False,
        rule=rules.DOGSTATSD,
    ),
    Variable(
        "DD_AGENT_HOST",
        "the host of Datadog's agent, where no socket is named",
        required=False,
        rule=rules.SITE,
    ),
    Variable("DD_DOGSTATSD_PORT", "its port, 8125 when not set", required=False, rule=rules.PORT),
    Variable("STATSD_HOST", "the host of a StatsD server", required=False, rule=rules.SITE),
    Variable("STATSD_PORT", "its port, 8125 when not set", required=False, rule=rules.PORT),
    Variable("GRAPHITE_HOST", "the host of Graphite's carbon", required=False, rule=rules.SITE),
    Variable("GRAPHITE_PORT", "its port for plain text, 2003 when not set", required=False, rule=rules.PORT),
    Variable("PUSHGATEWAY_URL", "the address of a Prometheus Pushgateway", required=False, rule=rules.URL),
    Variable(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "an OpenTelemetry receiver over HTTP", required=False, rule=rules.URL
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "the whole address for metrics, where it is another one",
        required=False,
        rule=rules.URL,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "the whole address for logs, where it is another one",
        required=False,
        rule=rules.URL,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_HEADERS",
        "headers for that receiver: key=value pairs joined by commas",
        required=False,
        secret=True,
        rule=_PAIRS,
    ),
    Variable(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "where it is grpc, the endpoint in the environment is somebody else's and not used",
        required=False,
    ),
    Variable("OTEL_RESOURCE_ATTRIBUTES", "attributes of the resource", required=False, rule=_PAIRS),
    Variable("OTEL_SDK_DISABLED", "true sends nothing to that receiver", required=False, rule=SWITCH),
    Variable("TRUNKLINE_WEBHOOK_URL", "where every attempt is posted to", required=False, rule=rules.URL),
    Variable("TRUNKLINE_WEBHOOK_SECRET", "what signs those posts", required=False, secret=True, rule=_SECRET),
    Variable(
        "TRUNKLINE_NOTIFY_URLS",
        "chat rooms and mailboxes, as Apprise spells them, with spaces between",
        required=False,
        secret=True,
    ),
)


def overridden(measure: MeasureSettings, values: Mapping[str, str]) -> MeasureSettings:
    """The settings with what the environment says in their place."""
    return replace(
        measure,
        prefix=values.get("TRUNKLINE_METRIC_PREFIX", measure.prefix),
        sinks=_sinks(measure.sinks, values),
    )


def _sinks(sinks: SinkSettings, values: Mapping[str, str]) -> SinkSettings:
    datadog = replace(
        sinks.datadog,
        enabled=is_on(values, "DD_ENABLED") if "DD_ENABLED" in values else sinks.datadog.enabled,
        api_key=values.get("DD_API_KEY", sinks.datadog.api_key),
        site=values.get("DD_SITE", sinks.datadog.site),
        url=values.get("DD_URL", sinks.datadog.url),
    )
    agent = sinks.dogstatsd
    if datadog.enabled and (agent.address or not datadog.is_used):
        agent = _agent(agent, values)
    return replace(
        sinks,
        datadog=datadog,
        dogstatsd=agent,
        statsd=_statsd(sinks.statsd, values),
        graphite=_graphite(sinks.graphite, values),
        pushgateway=replace(sinks.pushgateway, url=values.get("PUSHGATEWAY_URL", sinks.pushgateway.url)),
        otlp=_otlp(sinks.otlp, values),
        webhook=WebhookSettings(
            values.get("TRUNKLINE_WEBHOOK_URL", sinks.webhook.url), values.get("TRUNKLINE_WEBHOOK_SECRET", "")
        ),
        notify=_notify(sinks.notify, values),
    )


def _agent(settings: DogStatsdSettings, values: Mapping[str, str]) -> DogStatsdSettings:
    port = values.get("DD_DOGSTATSD_PORT", "8125")
    host = values.get("DD_AGENT_HOST", "")
    named = values.get("DD_DOGSTATSD_URL") or (f"udp://{host}:{port}" if host else "")
    return replace(settings, address=named or settings.address)


def _statsd(settings: StatsdSettings, values: Mapping[str, str]) -> StatsdSettings:
    host = values.get("STATSD_HOST", "")
    return replace(settings, address=f"{host}:{values.get('STATSD_PORT', '8125')}") if host else settings


def _graphite(settings: GraphiteSettings, values: Mapping[str, str]) -> GraphiteSettings:
    host = values.get("GRAPHITE_HOST", "")
    return replace(settings, address=f"{host}:{values.get('GRAPHITE_PORT', '2003')}") if host else settings


def _otlp(settings: OtlpSettings, values: Mapping[str, str]) -> OtlpSettings:
    if is_on(values, "OTEL_SDK_DISABLED"):
        return OtlpSettings()
    named = settings
    if values.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json") != "grpc":
        base = values.get("OTEL_EXPORTER_OTLP_ENDPOINT", "").rstrip("/")
        named = replace(
            settings,
            metrics_url=values.get("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "")
            or (f"{base}/v1/metrics" if base else settings.metrics_url),
            logs_url=values.get("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "")
            or (f"{base}/v1/logs" if base else settings.logs_url),
        )
    return replace(
        named,
        headers=_pairs(values.get("OTEL_EXPORTER_OTLP_HEADERS", "")),
        resource=_pairs(values.get("OTEL_RESOURCE_ATTRIBUTES", "")),
    )


def _notify(settings: NotifySettings, values: Mapping[str, str]) -> NotifySettings:
    return replace(settings, urls=tuple(values.get("TRUNKLINE_NOTIFY_URLS", "").split()))


def _pairs(text: str) -> Mapping[str, str]:
    """W3C Baggage without properties: keys and values are percent-encoded."""
    pairs = (item.partition("=") for item in text.split(","))
    return {unquote(name.strip()): unquote(value.strip()) for name, _, value in pairs if name.strip()}
