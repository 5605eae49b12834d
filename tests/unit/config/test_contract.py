"""The scripts' environment variables, without any file."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.config.contract import CONTRACT_BUILD, CONTRACT_RELEASE, build_project, release_project
from trunkline.config.project import ChartSettings, Environment, MeasureSettings, Project
from trunkline.config.sinks import DatadogSettings, SinkSettings
from trunkline.config.variables import Variable
from trunkline.domain.images import parse_image
from trunkline.domain.redaction import is_secret_name
from trunkline.errors import ConfigurationError

ROOT = Path("/srv/sample")
Read = Callable[[Mapping[str, str], Path], Project]

BUILD = {
    "CIRCLE_SHA1": "0123456789abcdef0123456789abcdef01234567",
    "IMAGE_NAME": "acme/sample",
    "QUAY_USERNAME": "acme+robot",
    "QUAY_PASSWORD": "p4ss word",
    "DD_EVENT_VERSION": "1.0",
    "DD_METRIC_VERSION": "2.0",
    "DD_ROLE_TAG": "backend",
}
RELEASE = {
    "CIRCLE_SHA1": "0123456789abcdef0123456789abcdef01234567",
    "RELEASE_NAME": "sample",
    "RELEASE_NAMESPACE": "acme",
    "HELM_CHART_REPOSITORY": "s3://acme-charts/stable",
    "HELM_CHART_NAME": "backend",
    "HELM_VALUES_LOCATION": "s3://acme-values",
    "HELM_VALUES_S3_FOLDER": "sample",
    "HELM_VALUES_FILENAME": "qa.yaml",
    "HELM_VALUES_BASE_ON": "true",
    "DD_ENVIRONMENT_TAG": "qa",
    "DD_EVENT_VERSION": "1.0",
    "DD_METRIC_VERSION": "2.0",
    "DD_ROLE_TAG": "backend",
}
BOTH = pytest.mark.parametrize(
    ("read", "environ", "table"),
    [(build_project, BUILD, CONTRACT_BUILD), (release_project, RELEASE, CONTRACT_RELEASE)],
    ids=["build", "release"],
)


def _refusal(read: Read, environ: Mapping[str, str]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        read(environ, ROOT)
    return caught.value


def test_a_build_has_all_that_the_script_had() -> None:
    """Image, login and tags come from the variables; the image is on Quay, where the script logged in."""
    project = build_project(BUILD, ROOT)
    assert project.service == "sample"
    assert project.root == ROOT
    assert project.image.repository == parse_image("quay.io/acme/sample")
    assert (project.image.username, project.image.password) == ("acme+robot", "p4ss word")
    assert project.environments == ()
    assert project.measure == MeasureSettings(
        prefix="trunkline",
        host="release.circleci",
        role="backend",
        metric_version="2.0",
        event_version="1.0",
        sinks=SinkSettings(datadog=DatadogSettings(enabled=False)),
    )


def test_a_release_has_all_that_the_script_had() -> None:
    """Release, chart, values and tags come from the variables, in one environment that lets everything through."""
    project = release_project(RELEASE, ROOT)
    assert project.service == "sample"
    assert project.image.repository is None
    assert project.chart == ChartSettings(name="backend", repository="s3://acme-charts/stable")
    assert project.values_location == "s3://acme-values/sample"
    assert project.environments == (
        Environment(
            name="qa",
            namespace="acme",
            release="sample",
            values=("base.yaml", "qa.yaml"),
            allow=frozenset({"dirty", "off_trunk"}),
            tag="qa",
        ),
    )
    assert (project.measure.host, project.measure.sinks.datadog.enabled) == ("release.circleci", False)


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("acme/sample", "quay.io/acme/sample"),
        ("sample", "quay.io/sample"),
        ("quay.io/acme/sample", "quay.io/acme/sample"),
        ("docker.io/acme/sample", "docker.io/acme/sample"),
        ("registry.acme.example:5000/sample", "registry.acme.example:5000/sample"),
        ("localhost/sample", "localhost/sample"),
    ],
)
def test_a_name_without_registry_is_on_quay(name: str, repository: str) -> None:
    """Only a name that says no registry is completed."""
    for project in (
        build_project({**BUILD, "IMAGE_NAME": name}, ROOT),
        release_project({**RELEASE, "IMAGE_NAME": name}, ROOT),
    ):
        assert project.image.repository is not None
        assert project.image.repository.repository == repository


def test_a_build_is_the_services_that_the_release_names() -> None:
    """With RELEASE_NAME in both jobs, build and release are the same service."""
    assert build_project({**BUILD, "RELEASE_NAME": "api"}, ROOT).service == "api"


@pytest.mark.parametrize("base", ["false", "FALSE"])
def test_without_a_base_there_is_one_layer(base: str) -> None:
    """base.yaml is taken only where HELM_VALUES_BASE_ON is true."""
    project = release_project({**RELEASE, "HELM_VALUES_BASE_ON": base}, ROOT)
    assert project.environments[0].values == ("qa.yaml",)


@pytest.mark.parametrize(
    ("location", "folder", "joined"),
    [
        ("s3://acme-values/", "/sample/", "s3://acme-values/sample"),
        ("s3://acme-values/team", "a/b", "s3://acme-values/team/a/b"),
        ("s3://acme-values", "/", "s3://acme-values"),
        ("deploy/values", "sample", "deploy/values/sample"),
        ("/srv/values", ".", "/srv/values/."),
    ],
)
def test_the_folder_is_below_the_location(location: str, folder: str, joined: str) -> None:
    """Slashes too many or too few make no difference."""
    environ = {**RELEASE, "HELM_VALUES_LOCATION": location, "HELM_VALUES_S3_FOLDER": folder}
    assert release_project(environ, ROOT).values_location == joined


def test_the_scripts_name_of_the_repository_is_dropped() -> None:
    """`repository/chart`, as `helm install` wants it, names the chart in HELM_CHART_REPOSITORY."""
    project = release_project(
        {**RELEASE, "HELM_CHART_NAME": "acme/backend", "HELM_CHART_VERSION": "1.4.2"}, ROOT
    )
    assert (project.chart.name, project.chart.version) == ("backend", "1.4.2")


def test_what_the_scripts_lacked_is_there_when_it_is_set() -> None:
    """Timeout, context, builder and metric prefix have variables of their own."""
    environ = {
        **RELEASE,
        "TRUNKLINE_TIMEOUT": "8s",
        "TRUNKLINE_SOAK": "1m",
        "TRUNKLINE_ON_FAILURE": "keep",
        "KUBE_CONTEXT": "other",
        "HELM_KUBECONTEXT": "qa-cluster",
    }
    environment = release_project(environ, ROOT).environments[0]
    assert (environment.timeout_s, environment.settle_s, environment.context) == (8.0, 4.0, "qa-cluster")
    assert (environment.soak_s, environment.on_failure) == (60.0, "keep")
    assert release_project({**RELEASE, "KUBE_CONTEXT": "qa"}, ROOT).environments[0].context == "qa"
    project = build_project(
        {**BUILD, "TRUNKLINE_BUILDER": "buildah", "TRUNKLINE_METRIC_PREFIX": "sentinelsix"}, ROOT
    )
    assert (project.image.builder, project.measure.prefix) == ("buildah", "sentinelsix")


@BOTH
def test_datadog_is_on_with_a_key(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...]
) -> None:
    """DD_ENABLED switches sending on, to where DD_SITE or DD_URL say."""
    datadog = read(
        {
            **environ,
            "DD_ENABLED": "true",
            "DD_API_KEY": "abcdef",
            "DD_SITE": "datadoghq.eu",
            "DD_URL": "http://p",
        },
        ROOT,
    ).measure.sinks.datadog
    assert (datadog.enabled, datadog.api_key, datadog.site, datadog.url) == (
        True,
        "abcdef",
        "datadoghq.eu",
        "http://p",
    )


@BOTH
@pytest.mark.parametrize("switch", ["", "false", "False"])
def test_datadog_is_off_without_a_word(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...], switch: str
) -> None:
    """Where DD_ENABLED does not say true, nothing is sent and no key is needed."""
    assert not read({**environ, "DD_ENABLED": switch}, ROOT).measure.sinks.datadog.enabled


@BOTH
def test_datadog_that_is_on_needs_a_key(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...]
) -> None:
    """Sending without a key is a mistake, told together with the others."""
    error = _refusal(read, {**environ, "DD_ENABLED": "true", "DD_ROLE_TAG": ""})
    assert [line.split()[0] for line in error.mistakes] == ["DD_ROLE_TAG", "DD_API_KEY"]


@BOTH
def test_all_missing_variables_are_told_at_once(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...]
) -> None:
    """In an empty environment every required variable is listed with what it is for, and nothing else."""
    error = _refusal(read, {})
    required = [item for item in table if item.required]
    assert list(error.mistakes) == [f"{item.name} is not set: {item.meaning}" for item in required]
    assert f"{len(required)} environment variables are missing or wrong" in error.message
    assert "trunkline.yaml" in error.hint


@BOTH
def test_each_required_variable_is_missed(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...]
) -> None:
    """Without one of the required variables, exactly that one is told; blanks count as missing."""
    for item in table:
        if item.required:
            assert [line.split()[0] for line in _refusal(read, {**environ, item.name: "  "}).mistakes] == [
                item.name
            ]


@pytest.mark.parametrize(
    ("read", "environ", "name", "value", "expected"),
    [
        (build_project, BUILD, "CIRCLE_SHA1", "main", "a commit's hexadecimal name"),
        (build_project, BUILD, "IMAGE_NAME", "Acme/Sample", "an image repository such as quay.io/acme/sample"),
        (build_project, BUILD, "IMAGE_NAME", "acme/sample:latest", "an image repository without tag and digest"),
        (build_project, BUILD, "DD_ENABLED", "1", "true or false"),
        (build_project, BUILD, "DD_API_KEY", "abc\n", "a key without spaces and line breaks"),
        (build_project, BUILD, "TRUNKLINE_BUILDER", "kaniko", "docker, podman or buildah"),
        (build_project, BUILD, "QUAY_PASSWORD", "two\nlines", "a text"),
        (release_project, RELEASE, "RELEASE_NAME", "Sample", "lower-case letters"),
        (release_project, RELEASE, "RELEASE_NAMESPACE", "a.b", "lower-case letters"),
        (release_project, RELEASE, "HELM_CHART_REPOSITORY", "ftp://charts", "s3://bucket/prefix, a directory"),
        (release_project, RELEASE, "HELM_CHART_NAME", "a/b/c", "a chart's name"),
        (release_project, RELEASE, "HELM_CHART_VERSION", ">1.4.", "a version such as 1.4.2 or a range such as ~1.4"),
        (release_project, RELEASE, "HELM_VALUES_S3_FOLDER", "a/../b", "a folder below the values' location"),
        (release_project, RELEASE, "HELM_VALUES_FILENAME", "../x.yaml", "a file's name below"),
        (release_project, RELEASE, "HELM_VALUES_BASE_ON", "yes", "true or false"),
        (release_project, RELEASE, "TRUNKLINE_TIMEOUT", "300", "a duration such as 30s, 5m or 1h30m"),
        (release_project, RELEASE, "TRUNKLINE_ON_FAILURE", "undo", "rollback or keep"),
        (release_project, RELEASE, "DD_URL", "proxy", "an address such as"),
    ],
)  # fmt: skip
def test_a_wrong_variable_is_told_without_its_value(
    read: Read, environ: Mapping[str, str], name: str, value: str, expected: str
) -> None:
    """A malformed value gives one mistake: the variable, what was expected and what it is for."""
    [line] = _refusal(read, {**environ, name: value}).mistakes
    assert line.startswith(f"{name}: expected {expected}")


@BOTH
@given(value=st.text(min_size=6, max_size=30))
def test_no_value_of_any_variable_is_ever_told(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...], value: str
) -> None:
    """Whatever stands in all variables at once, none of it comes out in the error or its traceback."""
    value = f"§{value}§"
    error = _refusal(read, {item.name: value for item in table})
    told = "".join(traceback.format_exception(error))
    assert value not in told
    assert value not in repr(error.mistakes)


@BOTH
def test_a_project_does_not_print_its_secrets(
    read: Read, environ: Mapping[str, str], table: tuple[Variable, ...]
) -> None:
    """The readable form of a project holds no value of a secret variable."""
    secrets = {item.name: f"s3cret-{item.name}" for item in table if item.secret}
    assert secrets
    assert "s3cret-" not in repr(read({**environ, **secrets}, ROOT))


@pytest.mark.parametrize("table", [CONTRACT_BUILD, CONTRACT_RELEASE], ids=["build", "release"])
def test_the_tables_know_their_secrets(table: tuple[Variable, ...]) -> None:
    """A variable is marked secret exactly when the redactor takes it for one; each is described once."""
    names = [item.name for item in table]
    assert len(names) == len(set(names))
    for item in table:
        assert item.secret == is_secret_name(item.name), item.name
        assert item.meaning
        assert not item.meaning.endswith(".")


def test_the_tables_hold_the_scripts_variables() -> None:
    """Every variable that the two scripts read is in the contract."""
    build = set(BUILD) | {"DD_API_KEY", "DD_APP_KEY", "DD_ENABLED"}
    release = set(RELEASE) | {"DD_API_KEY", "DD_APP_KEY", "DD_ENABLED"}
    assert build <= {item.name for item in CONTRACT_BUILD}
    assert release <= {item.name for item in CONTRACT_RELEASE}
