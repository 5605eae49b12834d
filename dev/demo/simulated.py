"""Sets the stage for the demo without a cluster, a container engine or root: Trunkline's own simulated cluster is played on."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dev import tools
from dev.demo.stage import KEY, NAMESPACES, PROGRAM, Stage, datadog, repository
from dev.process import run


@contextmanager
def prepared_simulated(directory: Path) -> Iterator[Stage]:
    """A stage in `directory`; the cluster and Datadog's stand-in are ended with the block."""
    record = directory / "datadog.jsonl"
    with datadog(record) as url:
        environment = _environment(directory, url)
        sample = repository(directory)
        _without_tests(sample, environment)
        up = json.loads(run([PROGRAM, "cluster", "up", "--output", "json"], env=environment))
        try:
            cluster = {**environment, "KUBECONFIG": up["kubeconfig"]}
            _give_dev_its_setting(cluster)
            versions = {
                name.removeprefix(
                    "sample-"
                ): f"{up['url']}/api/v1/namespaces/{name}/services/sample/proxy/version"
                for name in NAMESPACES
            }
            print(
                "No image builder is needed here: for a simulated cluster an image is only described.",
                flush=True,
            )
            yield Stage(sample, cluster, versions, "second-commit-described.patch", record)
        finally:
            run([PROGRAM, "cluster", "down"], env=environment)


def _environment(directory: Path, datadog_url: str) -> dict[str, str]:
    # The demo stands for a person's machine, whatever runs it.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CIRCLE", "TRUNKLINE_", "KUBE"))
    }
    programs = (Path(sys.executable).parent, tools.helm(4).parent, tools.kubectl().parent)
    return {
        **kept,
        "PATH": os.pathsep.join([*map(str, programs), kept["PATH"]]),
        "XDG_STATE_HOME": str(directory / "state"),
        "DD_API_KEY": KEY,
        "DD_URL": datadog_url,
        "TRUNKLINE_LEDGER": f"sqlite:///{directory / 'ledger.db'}",
    }


def _without_tests(sample: Path, environment: Mapping[str, str]) -> None:
    """The sample's own tests need its packages; here they would be a download for a machine that has nothing."""
    path = sample / "trunkline.yaml"
    text = path.read_text(encoding="utf-8").replace(
        "test: python -m pytest -q", "test: python3 -m compileall -q sample_api"
    )
    path.write_text(text, encoding="utf-8")
    run(
        ["git", "commit", "--quiet", "--all", "--message", "Test by compiling only"],
        cwd=sample,
        env=environment,
    )


def _give_dev_its_setting(environment: Mapping[str, str]) -> None:
    """What the second commit needs is there in dev and in production, and was forgotten in QA."""
    for namespace in ("sample-dev", "sample-prod"):
        run(["kubectl", "create", "namespace", namespace], env=environment)
        literal = f"--from-literal=url=http://flags.{namespace}.example"
        run(
            ["kubectl", "create", "configmap", "feature-flags", literal, "--namespace", namespace],
            env=environment,
        )
