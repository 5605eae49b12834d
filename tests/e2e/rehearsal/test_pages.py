"""The pages on rehearsals: their commands are run as they stand there."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.e2e.test_docs import blocks, console, page, run
from tests.e2e.workbench import REPOSITORY, Workbench


def test_without_a_cluster(workbench: Workbench) -> None:
    """The commands of "Try it without a cluster" work in their order."""
    for command in console(page("without-a-cluster.md")):
        run(workbench, command, {}, 0)


def test_rehearse(workbench: Workbench) -> None:
    """The commands of "Rehearse a release" work in their order, and the scenarios of the page are valid."""
    *first, everything = console(page("rehearse.md"))
    assert everything == "trunkline rehearse --all-failures --junit rehearsal.xml"
    for command in first:
        run(workbench, command, {}, 0)
    (scenarios,) = [block for block in blocks(page("rehearse.md"), "yaml") if block.startswith("rehearse:")]
    path = workbench.directory / "trunkline.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{scenarios}", encoding="utf-8")
    run(workbench, "trunkline rehearse --fail database-away --fail slow-but-good", {}, 0)


def test_charts(workbench: Workbench, tmp_path: Path) -> None:
    """The commands of "Keep a chart repository in S3" work in their order; a folder stands for the bucket."""
    shutil.copytree(REPOSITORY / "examples" / "charts", workbench.directory / "charts")
    for command in console(page("charts.md")):
        run(workbench, command.replace("s3://acme-charts/stable", str(tmp_path / "stable")), {}, 0)
    assert workbench.succeed("charts", "list", "-r", str(tmp_path / "stable"), "--output", "json").json == []
