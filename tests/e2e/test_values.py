"""`trunkline values`, as a person runs it: no cluster, no registry."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import tools
from dev.ready import free_port
from tests.e2e.workbench import EXAMPLES, Workbench

SECRET = "correct-horse-battery"
PROD = f"replicas: 3\nfeature: yes\nsmtp:\n  password: {SECRET}\n"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """The sample in a repository of its own, with a registry that is not there."""
    project = tmp_path / "sample"
    shutil.copytree(EXAMPLES / "sample", project, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXAMPLES / "charts", tmp_path / "charts")
    environment = {
        "PATH": f"{tools.helm(4).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/ledger.db",
        "SAMPLE_REGISTRY": f"127.0.0.1:{free_port()}",
    }
    bench = Workbench(project, environment)
    bench.tool("git", "init", "--quiet", "--initial-branch", "main")
    bench.tool("git", "config", "user.email", "ada@example.com")
    bench.tool("git", "config", "user.name", "Ada")
    (project / "values" / "prod.yaml").write_text(PROD)
    bench.commit()
    try:
        yield bench
    finally:
        bench.end()


def test_values_and_their_layers(bench: Workbench) -> None:
    """Each value comes with its layer, typed as Helm does; secrets are masked, and nothing needs to be there."""
    shown = bench.succeed("values", "prod")
    rows = {line.split()[0]: line.split()[1:] for line in shown.stdout.splitlines() if line.strip()}
    assert rows["replicas"] == ["3", "prod.yaml"]
    assert rows["feature"] == ["true", "prod.yaml"]
    assert rows["smtp.password"] == ['"*****"', "prod.yaml"]
    assert rows["image.tag"][1] == "trunkline"
    assert "digest is not known" in shown.stdout
    facts = bench.succeed("values", "prod", "replicas", "--output", "json").json
    assert facts["values"] == {"replicas": 3}
    assert facts["origins"][0]["overrode"]
    assert "overrode" in bench.succeed("values", "prod", "replicas", "--all").stdout
    assert (
        SECRET not in shown.stdout + shown.stderr + bench.succeed("values", "prod", "--output", "json").stdout
    )


def test_what_is_not_there(bench: Workbench) -> None:
    """A layer, a key or an environment that is not there, and a layer that Helm cannot read, are exit code 2."""
    for arguments, said in (
        (("prod", "--layer", "qa.yaml"), "prod has no values layer 'qa.yaml'"),
        (("prod", "nothing"), "prod has no value 'nothing'"),
        (("staging",), "staging"),
    ):
        outcome = bench.trunkline("values", *arguments)
        assert (outcome.code, said in outcome.stderr) == (2, True), str(outcome)
    (bench.directory / "values" / "prod.yaml").write_text("- a\n")
    outcome = bench.trunkline("values", "prod")
    assert (outcome.code, "The values layer prod.yaml cannot be read by Helm" in outcome.stderr) == (2, True)
