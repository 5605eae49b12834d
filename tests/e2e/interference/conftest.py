"""What the tests of interference stand on, and the table of the points at which was killed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.workbench import clean_environment

table = pytest.StashKey[list[str]]()


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> ToolsImage:
    """The one image of all these services."""
    return ToolsImage(os.environ["TRUNKLINE_TEST_REGISTRY"], tmp_path_factory.mktemp("image"))


@pytest.fixture
def machine(tmp_path: Path, kubeconfig: Path) -> dict[str, str]:
    """The environment variables of a team's machine."""
    known: Mapping[str, str] = clean_environment(tmp_path / "state")
    return {**known, "KUBECONFIG": str(kubeconfig), "TRUNKLINE_ACTOR": "ada"}


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> list[str]:
    """The table's lines, printed at the end of the run."""
    return request.config.stash.setdefault(table, [])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what became of each kill, for people to read."""
    found = config.stash.get(table, [])
    if found:
        terminalreporter.section("kill -9 at every change")
        for line in found:
            terminalreporter.write_line(line)
