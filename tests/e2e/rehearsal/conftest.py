"""What tests of rehearsals stand on: real Helm and kubectl, a project, and no cluster at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import tools
from tests.e2e.workbench import Workbench, clean_environment, make_project


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment variables of a machine without any cluster."""
    environment = clean_environment(tmp_path / "state")
    environment.pop("KUBECONFIG", None)
    home = tmp_path / "home"
    home.mkdir()
    programs = (tools.helm(4).parent, tools.kubectl().parent)
    path = os.pathsep.join([*map(str, programs), environment["PATH"]])
    return {**environment, "HOME": str(home), "PATH": path, "TRUNKLINE_ACTOR": "ada"}


@pytest.fixture
def workbench(tmp_path: Path, machine: dict[str, str]) -> Iterator[Workbench]:
    """The sample as a project; what was started is ended."""
    bench = make_project(tmp_path / "repository", machine, "sample")
    yield bench
    bench.end()
    bench.trunkline("cluster", "down")
