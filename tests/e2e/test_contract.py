"""The environment-variable contract, without any file: two commands in the place of two scripts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dev.registry import Registry
from dev.s3 import S3
from tests.e2e.workbench import EXAMPLES, PROGRAM, Outcome, clean_environment
from tests.standins.datadog import DatadogStandin

CANARY = "cAnArY-9f8e7d6c5b"
SECRETS = {
    "QUAY_PASSWORD": f"{CANARY}-quay'\"$x y",
    "DD_APP_KEY": f"{CANARY}-app",
    "AWS_SECRET_ACCESS_KEY": f"{CANARY}-aws",
}
BUILD = {
    "CIRCLE_SHA1": "0123456789abcdef0123456789abcdef01234567",
    "QUAY_USERNAME": "acme+ci",
    "QUAY_PASSWORD": SECRETS["QUAY_PASSWORD"],
    "DD_EVENT_VERSION": "7",
    "DD_METRIC_VERSION": "6",
    "DD_ROLE_TAG": "backend",
    "DD_APP_KEY": SECRETS["DD_APP_KEY"],
    "DD_ENABLED": "true",
    "TRUNKLINE_METRIC_PREFIX": "sentinelsix",
}
TOOLS = ("helm", "git", "podman", "buildah", "docker", "kubectl", "sh")


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A directory with nothing of Trunkline's in it."""
    directory = tmp_path / "work"
    directory.mkdir()
    return directory


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**clean_environment(tmp_path / "state"), "TRUNKLINE_LEDGER": f"sqlite:///{tmp_path}/ledger.db"}


def trunkline(directory: Path, environment: Mapping[str, str], *arguments: str) -> Outcome:
    done = subprocess.run(
        [str(PROGRAM), *arguments],
        cwd=directory,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (
            "build",
            [
                "IMAGE_NAME",
                "QUAY_USERNAME",
                "QUAY_PASSWORD",
                "DD_EVENT_VERSION",
                "DD_METRIC_VERSION",
                "DD_ROLE_TAG",
            ],
        ),
        (
            "release",
            [
                "RELEASE_NAME",
                "RELEASE_NAMESPACE",
                "HELM_CHART_NAME",
                "HELM_VALUES_S3_FOLDER",
                "HELM_VALUES_FILENAME",
                "HELM_VALUES_BASE_ON",
                "HELM_CHART_REPOSITORY",
                "HELM_VALUES_LOCATION",
                "DD_ENVIRONMENT_TAG",
                "DD_ROLE_TAG",
            ],
        ),
    ],
)
def test_all_missing_variables_are_listed_at_once(
    empty: Path, environment: dict[str, str], command: str, names: list[str]
) -> None:
    """What is missing is listed all at once, with exit code 2."""
    outcome = trunkline(empty, environment, command)
    assert outcome.code == 2, str(outcome)
    for name in names:
        assert name in outcome.stderr


@pytest.mark.parametrize(
    "malformed",
    [
        {"IMAGE_NAME": f"Not An Image {CANARY}"},
        {"CIRCLE_SHA1": f"{CANARY}"},
        {"DD_ENABLED": f"{CANARY}", "IMAGE_NAME": "acme/sample"},
        {"TRUNKLINE_METRIC_PREFIX": f"{CANARY} {CANARY}", "IMAGE_NAME": "acme/sample"},
    ],
    ids=lambda value: next(iter(value)),
)
def test_a_malformed_variable_is_named_but_its_value_is_not_shown(
    empty: Path, environment: dict[str, str], malformed: dict[str, str]
) -> None:
    """Somebody may have put a password into the wrong variable: no value of the contract is ever printed."""
    outcome = trunkline(empty, {**environment, **BUILD, "DD_API_KEY": CANARY, **malformed}, "build")
    assert outcome.code == 2, str(outcome)
    assert CANARY not in outcome.stdout + outcome.stderr


