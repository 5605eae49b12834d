"""Where measurements go: what each kind of sink has to know. Secrets come from the environment alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DatadogSettings:
    """Datadog's HTTP intake, which is used when there is a key.

    Attributes:
        series: the version of its interface that takes metrics; what is only like Datadog may have `v1` alone.
        dora: whether deployments and incidents go to DORA metrics, too.
        ci: whether runs and stages go to CI Visibility, too.
    """

    enabled: bool = True
    api_key: str = field(default="", repr=False)
    site: str = "datadoghq.com"
    url: str = ""
    series: str = "v2"
    dora: bool = False
    ci: bool = False

    @property
    def is_used(self) -> bool:
        """Whether anything is sent there."""
        return self.enabled and bool(self.api_key)


@dataclass(frozen=True, slots=True)
class DogStatsdSettings:
    """An agent of Datadog.

    Attributes:
        address: `udp://host:port` or `unix:///path`; empty for none.
        timestamps: whether values say when they were measured (Agent 7.40 and newer).
    """

    address: str = ""
    timestamps: bool = True


@dataclass(frozen=True, slots=True)
class StatsdSettings:
    """A StatsD server: `host:port`, or empty for none; `tags` writes them as DogStatsD does."""

    address: str = ""
    tags: bool = False


@dataclass(frozen=True, slots=True)
class GraphiteSettings:
    """Graphite.

    Attributes:
        address: where carbon takes plain text: `host:port`, or empty for none.
        tags: whether series have tags (Graphite 1.1); otherwise their values become parts of the path.
        url: graphite-web's address, for annotations; empty for none.
    """

    address: str = ""
    tags: bool = True
    url: str = ""


@dataclass(frozen=True, slots=True)
class PushgatewaySettings:
    """A Prometheus Pushgateway: its address, or empty for none."""

    url: str = ""
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OtlpSettings:
    """An OpenTelemetry receiver.

    Attributes:
        metrics_url, logs_url: where each is posted to; empty for nowhere.
        headers: sent along; they may hold secrets.
        resource: further attributes of the resource.
    """

    metrics_url: str = ""
    logs_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    resource: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Somewhere that is told of everything: an address, or empty for none, and the secret that signs."""

    url: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class NotifySettings:
    """People: chat rooms and mailboxes.

    Attributes:
        urls: as Apprise spells them; they hold tokens.
        about: `failures`, `deployments` (and failures) or `everything`.
        environments: only these; empty for all.
    """

    urls: tuple[str, ...] = field(default=(), repr=False)
    about: str = "deployments"
    environments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """One of each."""

    datadog: DatadogSettings = DatadogSettings()
    dogstatsd: DogStatsdSettings = DogStatsdSettings()
    statsd: StatsdSettings = StatsdSettings()
    graphite: GraphiteSettings = GraphiteSettings()
    pushgateway: PushgatewaySettings = PushgatewaySettings()
    otlp: OtlpSettings = OtlpSettings()
    webhook: WebhookSettings = WebhookSettings()
    notify: NotifySettings = NotifySettings()
