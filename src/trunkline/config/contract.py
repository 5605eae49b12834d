"""The environment-variable contract: `trunkline build` and `trunkline release` where there is no file.

The variables are those of the scripts that Trunkline replaces, so that a team changes two commands and nothing
else. The two buckets that the scripts had in their text are variables here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from trunkline.config import rules
from trunkline.config.project import ChartSettings, Environment, ImageSettings, MeasureSettings, Project
from trunkline.config.rules import Rule
from trunkline.config.sink_variables import MEASURE_VARIABLES, METRIC_PREFIX, SITE, URL, overridden
from trunkline.config.sinks import DatadogSettings, SinkSettings
from trunkline.config.variables import (
    KEY,
    SWITCH,
    Variable,
    is_on,
    lacking,
    read_variables,
)
from trunkline.domain.durations import parse_duration
from trunkline.domain.images import DEFAULT_REGISTRY, ImageReference, parse_image
from trunkline.errors import ConfigurationError

# Where the scripts logged in, and the host under which they filed what they measured.
_REGISTRY = "quay.io"
_HOST = "release.circleci"
_BASE = "base.yaml"
_TIMEOUT = "5m"
_SETTLE_S = 10.0

_SHA = Rule("a commit's hexadecimal name", r"[0-9a-f]{7,64}")
_BUILDER = Rule("docker, podman or buildah", "|".join(rules.BUILDERS))
_REACTION = Rule("rollback or keep", "|".join(rules.REACTIONS))
# The scripts' own name for the repository may stand before the chart's.
_CHART = Rule("a chart's name", rf"(?:[A-Za-z0-9._-]+/)?(?:{rules.CHART.pattern})")

_API_KEY = Variable(
    "DD_API_KEY",
    "the key that Datadog takes measurements with; required when DD_ENABLED is true",
    required=False,
    secret=True,
    rule=KEY,
)
_COMMIT = Variable("CIRCLE_SHA1", "the commit; its first seven digits are the image's tag", rule=_SHA)
_MEASURE = (
    Variable("DD_EVENT_VERSION", "the `version` tag of Datadog events"),
    Variable("DD_METRIC_VERSION", "the `version` tag of Datadog metrics"),
    Variable("DD_ROLE_TAG", "the `role` tag of everything that is measured"),
    Variable("DD_ENABLED", "true sends to Datadog; false, or nothing, does not", required=False, rule=SWITCH),
    _API_KEY,
    Variable("DD_APP_KEY", "read by the scripts; not needed, and not used", required=False, secret=True),
    SITE,
    URL,
    METRIC_PREFIX,
)

CONTRACT_BUILD: tuple[Variable, ...] = (
    _COMMIT,
    Variable("IMAGE_NAME", "the image's repository, on quay.io when it names no registry", rule=rules.IMAGE),
    Variable("QUAY_USERNAME", "the registry's user name"),
    Variable("QUAY_PASSWORD", "the registry's password", secret=True),
    Variable("RELEASE_NAME", "the service's name, the image's when not set", required=False),
    *_MEASURE,
    Variable(
        "TRUNKLINE_BUILDER",
        "docker, podman or buildah; whatever works here when not set",
        required=False,
        rule=_BUILDER,
    ),
)

CONTRACT_RELEASE: tuple[Variable, ...] = (
    _COMMIT,
    Variable("RELEASE_NAME", "the Helm release's name", rule=rules.RELEASE),
    Variable("RELEASE_NAMESPACE", "the Kubernetes namespace", rule=rules.NAMESPACE),
    Variable(
        "HELM_CHART_REPOSITORY",
        "where the charts are: s3://bucket/prefix, oci://registry/path, https://host/path, git+https://… or a directory",
        rule=rules.CHARTS,
    ),
    Variable("HELM_CHART_NAME", "the chart's name there", rule=_CHART),
    Variable(
        "HELM_CHART_VERSION",
        "the chart's version or a range of them, the newest when not set",
        required=False,
        rule=rules.CHART_VERSION,
    ),
    Variable(
        "HELM_VALUES_LOCATION", "where the values are: s3://bucket/prefix or a directory", rule=rules.LOCATION
    ),
    Variable("HELM_VALUES_S3_FOLDER", "the folder of this service's values there", rule=rules.FOLDER),
    Variable("HELM_VALUES_FILENAME", "the values file in that folder", rule=rules.FILE),
    Variable(
        "HELM_VALUES_BASE_ON", "true takes base.yaml from that folder first, false does not", rule=SWITCH
    ),
    Variable("DD_ENVIRONMENT_TAG", "the environment's name, and the `environment` tag of what is measured"),
    Variable(
        "IMAGE_NAME",
        "the image's repository, on quay.io when it names no registry; the one in the values when not set",
        required=False,
        rule=rules.IMAGE,
    ),
    Variable("QUAY_USERNAME", "the registry's user name", required=False),
    Variable("QUAY_PASSWORD", "the registry's password", required=False, secret=True),
    *_MEASURE,
    Variable(
        "TRUNKLINE_TIMEOUT",
        "the longest that the rollout may take, 5m when not set",
        required=False,
        rule=rules.TIMEOUT,
    ),
    Variable(
        "TRUNKLINE_SOAK",
        "how long to watch after the rollout, a restart being a failure; not at all when not set",
        required=False,
        rule=rules.DURATION,
    ),
    Variable(
        "TRUNKLINE_ON_FAILURE",
        "rollback undoes what failed, keep leaves it as it is; rollback when not set",
        required=False,
        rule=_REACTION,
    ),
    Variable("HELM_KUBECONTEXT", "the kubeconfig's context, its current one when not set", required=False),
    Variable("KUBE_CONTEXT", "the same, where HELM_KUBECONTEXT is not set", required=False),
)


def build_project(environ: Mapping[str, str], root: Path) -> Project:
    """What `trunkline build` needs; the project has no environments.

    Args:
        environ: the process's environment.
        root: where the Dockerfile is.

    Raises:
        ConfigurationError: variables are missing or wrong; all are listed, none with its value.
    """
    values = _values("build", CONTRACT_BUILD, environ)
    image = _image(values["IMAGE_NAME"])
    return Project(
        service=values.get("RELEASE_NAME", image.name),
        root=root,
        image=replace(_image_settings(values), builder=values.get("TRUNKLINE_BUILDER", "")),
        chart=ChartSettings(),
        environments=(),
        measure=_measure(values),
        source="the environment variables",
    )


def measured_project(environ: Mapping[str, str], root: Path) -> Project:
    """Where measurements go, and nothing else: for commands that only look after the sinks.

    Raises:
        ConfigurationError: variables are wrong; all are listed, none with its value.
    """
    read = read_variables(MEASURE_VARIABLES, environ)
    if read.mistakes:
        raise ConfigurationError(
            f"Of the environment variables, {len(read.mistakes)} that say where measurements go are wrong.",
            read.mistakes,
            "Correct them where the CI keeps its variables (docs/reference/environment.md).",
        )
    measure = overridden(MeasureSettings(host=_HOST), read.values)
    return Project("", root, ImageSettings(None), ChartSettings(), (), measure=measure)


def release_project(environ: Mapping[str, str], root: Path) -> Project:
    """What `trunkline release` needs, with one environment: the one that `DD_ENVIRONMENT_TAG` names.

    Trunk discipline lets everything through: that this job runs is the CI's decision.

    Args:
        environ: the process's environment.
        root: where relative directories start from.

    Raises:
        ConfigurationError: variables are missing or wrong; all are listed, none with its value.
    """
    values = _values("release", CONTRACT_RELEASE, environ)
    folder = values["HELM_VALUES_S3_FOLDER"].strip("/")
    return Project(
        service=values["RELEASE_NAME"],
        root=root,
        image=_image_settings(values),
        chart=ChartSettings(
            name=values["HELM_CHART_NAME"].rpartition("/")[2],
            repository=values["HELM_CHART_REPOSITORY"],
            version=values.get("HELM_CHART_VERSION", ""),
        ),
        environments=(_environment(values),),
        values_location=f"{values['HELM_VALUES_LOCATION'].rstrip('/')}/{folder}".rstrip("/"),
        measure=_measure(values),
        source="the environment variables",
    )


def _values(command: str, table: tuple[Variable, ...], environ: Mapping[str, str]) -> Mapping[str, str]:
    known = {variable.name for variable in table}
    further = tuple(variable for variable in MEASURE_VARIABLES if variable.name not in known)
    read = read_variables((*table, *further), environ)
    mistakes = list(read.mistakes)
    if is_on(read.values, "DD_ENABLED") and not environ.get(_API_KEY.name, "").strip():
        mistakes.append(lacking(_API_KEY))
    if mistakes:
        wrong = (
            "one environment variable is"
            if len(mistakes) == 1
            else f"{len(mistakes)} environment variables are"
        )
        raise ConfigurationError(
            f"There is no trunkline.yaml here, and for `trunkline {command}` without one {wrong} missing or wrong.",
            tuple(mistakes),
            "Set them where the CI keeps its variables (docs/reference/environment.md), or write a "
            "trunkline.yaml (docs/how-to/first-project.md).",
        )
    return read.values


def _environment(values: Mapping[str, str]) -> Environment:
    name, file = values["DD_ENVIRONMENT_TAG"], values["HELM_VALUES_FILENAME"]
    layers = (_BASE, file) if is_on(values, "HELM_VALUES_BASE_ON") else (file,)
    timeout_s = parse_duration(values.get("TRUNKLINE_TIMEOUT", _TIMEOUT))
    return Environment(
        name=name,
        namespace=values["RELEASE_NAMESPACE"],
        release=values["RELEASE_NAME"],
        context=values.get("HELM_KUBECONTEXT") or values.get("KUBE_CONTEXT"),
        values=tuple(dict.fromkeys(layers)),
        timeout_s=timeout_s,
        # A rollout that had to stay good for longer than it may take could never succeed.
        settle_s=min(_SETTLE_S, timeout_s / 2),
        soak_s=parse_duration(values.get("TRUNKLINE_SOAK", "0s")),
        on_failure=values.get("TRUNKLINE_ON_FAILURE", rules.REACTIONS[0]),
        allow=frozenset(rules.ALLOWANCES),
        tag=name,
    )


def _image_settings(values: Mapping[str, str]) -> ImageSettings:
    return ImageSettings(
        repository=_image(values["IMAGE_NAME"]) if "IMAGE_NAME" in values else None,
        username=values.get("QUAY_USERNAME", ""),
        password=values.get("QUAY_PASSWORD", ""),
    )


def _image(name: str) -> ImageReference:
    """The scripts logged in to Quay whatever the name said, so that is where a name without a registry is."""
    image = parse_image(name)
    if image.registry == DEFAULT_REGISTRY and not name.startswith(f"{DEFAULT_REGISTRY}/"):
        return replace(image, registry=_REGISTRY)
    return image


def _measure(values: Mapping[str, str]) -> MeasureSettings:
    scripts = MeasureSettings(
        host=_HOST,
        role=values["DD_ROLE_TAG"],
        metric_version=values["DD_METRIC_VERSION"],
        event_version=values["DD_EVENT_VERSION"],
        sinks=SinkSettings(datadog=DatadogSettings(enabled=False)),
    )
    return overridden(scripts, values)