class Recorder:
    """Stands before the real tools on PATH and writes down with which arguments they are called."""

    def __init__(self, directory: Path, path: str) -> None:
        self.log = directory / "argv.log"
        self.log.touch()
        shims = directory / "shims"
        shims.mkdir()
        for tool in TOOLS:
            real = shutil.which(tool, path=path)
            if real:
                shim = shims / tool
                shim.write_text(f'#!/bin/sh\nprintf "%s\\n" "{tool} $*" >> {self.log}\nexec {real} "$@"\n')
                shim.chmod(0o755)
        self.path = f"{shims}{os.pathsep}{path}"

    @property
    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


@pytest.fixture
def storage() -> Iterator[S3]:
    """Charts and values in S3, packed by the real Helm."""
    with S3(buckets=["charts", "values"], secret_key=SECRETS["AWS_SECRET_ACCESS_KEY"]) as server:
        yield server


def fill(storage: S3, tmp_path: Path, repository: str) -> None:
    """Put the chart, with its index, and the values layers into the buckets."""
    import obstore  # noqa: PLC0415 - an extra, needed here only

    packed = tmp_path / "packed"
    for argv in (
        ["helm", "package", str(EXAMPLES / "charts" / "backend"), "--destination", str(packed)],
        ["helm", "repo", "index", str(packed)],
    ):
        subprocess.run(argv, check=True, capture_output=True)
    for path in packed.iterdir():
        obstore.put(storage.writer("charts"), path.name, path.read_bytes())
    base = (EXAMPLES / "sample" / "values" / "base.yaml").read_bytes()
    obstore.put(storage.writer("values"), "sample/base.yaml", base)
    own = {
        "replicas": 1,
        "image": {"repository": repository},
        "environment": {"plain": {"ENVIRONMENT": {"value": "qa"}}},
    }
    obstore.put(storage.writer("values"), "sample/qa.yaml", json.dumps(own).encode())


@pytest.mark.cluster
def test_two_commands_replace_the_two_scripts_and_leak_nothing(
    tmp_path: Path,
    surroundings: Mapping[str, str],
    base_image: str,
    storage: S3,
    datadog: DatadogStandin,
) -> None:
    """Build and release by variables alone: the same measurements as the scripts, and no secret anywhere."""
    repository = f"{os.environ['TRUNKLINE_TEST_REGISTRY']}/acme/contract-{uuid.uuid4().hex[:8]}"
    namespace = f"e2e-{uuid.uuid4().hex[:8]}"
    work = tmp_path / "work"
    shutil.copytree(EXAMPLES / "sample", work)
    (work / "trunkline.yaml").unlink()
    dockerfile = work / "Dockerfile"
    dockerfile.write_text(
        dockerfile.read_text(encoding="utf-8").replace("docker.io/library/python:3.12-slim", base_image),
        encoding="utf-8",
    )
    fill(storage, tmp_path, repository)
    datadog.key = f"{CANARY}-api-0123456789abcdef"
    recorder = Recorder(tmp_path, surroundings["PATH"])
    environment = {
        **surroundings,
        **BUILD,
        "PATH": recorder.path,
        "IMAGE_NAME": repository,
        "DD_API_KEY": datadog.key,
        "RELEASE_NAME": "sample",
        "RELEASE_NAMESPACE": namespace,
        "HELM_CHART_NAME": "backend",
        "HELM_CHART_REPOSITORY": "s3://charts",
        "HELM_VALUES_LOCATION": "s3://values",
        "HELM_VALUES_S3_FOLDER": "sample",
        "HELM_VALUES_FILENAME": "qa.yaml",
        "HELM_VALUES_BASE_ON": "true",
        "DD_ENVIRONMENT_TAG": "qa",
        "AWS_ACCESS_KEY_ID": storage.access_key,
        "AWS_SECRET_ACCESS_KEY": SECRETS["AWS_SECRET_ACCESS_KEY"],
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_S3": storage.endpoint,
    }
    outcomes = []
    try:
        outcomes.append(trunkline(work, environment, "build"))
        assert outcomes[-1].code == 0, str(outcomes[-1])
        without_image = {name: value for name, value in environment.items() if name != "IMAGE_NAME"}
        outcomes.append(trunkline(work, without_image, "release"))
        assert outcomes[-1].code == 0, str(outcomes[-1])
        assert "@sha256:" in outcomes[-1].stdout
        # Everything that can go wrong, with the secrets still in place.
        for trouble, code in (
            ({"HELM_VALUES_FILENAME": "nowhere.yaml"}, 2),
            ({"AWS_SECRET_ACCESS_KEY": f"{CANARY}-wrong"}, 7),
            ({"KUBECONFIG": str(tmp_path / "none")}, None),
            ({"DD_API_KEY": f"{CANARY}-refused"}, 0),
            ({"DD_URL": f"http://user:{CANARY}@127.0.0.1:9"}, 0),
        ):
            outcomes.append(trunkline(work, {**without_image, **trouble}, "release"))
            if code is not None:
                assert outcomes[-1].code == code, str(outcomes[-1])
    finally:
        subprocess.run(
            ["kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--wait=false"],
            env=dict(surroundings),
            check=False,
            capture_output=True,
        )
    _check_measurements(datadog, repository)
    said = "\n".join(str(outcome) for outcome in outcomes)
    assert CANARY not in said
    assert "podman" in recorder.text or "buildah" in recorder.text or "docker" in recorder.text
    assert CANARY not in recorder.text
    for path in tmp_path.glob("ledger.db*"):
        assert CANARY.encode() not in path.read_bytes()
    for path in (tmp_path / "state").rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()
    assert CANARY not in json.dumps([datadog.metrics, datadog.events])


