"""Composes the sinks that a project's settings name, and what is written on every measurement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from trunkline.config.project import Project
from trunkline.config.sinks import DatadogSettings
from trunkline.dataclass import dataclass
from trunkline.domain.measurements import Labels
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock, Http

if TYPE_CHECKING:
    from trunkline.ports.ledger import Ledger
    from trunkline.ports.outbox import Sink

# What a command may spend on telling others, over its whole life.
DELIVERY_S = 2.0


def labels_of(project: Project, link: str) -> Labels:
    """What is written on every measurement of a project."""
    measure = project.measure
    return Labels(
        prefix=measure.prefix,
        role=measure.role,
        metric_version=measure.metric_version,
        event_version=measure.event_version,
        environments={item.name: item.tag or item.name for item in project.environments},
        link=link,
    )


@dataclass(frozen=True, slots=True)
class Means:
    """What sinks are made with."""

    http: Http
    clock: Clock
    redactor: Redactor
    ledger: Ledger


def sinks_of(project: Project, means: Means, labels: Labels) -> tuple[Sink, ...]:
    """One of each that is configured. Their modules are imported only then."""
    found: list[Sink] = []
    for make in (_datadog, _dogstatsd, _statsd, _graphite, _pushgateway, _otlp, _webhook, _notify):
        found += make(project, means, labels)
    return tuple(found)


def _datadog(project: Project, means: Means, _: Labels) -> list[Sink]:
    wanted = project.measure.sinks
    if not wanted.datadog.is_used:
        return []
    from trunkline.adapters.sinks import datadog  # noqa: PLC0415 - only where it is configured

    kinds: list[Callable[[DatadogSettings, Http, Clock, Redactor], Sink]] = []
    if not wanted.dogstatsd.address:
        kinds += [datadog.DatadogMetrics, datadog.DatadogEvents]
    kinds += [datadog.DatadogDora] if wanted.datadog.dora else []
    kinds += [datadog.DatadogPipelines] if wanted.datadog.ci else []
    return [kind(wanted.datadog, means.http, means.clock, means.redactor) for kind in kinds]


def _dogstatsd(project: Project, means: Means, labels: Labels) -> list[Sink]:
    settings = project.measure.sinks.dogstatsd
    if not settings.address:
        return []
    from trunkline.adapters.sinks.dogstatsd import DogStatsd  # noqa: PLC0415 - as above

    return [DogStatsd(settings, means.clock, labels.prefix)]


def _statsd(project: Project, means: Means, _: Labels) -> list[Sink]:
    settings = project.measure.sinks.statsd
    if not settings.address:
        return []
    from trunkline.adapters.sinks.statsd import Statsd  # noqa: PLC0415 - as above

    return [Statsd(settings, means.clock)]


def _graphite(project: Project, means: Means, _: Labels) -> list[Sink]:
    settings = project.measure.sinks.graphite
    if not (settings.address or settings.url):
        return []
    from trunkline.adapters.sinks.graphite import Graphite, GraphiteAnnotations  # noqa: PLC0415 - as above

    found: list[Sink] = [Graphite(settings, means.clock)] if settings.address else []
    if settings.url:
        found.append(GraphiteAnnotations(settings, means.http, means.clock, means.redactor))
    return found


def _pushgateway(project: Project, means: Means, labels: Labels) -> list[Sink]:
    settings = project.measure.sinks.pushgateway
    if not settings.url:
        return []
    from trunkline.adapters.sinks.pushgateway import Pushgateway  # noqa: PLC0415 - as above

    return [Pushgateway(settings, means.http, means.clock, means.redactor, means.ledger.tallies, labels)]


def _otlp(project: Project, means: Means, _: Labels) -> list[Sink]:
    settings = project.measure.sinks.otlp
    if not (settings.metrics_url or settings.logs_url):
        return []
    from trunkline.adapters.sinks.otlp import OtlpLogs, OtlpMetrics  # noqa: PLC0415 - as above

    given = (settings, means.http, means.clock, means.redactor)
    found: list[Sink] = [OtlpMetrics(*given)] if settings.metrics_url else []
    return [*found, OtlpLogs(*given)] if settings.logs_url else found


def _webhook(project: Project, means: Means, _: Labels) -> list[Sink]:
    settings = project.measure.sinks.webhook
    if not settings.url:
        return []
    from trunkline.adapters.sinks.webhook import Webhook  # noqa: PLC0415 - as above

    return [Webhook(settings, means.http, means.clock, means.redactor)]


def _notify(project: Project, means: Means, _: Labels) -> list[Sink]:
    settings = project.measure.sinks.notify
    if not settings.urls:
        return []
    from trunkline.adapters.sinks.notify import Notify  # noqa: PLC0415 - as above

    return [Notify(url, settings, means.clock, means.redactor) for url in settings.urls]


def repository_url(environ: Mapping[str, str], remote: Callable[[], str]) -> Callable[[], str]:
    """Where the commits are, as the CI says or git knows; asked once, and only by who needs it."""

    @cache
    def found() -> str:
        from trunkline.domain.repository_urls import without_login  # noqa: PLC0415 - as above

        return without_login(
            environ.get("DD_GIT_REPOSITORY_URL") or environ.get("CIRCLE_REPOSITORY_URL") or remote()
        )

    return found
