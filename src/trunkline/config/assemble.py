"""From a document to the checked sections, and from these to the `Project`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from trunkline.config.age import newer_than_we
from trunkline.config.check_schema import CheckSection
from trunkline.config.checks import Check, CommandCheck, Expectation, HelmTest, HttpCheck, filled
from trunkline.config.circleci_schema import CircleSection
from trunkline.config.circleci_settings import CircleSettings
from trunkline.config.connections import check_connections
from trunkline.config.deploy_image_schema import DeployImagesSection
from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.config.document import Document
from trunkline.config.environment_schema import EnvironmentSection
from trunkline.config.explain import explain
from trunkline.config.gate_schema import NEVER, GateSection
from trunkline.config.mistakes import Mistake
from trunkline.config.project import (
    ChartSettings,
    Environment,
    GateSettings,
    ImageKeys,
    ImageSettings,
    MeasureSettings,
    Project,
)
from trunkline.config.scenario_schema import ScenarioSection, given
from trunkline.config.schema import (
    ChartSection,
    ImageSection,
    MeasureSection,
    ProjectFile,
)
from trunkline.config.sections import Wrong
from trunkline.config.sink_schema import SinksSection
from trunkline.config.sink_variables import overridden
from trunkline.config.sinks import (
    DatadogSettings,
    DogStatsdSettings,
    GraphiteSettings,
    NotifySettings,
    OtlpSettings,
    PushgatewaySettings,
    SinkSettings,
    StatsdSettings,
    WebhookSettings,
)
from trunkline.domain.durations import parse_duration
from trunkline.domain.images import parse_image
from trunkline.domain.rehearsals.scenarios import FAILURES, Ending, Scenario, What
from trunkline.domain.rehearsals.scenarios import Expectation as ExpectedEnding
from trunkline.domain.vulnerabilities.findings import Severity
from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction


def validate(document: Document) -> tuple[ProjectFile | None, list[Mistake]]:
    """The sections, if all is well; and every mistake, or that the file is for a newer Trunkline."""
    if newer := newer_than_we(document):
        return None, [newer]
    mistakes = [*document.mistakes, *check_connections(document)]
    wrong: list[Wrong] = []
    section = ProjectFile.read(document.data, (), wrong)
    if wrong:
        return None, [*mistakes, *explain(wrong, document)]
    return section, mistakes


def assemble(
    section: ProjectFile, source: str, root: Path, environ: Mapping[str, str], measured: Mapping[str, str]
) -> Project:
    """The project that a valid file describes; `measured` are the variables that override `measure`."""
    home = environ.get("HOME", "")
    return Project(
        service=section.service,
        root=root,
        image=_image(section.image, home),
        chart=_chart(section.chart, home),
        environments=tuple(
            _environment(name, item, section.service, root, home)
            for name, item in section.environments.items()
        ),
        trunk=section.trunk,
        test=section.test,
        values_location=_from_home(section.values.location, home),
        measure=overridden(_measure(section.measure), measured),
        source=source,
        scenarios=tuple(map(_scenario, section.rehearse.scenarios)),
        gate=_gate(section.gate) if section.has("gate") else None,
        circleci=_circleci(section.ci.circleci),
        deploy_images=_deploy_images(section.ci.images),
    )


def _deploy_images(section: DeployImagesSection) -> DeployImageSettings:
    return DeployImageSettings(
        repository=section.repository,
        base=section.base,
        helm=section.helm,
        kubectl=dict(section.kubectl),
        trunkline=section.trunkline,
        wheel=section.wheel,
        helm_from=section.helm_from,
        kubectl_from=section.kubectl_from,
    )


def _circleci(section: CircleSection) -> CircleSettings:
    return CircleSettings(
        image=section.image,
        install=section.install,
        images=dict(section.images),
        context=section.context,
        contexts=dict(section.contexts),
        resource_class=section.resource_class,
        roles=dict(section.roles),
        test_results=section.test_results,
        artifacts=tuple(section.artifacts),
        deploy_markers=section.deploy_markers,
    )


def _image(section: ImageSection, home: str) -> ImageSettings:
    return ImageSettings(
        repository=parse_image(section.repository),
        dockerfile=section.dockerfile,
        context=section.context,
        target=section.target,
        build_args=dict(section.build_args),
        builder=section.builder,
        username=section.username,
        password=section.password,
        secrets=dict(section.secrets),
        secret_files={name: _from_home(path, home) for name, path in section.secret_files.items()},
        platforms=tuple(section.platforms),
        cache_from=tuple(section.cache_from),
        cache_to=tuple(section.cache_to),
        labels=dict(section.labels),
        expires=section.expires,
        sbom=section.sbom,
    )


def _chart(section: ChartSection, home: str) -> ChartSettings:
    keys = section.image_keys
    return ChartSettings(
        path=_from_home(section.path, home),
        name=section.name,
        repository=_from_home(section.repository, home),
        version=section.version,
        image_keys=ImageKeys(keys.repository, keys.tag, keys.digest),
        username=section.username,
        password=section.password,
        pass_credentials=section.pass_credentials,
        keyring=_from_home(section.keyring, home),
    )


def _environment(name: str, section: EnvironmentSection, service: str, root: Path, home: str) -> Environment:
    kubeconfig = _from_home(section.kubeconfig, home)
    release = section.release or service
    known = {
        "TRUNKLINE_SERVICE": service,
        "TRUNKLINE_ENVIRONMENT": name,
        "TRUNKLINE_NAMESPACE": section.namespace,
        "TRUNKLINE_RELEASE": release,
    }
    return Environment(
        name=name,
        namespace=section.namespace,
        release=release,
        context=section.context or None,
        kubeconfig=str(root / kubeconfig) if kubeconfig else None,
        values=tuple(section.values),
        needs=tuple(section.needs),
        approval=section.approval or bool(section.approvers),
        approvers=tuple(section.approvers),
        timeout_s=parse_duration(section.timeout),
        settle_s=parse_duration(section.settle),
        soak_s=parse_duration(section.soak),
        checks=tuple(filled(check, known) for item in section.checks if (check := _check(item))),
        on_failure=section.on_failure,
        history_max=section.history_max,
        create_namespace=section.create_namespace,
        gate_max_age_s=parse_duration(section.gate_max_age) if section.gate_max_age else 0.0,
        allow=frozenset(section.allow),
        tag=section.tag,
    )


def _gate(section: GateSection) -> GateSettings:
    policy = Policy(
        fail_on=None if section.fail_on == NEVER else Severity(section.fail_on),
        fixable_only=section.fixable_only,
        grace_days=section.grace_days,
        packages_ignored=tuple(section.ignore_packages),
        exceptions=tuple(
            Exemption(item.id, item.reason, item.owner, date.fromisoformat(item.until), item.package)
            for item in section.exceptions
        ),
        without_result=Reaction(section.without_result),
        unknown=Reaction(section.unknown),
        no_packages=Reaction(section.no_packages),
        new_only=bool(section.compare_with),
    )
    return GateSettings(
        policy=policy,
        scanner=section.scanner,
        url=section.url,
        token=section.token,
        reports=tuple(section.reports),
        timeout_s=parse_duration(section.timeout),
        compare_with=section.compare_with,
    )


def _check(section: CheckSection) -> Check | None:
    """None for `helm_test: false`, which a variable may have filled in."""
    http, timeout_s = section.http, parse_duration(section.timeout)
    if section.command:
        return CommandCheck(section.name or section.command.strip(), section.command, timeout_s=timeout_s)
    if section.helm_test:
        return HelmTest(section.name or "helm test", timeout_s)
    if not (http.url or http.service):
        return None
    expect = section.expect
    return HttpCheck(
        section.name or f"GET {http.url or f'{http.service}:{http.port}{http.path}'}",
        url=http.url,
        service=http.service,
        port=http.port,
        path=http.path,
        expect=Expectation(expect.status, expect.contains, dict(expect.json_)),
        timeout_s=timeout_s,
    )


def _scenario(section: ScenarioSection) -> Scenario:
    what, expect = What(section.what), section.expect
    durations = {name for name, known in FAILURES[what].items() if known.kind == "duration"}
    return Scenario(
        name=section.name,
        what=what,
        story=section.story,
        environment=section.environment,
        workload=section.workload,
        container=section.container,
        rollout=section.rollout,
        parameters={
            name: parse_duration(value) if name in durations else value
            for name, value in given(section).items()
        },
        expect=ExpectedEnding(
            Ending(expect.ending), tuple(expect.causes), expect.undone, parse_duration(expect.within)
        ),
    )


def _measure(section: MeasureSection) -> MeasureSettings:
    return replace(
        MeasureSettings(),
        prefix=section.prefix,
        host=section.host,
        role=section.role,
        metric_version=section.metric_version,
        event_version=section.event_version,
        team=section.team,
        sinks=_sinks(section.sinks),
    )


def _sinks(section: SinksSection) -> SinkSettings:
    datadog, otlp = section.datadog, section.otlp
    receiver = otlp.endpoint.rstrip("/")
    return SinkSettings(
        datadog=DatadogSettings(
            datadog.enabled, "", datadog.site, datadog.url, datadog.series, datadog.dora, datadog.ci
        ),
        dogstatsd=DogStatsdSettings(section.dogstatsd.address, section.dogstatsd.timestamps),
        statsd=StatsdSettings(section.statsd.address, section.statsd.tags),
        graphite=GraphiteSettings(section.graphite.address, section.graphite.tags, section.graphite.url),
        pushgateway=PushgatewaySettings(
            section.pushgateway.url, section.pushgateway.username, section.pushgateway.password
        ),
        otlp=OtlpSettings(
            f"{receiver}/v1/metrics" if receiver and otlp.metrics else "",
            f"{receiver}/v1/logs" if receiver and otlp.logs else "",
        ),
        webhook=WebhookSettings(section.webhook.url),
        notify=NotifySettings(about=section.notify.about, environments=tuple(section.notify.environments)),
    )


def _from_home(path: str, home: str) -> str:
    """A path that begins with `~/`, as a shell reads it."""
    return f"{home.rstrip('/')}/{path[2:]}" if home and path.startswith("~/") else path
