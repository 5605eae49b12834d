"""What a valid project file means, and how the file is found and read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.config.files import ENVIRON, FULL, ROOT, VALID, mistakes, read, with_lines
from trunkline.config.checks import CommandCheck, Expectation, HelmTest, HttpCheck
from trunkline.config.load import find_project_file, load_project, read_project
from trunkline.config.project import Environment, ImageKeys, MeasureSettings, Project
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
from trunkline.domain.images import parse_image
from trunkline.errors import ConfigurationError, UsageError

_SAMPLE = Path(__file__).resolve().parents[3] / "examples" / "sample" / "trunkline.yaml"


def test_every_key_reaches_the_project() -> None:
    """A file that uses all keys gives a project with all of their values."""
    project = read(FULL, ENVIRON)
    image, chart = project.image, project.chart
    assert (project.service, project.trunk, project.root) == ("sample", "release/1", ROOT)
    assert project.test == "python -m pytest -q\npython -m build\n"
    assert project.source == "trunkline.yaml"
    assert image.repository == parse_image("quay.io/acme/sample")
    assert (image.dockerfile, image.context, image.target) == ("docker/Dockerfile", "./app", "runtime")
    assert (image.builder, image.username, image.password) == ("podman", "acme+robot", "pa: ss'w\"ord")
    assert image.build_args == {
        "COMMIT": "${TRUNKLINE_COMMIT}",
        "VERSION": "1.10",
        "SHELL_STYLE": "${HOME}",
    }
    assert (chart.path, chart.name, chart.repository) == ("", "backend", "s3://acme-charts/stable")
    assert (chart.version, chart.image_keys) == ("1.4.2", ImageKeys("app.image", "", ""))
    assert project.values_location == "/home/ann/values"
    assert project.environments == (
        Environment(
            name="dev",
            namespace="sample-dev",
            release="sample",
            kubeconfig="/srv/sample/kube/dev.yaml",
            values=("base.yaml", "team/dev.yaml"),
            allow=frozenset({"dirty", "off_trunk"}),
            create_namespace=False,
            tag="development",
        ),
        Environment(
            name="qa",
            namespace="sample-qa",
            release="sample.qa",
            context="qa",
            kubeconfig="/home/ann/.kube/qa.yaml",
            needs=("dev",),
            approval=True,
            timeout_s=5400.0,
            settle_s=0.5,
            history_max=5,
            soak_s=90.0,
            on_failure="keep",
            checks=(
                HttpCheck(
                    "the right version answers",
                    service="sample",
                    port="http",
                    path="/version?of=${TRUNKLINE_SHORT_COMMIT}",
                    expect=Expectation(
                        (200, 203), "sample", {"build.commit": "${TRUNKLINE_COMMIT}", "major": "1.10"}
                    ),
                    timeout_s=30.0,
                ),
                HttpCheck(
                    "GET https://qa.example.com/healthz?deep=1", url="https://qa.example.com/healthz?deep=1"
                ),
                CommandCheck(
                    './smoke.sh "${TRUNKLINE_IMAGE}" /home/ann',
                    './smoke.sh "${TRUNKLINE_IMAGE}" /home/ann',
                    {
                        "TRUNKLINE_SERVICE": "sample",
                        "TRUNKLINE_ENVIRONMENT": "qa",
                        "TRUNKLINE_NAMESPACE": "sample-qa",
                        "TRUNKLINE_RELEASE": "sample.qa",
                    },
                ),
                HelmTest("helm test", 120.0),
            ),
        ),
    )
    assert project.measure == MeasureSettings(
        prefix="acme.ci",
        host="builder",
        role="backend",
        metric_version="2",
        event_version="3",
        team="payments",
        sinks=SinkSettings(
            datadog=DatadogSettings(site="datadoghq.eu", url="http://127.0.0.1:8126", dora=True, ci=True),
            dogstatsd=DogStatsdSettings("unix:///run/dsd.socket", timestamps=False),
            statsd=StatsdSettings("127.0.0.1:8125", tags=True),
            graphite=GraphiteSettings("127.0.0.1:2003", False, "http://127.0.0.1:8080"),
            pushgateway=PushgatewaySettings("http://127.0.0.1:9091", "ci", "p4ss w0rd"),
            otlp=OtlpSettings("http://127.0.0.1:4318/v1/metrics", ""),
            webhook=WebhookSettings("http://127.0.0.1:8000/hook"),
            notify=NotifySettings(about="failures", environments=("prod",)),
        ),
    )


def test_what_is_left_out_has_the_projects_defaults() -> None:
    """A short file gives the defaults that `project` states, so that schema and project cannot drift apart."""
    project = read(VALID)
    qa = Environment(name="qa", namespace="sample-qa", release="sample", needs=("dev",))
    bare = Project("sample", ROOT, project.image, project.chart, project.environments)
    assert project == bare
    assert project.environment("qa") == qa
    assert project.image == type(project.image)(project.image.repository)
    assert project.chart == type(project.chart)(path="chart")


def test_texts_in_the_project_are_plain() -> None:
    """No value carries its spelling out of this room, where it could surprise a serializer."""
    project = read(FULL, ENVIRON)
    qa = project.environments[1]
    for value in (project.image.password, project.image.username, project.trunk, qa.context, qa.namespace):
        assert type(value) is str


def test_the_sample_is_valid() -> None:
    """The example that people copy loads without any variable set."""
    project = load_project(_SAMPLE, {})
    assert [item.name for item in project.environments] == ["dev", "qa", "prod"]
    assert project.root == _SAMPLE.parent
    assert project.image.build_args["COMMIT"] == "${TRUNKLINE_COMMIT}"


@pytest.mark.parametrize("switch", ["false", "{enabled: false}", "${SEND:-false}"])
def test_datadog_can_be_switched_off_in_one_word(switch: str) -> None:
    """`datadog: false` is short for `enabled: false`, also through a variable."""
    assert not read(
        with_lines(("chart:", f"measure:\n  sinks:\n    datadog: {switch}\nchart:"))
    ).measure.sinks.datadog.enabled


def test_the_environment_overrides_where_measurements_go() -> None:
    """The variables that Datadog's own tools know win over the file; the key comes from nowhere else."""
    environ = {
        **ENVIRON,
        "TRUNKLINE_METRIC_PREFIX": "sentinelsix",
        "DD_SITE": "us5.datadoghq.com",
        "DD_URL": "https://proxy",
        "DD_API_KEY": "0123456789abcdef",
        "DD_ENABLED": "False",
    }
    measure = read(FULL, environ).measure
    datadog = measure.sinks.datadog
    assert (measure.prefix, datadog.site, datadog.url) == (
        "sentinelsix",
        "us5.datadoghq.com",
        "https://proxy",
    )
    assert (datadog.api_key, datadog.enabled) == ("0123456789abcdef", False)