def _check_measurements(datadog: DatadogStandin, repository: str) -> None:
    """The names, types and tags that the scripts sent."""
    by_name = {metric["name"]: metric for metric in reversed(datadog.metrics)}
    assert {name: metric["type"] for name, metric in by_name.items()} == {
        "sentinelsix.build.count": "count",
        "sentinelsix.build.elapsed_time": "gauge",
        "sentinelsix.release.count": "count",
        "sentinelsix.release.elapsed_time": "gauge",
    }
    build = {"status:success", "role:backend", f"image:{repository}", "version:6"}
    release = {"environment:qa", "status:success", "role:backend", "release:sample", "version:6"}
    assert set(by_name["sentinelsix.build.count"]["tags"]) == build
    assert set(by_name["sentinelsix.release.count"]["tags"]) == release
    titles = [event["title"] for event in datadog.events]
    assert titles[:4] == [
        "Sentinelsix Build Tag: 0123456 Build: sample (Info)",
        "Sentinelsix Build Tag: 0123456 Build: sample (Success)",
        "Sentinelsix Release Tag: 0123456 Release: sample (Info)",
        "Sentinelsix Release Tag: 0123456 Release: sample (Success)",
    ]
    assert all("version:7" in event["tags"] for event in datadog.events)


@pytest.mark.cluster
def test_a_registry_with_a_password_is_logged_in_to_by_stdin(
    tmp_path: Path, surroundings: Mapping[str, str], base_image: str
) -> None:
    """The build logs in to the registry without the password on a command line; a wrong one is exit code 7."""
    work = tmp_path / "work"
    work.mkdir()
    (work / "Dockerfile").write_text(f"FROM {base_image}\nCMD python3\n", encoding="utf-8")
    recorder = Recorder(tmp_path, surroundings["PATH"])
    with Registry(username="acme+ci", password=SECRETS["QUAY_PASSWORD"]) as registry:
        environment = {
            **surroundings,
            **BUILD,
            "PATH": recorder.path,
            "IMAGE_NAME": f"{registry.host}/acme/sample",
            "DD_ENABLED": "false",
        }
        wrong = trunkline(work, {**environment, "QUAY_PASSWORD": f"{CANARY}-wrong"}, "build")
        right = trunkline(work, environment, "build")
    assert wrong.code == 7, str(wrong)
    assert right.code == 0, str(right)
    for text in (str(wrong), str(right), recorder.text):
        assert CANARY not in text


def test_it_runs_as_a_module(empty: Path, environment: dict[str, str]) -> None:
    """`python -m trunkline` is the same program."""
    done = subprocess.run(
        [sys.executable, "-m", "trunkline", "--version"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("trunkline ")
