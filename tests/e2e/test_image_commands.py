"""`trunkline image`, as a person runs it: a real registry, and clusters that do not answer."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import tools
from dev.ready import free_port
from dev.registry import Registry
from tests.contract.oci_push import Pusher
from tests.e2e.test_docs import console, page, run
from tests.e2e.workbench import EXAMPLES, Workbench

REVISION = "org.opencontainers.image.revision"


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """The sample, its commit's image in a registry, and an API server that is not there."""
    project = tmp_path / "sample"
    shutil.copytree(EXAMPLES / "sample", project, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXAMPLES / "charts", tmp_path / "charts")
    nowhere = {"cluster": {"server": f"http://127.0.0.1:{free_port()}"}, "name": "nowhere"}
    context = {"context": {"cluster": "nowhere", "user": ""}, "name": "nowhere"}
    kubeconfig = {"clusters": [nowhere], "contexts": [context], "current-context": "nowhere"}
    (tmp_path / "kubeconfig").write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **kubeconfig}))
    with Registry() as server:
        environment = {
            "PATH": f"{tools.helm(4).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            "KUBECONFIG": str(tmp_path / "kubeconfig"),
            "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/ledger.db",
            "SAMPLE_REGISTRY": server.host,
            "XDG_DATA_HOME": str(tmp_path / "data"),
        }
        bench = Workbench(project, environment)
        bench.tool("git", "init", "--quiet", "--initial-branch", "main")
        bench.tool("git", "config", "user.email", "ada@example.com")
        bench.tool("git", "config", "user.name", "Ada")
        sha = bench.commit()
        Pusher(server.url, "acme/sample").image(sha[:7], {REVISION: sha})
        try:
            yield bench
        finally:
            bench.end()


def test_images_are_listed_inspected_and_tagged(bench: Workbench) -> None:
    """The commit's image is found, in all spellings; clusters that do not answer are told and in nobody's way."""
    sha = bench.tool("git", "rev-parse", "HEAD").strip()
    listed = bench.succeed("image", "list")
    assert sha[:7] in listed.stdout
    assert "dev could not be asked: " in listed.stdout
    facts = bench.succeed("image", "list", "--commit", "HEAD", "--output", "json").json
    [image] = facts["images"]
    assert (image["commit"], image["tags"], list(image["platforms"])) == (sha, [sha[:7]], ["linux/amd64"])
    assert bench.succeed("image", "inspect", "--output", "json").json["digest"] == image["digest"]
    assert f"{REVISION}={sha}" in bench.succeed("image", "inspect", sha).stdout
    assert bench.succeed("image", "retag", sha, "v1").stdout.strip().endswith(f":v1@{image['digest']}")
    assert bench.succeed("image", "list", "--output", "json").json["images"][0]["tags"] == sorted(
        [sha[:7], "v1"]
    )
    assert bench.trunkline("image", "inspect", "gone").code == 2


def test_nothing_is_pruned_while_a_cluster_is_silent(bench: Workbench) -> None:
    """Where it is not known what runs, pruning ends with 7, names the environment, and the image is still there."""
    outcome = bench.trunkline("image", "prune", "--keep", "0", "--older-than", "0s", "--yes")
    assert outcome.code == 7, str(outcome)
    assert "runs is not known, so nothing is removed" in outcome.stderr
    assert len(bench.succeed("image", "list", "--output", "json").json["images"]) == 1


def test_the_commands_of_the_page(bench: Workbench) -> None:
    """The page's commands for the registry of this machine work where none was started."""
    for command in console(page("image-commands.md")):
        run(bench, command, {}, 0)
    state = bench.succeed("image", "registry", "status", "--port", str(free_port()), "--output", "json").json
    assert (state["running"], state["pid"]) == (False, 0)
