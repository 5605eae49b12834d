"""What end-to-end tests stand on: a real cluster, its registry, a base image, and Datadog's stand-in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dev import tools
from tests.e2e.workbench import EXAMPLES, REPOSITORY, Workbench, clean_environment, make_project
from tests.standins.datadog import DatadogStandin


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """A shell has what it starts in the background ignore Ctrl-C, and every program would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def base_image(kubeconfig: Path) -> str:
    """A Python base image in the cluster's registry, made without a hub."""
    argv = [sys.executable, "-m", "dev.baseimage", "--registry", os.environ["TRUNKLINE_TEST_REGISTRY"]]
    argv += ["--requirements", str(EXAMPLES / "sample" / "requirements.txt")]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


@pytest.fixture
def datadog() -> Iterator[DatadogStandin]:
    """Datadog's intake."""
    with DatadogStandin() as standin:
        yield standin


@pytest.fixture
def surroundings(
    tmp_path: Path, kubeconfig: Path, base_image: str, datadog: DatadogStandin
) -> Mapping[str, str]:
    """The environment variables of a team's machine that reaches the cluster."""
    return {
        **clean_environment(tmp_path / "state"),
        "KUBECONFIG": str(kubeconfig),
        "BASE_IMAGE": base_image,
        "SAMPLE_REGISTRY": os.environ["TRUNKLINE_TEST_REGISTRY"],
        "DD_API_KEY": datadog.key,
        "DD_URL": datadog.url,
        "TRUNKLINE_LEDGER": f"sqlite:///{tmp_path / 'ledger.db'}",
        "TRUNKLINE_ACTOR": "ada",
    }


@pytest.fixture
def workbench(tmp_path: Path, surroundings: Mapping[str, str]) -> Iterator[Workbench]:
    """A project with namespaces of its own, which are gone after the test."""
    bench = make_project(tmp_path / "repository", surroundings, f"e2e-{uuid.uuid4().hex[:8]}")
    yield bench
    bench.end()
    bench.tool(
        "kubectl", "delete", "namespace", *bench.namespaces.values(), "--ignore-not-found", "--wait=false"
    )


@pytest.fixture(scope="session")
def helm3() -> Path:
    """The real Helm 3."""
    return tools.helm(3)
