"""`trunkline init`, as a person runs it in a repository that has a pipeline already."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.workbench import EXAMPLES, REPOSITORY, Workbench

_ARTICLE = REPOSITORY / "tests" / "unit" / "config" / "circleci" / "article.yml"


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """The sample as it was before Trunkline, with the pipeline that Trunkline started from."""
    folder = tmp_path / "ts-sample"
    shutil.copytree(
        EXAMPLES / "sample", folder, ignore=shutil.ignore_patterns("trunkline.yaml", "__pycache__")
    )
    (folder / ".circleci").mkdir()
    shutil.copy(_ARTICLE, folder / ".circleci" / "config.yml")
    made = Workbench(folder, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    made.tool("git", "init", "--quiet", "--initial-branch", "main")
    return made


def test_a_repository_gets_a_file_that_passes(bench: Workbench) -> None:
    """With every guess explained, what is wrong with the old pipeline, and a new pipeline that is made of it."""
    told = bench.succeed("init").stdout
    assert "The tests are run by `python -m pytest -q`" in told
    assert "the approval 'approval_qa' requires nothing" in told
    assert "There is no production" in told
    checked = bench.succeed("check", "--output", "json").json
    assert (checked["service"], checked["environments"]) == ("ts-sample", ["dev", "qa"])
    again = bench.trunkline("init")
    assert (again.code, "is there already" in again.stderr) == (2, True)
    assert bench.succeed("init", "--stdout").stdout == (bench.directory / "trunkline.yaml").read_text()
    refused = bench.trunkline("ci", "generate", "circleci")
    assert (refused.code, "have no image with Helm and kubectl" in refused.stderr) == (2, True)
    kept = bench.directory / ".circleci" / "config.yml"
    assert kept.read_text() == _ARTICLE.read_text()


def test_an_old_file_of_elsewhere(bench: Workbench) -> None:
    """May be named; one that is not there is told."""
    (bench.directory / ".circleci" / "config.yml").rename(bench.directory / "old.yml")
    facts = bench.succeed("init", "--from-circleci", "old.yml", "--output", "json").json
    assert "approval-first" in {item["rule"] for item in facts["circleci"]}
    assert bench.trunkline("init", "--from-circleci", "gone.yml").code == 2