def test_an_empty_variable_overrides_nothing() -> None:
    """CI systems set variables to nothing; that leaves the file's word."""
    measure = read(FULL, {**ENVIRON, "DD_SITE": "", "DD_ENABLED": " ", "TRUNKLINE_METRIC_PREFIX": ""}).measure
    datadog = measure.sinks.datadog
    assert (measure.prefix, datadog.site, datadog.enabled) == ("acme.ci", "datadoghq.eu", True)


def test_a_wrong_variable_is_told_after_the_file() -> None:
    """A malformed override is a mistake that names the variable and not its value."""
    found = mistakes(
        with_lines(("version: 1", "version: 3")), {"DD_URL": "ftp://bob", "DD_API_KEY": "two words"}
    )
    assert found[1:] == [
        "DD_API_KEY: expected a key without spaces and line breaks (the key that Datadog takes measurements with)",
        "DD_URL: expected an address such as https://proxy.example.com (the address of Datadog's intake, for proxies and tests)",
    ]


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Files that some editors begin with a mark are read."""
    assert read_project(b"\xef\xbb\xbf" + VALID.encode(), "f", ROOT, {}).service == "sample"


def test_windows_line_ends_are_no_mistake() -> None:
    """Files with carriage returns are read, and places are counted as ever."""
    assert read(VALID.replace("\n", "\r\n")) == read(VALID)
    assert mistakes(with_lines(("version: 1", "version: 1\r\nx: y")))[0].startswith("trunkline.yaml:2:1: ")


def test_the_root_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named relatively gives a root that still holds when the directory changes."""
    (tmp_path / "trunkline.yaml").write_text(VALID, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    project = load_project(Path("trunkline.yaml"), {})
    assert (project.root, project.source) == (tmp_path, "trunkline.yaml")


def test_mistakes_name_the_file_as_it_was_given(tmp_path: Path) -> None:
    """The path in a mistake can be pasted where the path was given."""
    path = tmp_path / "other.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_project(path, {})
    assert caught.value.mistakes == (f"{path}:1:1: the file is empty",)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    """A file that is not there is a usage error with the next step."""
    with pytest.raises(UsageError, match="There is no file") as caught:
        load_project(tmp_path / "trunkline.yaml", {})
    assert "--config" in caught.value.hint
    assert not isinstance(caught.value, ConfigurationError)


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    """A path that cannot be read as a file is a usage error with the system's reason."""
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        load_project(tmp_path, {})


def test_the_file_is_found_from_below(tmp_path: Path) -> None:
    """The nearest file counts, in the directory itself or above it."""
    inner = tmp_path / "services" / "api" / "src"
    inner.mkdir(parents=True)
    outer_file, inner_file = tmp_path / "trunkline.yaml", inner.parent / "trunkline.yaml"
    outer_file.touch()
    assert find_project_file(inner) == outer_file
    inner_file.touch()
    assert find_project_file(inner) == inner_file


def test_the_search_ends_at_the_git_work_tree(tmp_path: Path) -> None:
    """A file above the repository belongs to somebody else."""
    (tmp_path / "trunkline.yaml").touch()
    repository = tmp_path / "repository"
    (repository / "src").mkdir(parents=True)
    # In a linked work tree, `.git` is a file.
    (repository / ".git").touch()
    assert find_project_file(repository / "src") is None
    (repository / "trunkline.yaml").touch()
    assert find_project_file(repository / "src") == repository / "trunkline.yaml"


_LINES = VALID.splitlines()
_words = st.sampled_from(
    [
        "${A}",
        "$${",
        "5m",
        "true",
        "[",
        "{}",
        "- x",
        "&a",
        "*a",
        "!!str",
        "'",
        '"',
        "|",
        "~",
        "dev",
        "1",
        "\t",
        ":",
        "é",
        "\ud7ff",
    ]
)


@given(
    st.lists(st.tuples(st.integers(0, len(_LINES) - 1), st.integers(0, 30), _words), min_size=1, max_size=6)
)
def test_no_damage_to_a_file_breaks_the_loader(damage: list[tuple[int, int, str]]) -> None:
    """However a valid file is damaged, it is a project still or its mistakes are told."""
    lines = list(_LINES)
    for number, column, word in damage:
        lines[number] = lines[number][:column] + word + lines[number][column:]
    _survives("\n".join(lines).encode())


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_content_breaks_the_loader(content: bytes) -> None:
    """Whatever a file holds, it is a project or its mistakes are told."""
    _survives(content)


_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(["dev", "5m", "${A}", "", "x" * 70]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["path", "name", "needs", "namespace", "enabled", "dev", "", "[key]", "timeout", "settle"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["version", "service", "image", "chart", "values", "environments", "measure", "test"]
        ),
        _values,
    )
)
def test_no_shape_breaks_the_loader(tree: dict[str, object]) -> None:
    """Values of any shape under the known keys are a project or told as mistakes."""
    import yaml  # noqa: PLC0415 - as the loader does

    _survives(yaml.safe_dump(tree).encode())


def _survives(content: bytes) -> None:
    project, told = _outcome(content)
    assert bool(told) == (project is None)
    assert all(line.startswith("f.yaml:") and "\n" not in line for line in told)


def _outcome(content: bytes) -> tuple[Project | None, tuple[str, ...]]:
    try:
        return read_project(content, "f.yaml", ROOT, {"A": "a"}), ()
    except ConfigurationError as error:
        return None, error.mistakes
