"""The part of a `trunkline.yaml` that says where measurements go."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.sections import DEFAULTS, ListOf, Section, key

_SITE = kinds.text(rules.SITE)
_OPTIONAL_URL = kinds.optional(kinds.text(rules.URL))
_OPTIONAL_ADDRESS = kinds.optional(kinds.text(rules.ADDRESS))
_OPTIONAL_SOCKET = kinds.optional(kinds.text(rules.DOGSTATSD))
_ENVIRONMENT = kinds.text(rules.ENVIRONMENT)


class DatadogSection(Section):
    """Where Datadog is. Its API key is never here: it is DD_API_KEY in the environment."""

    enabled: bool = key(
        kinds.FLAG,
        default=True,
        description="Whether to send to Datadog when DD_API_KEY is set. DD_ENABLED overrides it.",
        examples=[True],
    )
    site: str = key(
        _SITE,
        "datadoghq.com",
        description="The Datadog site. DD_SITE overrides it.",
        examples=["datadoghq.eu"],
    )
    url: str = key(
        _OPTIONAL_URL,
        "",
        description="The intake's address instead of the site's, for proxies and tests. DD_URL overrides it.",
        examples=["https://datadog-proxy.example.com"],
    )
    series: str = key(
        kinds.choice(*rules.SERIES),
        "v2",
        description="The version of the interface that takes metrics: v1 for what is like Datadog and older, such as VictoriaMetrics.",
        examples=["v1"],
    )
    dora: bool = key(
        kinds.FLAG,
        default=False,
        description="Whether deployments go to Datadog's DORA metrics, too.",
        examples=[True],
    )
    ci: bool = key(
        kinds.FLAG,
        default=False,
        description="Whether runs and their stages go to Datadog's CI Visibility, too (it is billed by committer).",
        examples=[True],
    )


class DogStatsdSection(Section):
    """An agent of Datadog; where one is configured, it gets the metrics and events, and the HTTP intake does not."""

    address: str = key(
        _OPTIONAL_SOCKET,
        "",
        description="udp://host:port, or unix:///path of its socket. DD_DOGSTATSD_URL overrides it.",
        examples=["udp://127.0.0.1:8125", "unix:///var/run/datadog/dsd.socket"],
    )
    timestamps: bool = key(
        kinds.FLAG,
        default=True,
        description="Whether values say when they were measured, which the agent understands since 7.40.",
        examples=[False],
    )


class StatsdSection(Section):
    """A StatsD server."""

    address: str = key(
        _OPTIONAL_ADDRESS,
        "",
        description="Its host and UDP port. STATSD_HOST and STATSD_PORT override it.",
        examples=["127.0.0.1:8125"],
    )
    tags: bool = key(
        kinds.FLAG,
        default=False,
        description="Whether it reads tags as DogStatsD writes them; otherwise their values are parts of the name.",
        examples=[True],
    )


class GraphiteSection(Section):
    """Graphite."""

    address: str = key(
        _OPTIONAL_ADDRESS,
        "",
        description="Where carbon takes plain text over TCP. GRAPHITE_HOST and GRAPHITE_PORT override it.",
        examples=["127.0.0.1:2003"],
    )
    tags: bool = key(
        kinds.FLAG,
        default=True,
        description="Whether series have tags, as from Graphite 1.1 on; otherwise their values are parts of the path.",
        examples=[False],
    )
    url: str = key(
        _OPTIONAL_URL,
        "",
        description="Where graphite-web is, for annotations; none are made when left out.",
        examples=["https://graphite.example.com"],
    )


class PushgatewaySection(Section):
    """A Prometheus Pushgateway, which gets totals as the ledger has them."""

    url: str = key(
        _OPTIONAL_URL,
        "",
        description="Its address. PUSHGATEWAY_URL overrides it.",
        examples=["http://pushgateway.example.com:9091"],
    )
    username: str = key(
        kinds.optional(kinds.WRITTEN), "", description="The login's name.", examples=["${PUSHGATEWAY_USER}"]
    )
    password: str = key(
        kinds.optional(kinds.PASSWORD),
        "",
        description="The login's password: a variable.",
        examples=["${PUSHGATEWAY_PASSWORD}"],
    )


class OtlpSection(Section):
    """A receiver of OpenTelemetry over HTTP; headers come from OTEL_EXPORTER_OTLP_HEADERS."""

    endpoint: str = key(
        _OPTIONAL_URL,
        "",
        description="Its address, below which /v1/metrics and /v1/logs are. OTEL_EXPORTER_OTLP_ENDPOINT overrides it.",
        examples=["http://127.0.0.1:4318"],
    )
    metrics: bool = key(kinds.FLAG, default=True, description="Whether it gets metrics.", examples=[False])
    logs: bool = key(
        kinds.FLAG, default=True, description="Whether it gets events as logs.", examples=[False]
    )


class WebhookSection(Section):
    """Somewhere that is told of every attempt; the secret that signs is TRUNKLINE_WEBHOOK_SECRET."""

    url: str = key(
        _OPTIONAL_URL,
        "",
        description="Where to post to. TRUNKLINE_WEBHOOK_URL overrides it.",
        examples=["https://hooks.example.com/trunkline"],
    )


class NotifySection(Section):
    """People: where they are is TRUNKLINE_NOTIFY_URLS in the environment, as Apprise spells it."""

    about: str = key(
        kinds.choice(*rules.NEWS),
        "deployments",
        description="What they hear of: failures, deployments (and failures), or everything.",
        examples=["failures"],
    )
    environments: list[str] = key(
        ListOf(_ENVIRONMENT), [], description="Only of these; of all when left out.", examples=[["prod"]]
    )


class SinksSection(Section):
    """Where measurements go, besides the ledger."""

    datadog: DatadogSection = key(
        kinds.Switched(DatadogSection),
        DEFAULTS,
        description="Whether to send to Datadog, or where it is. The API key is DD_API_KEY in the environment, never here.",
        examples=[False, {"site": "datadoghq.eu"}],
    )
    dogstatsd: DogStatsdSection = key(
        DogStatsdSection,
        DEFAULTS,
        description="An agent of Datadog, over UDP or a Unix socket.",
        examples=[{"address": "udp://127.0.0.1:8125"}],
    )
    statsd: StatsdSection = key(
        StatsdSection, DEFAULTS, description="A StatsD server.", examples=[{"address": "127.0.0.1:8125"}]
    )
    graphite: GraphiteSection = key(
        GraphiteSection, DEFAULTS, description="Graphite.", examples=[{"address": "127.0.0.1:2003"}]
    )
    pushgateway: PushgatewaySection = key(
        PushgatewaySection,
        DEFAULTS,
        description="A Prometheus Pushgateway.",
        examples=[{"url": "http://pushgateway.example.com:9091"}],
    )
    otlp: OtlpSection = key(
        OtlpSection,
        DEFAULTS,
        description="A receiver of OpenTelemetry over HTTP.",
        examples=[{"endpoint": "http://127.0.0.1:4318"}],
    )
    webhook: WebhookSection = key(
        WebhookSection,
        DEFAULTS,
        description="Somewhere that is told of every attempt, with a signature.",
        examples=[{"url": "https://hooks.example.com/trunkline"}],
    )
    notify: NotifySection = key(
        NotifySection,
        DEFAULTS,
        description="What chat rooms and mailboxes hear of.",
        examples=[{"about": "failures"}],
    )
