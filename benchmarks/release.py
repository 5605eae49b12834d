"""`trunkline release` next to the bare `helm upgrade --install` that it runs, on the cluster of `dev.cluster`.

Both deploy the same chart, values and image again and again, so that no pod changes and only the tools' own time
is measured. Trunkline runs Helm twice, to read the history and to upgrade; its own time includes git, the registry,
the lease, the watch, the ledger and Datadog.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import measure, print_table
from dev.demo.stage import REPOSITORY, prepared
from dev.process import run

_RUNS = 9
_MS = 1000


def main() -> None:
    """Print the table."""
    program = str(Path(sys.executable).with_name("trunkline"))
    with TemporaryDirectory(prefix="trunkline-bench-") as directory, prepared(Path(directory)) as stage:
        stage.trunkline("build")
        stage.trunkline("release", "dev")
        image = json.loads(stage.trunkline("build", "--output", "json"))
        pins = {"image": {key: image[key] for key in ("repository", "tag", "digest")}}
        (stage.sample / "pins.json").write_text(json.dumps(pins), encoding="utf-8")
        stage.git("add", "--all")
        stage.git("commit", "--quiet", "--message", "Pins for the bare Helm")
        stage.trunkline("build")
        upgrade = ["helm", "upgrade", "--install", "sample", "../charts/backend", "--namespace", "sample-dev"]
        values = ["--values", "values/base.yaml", "--values", "values/dev.yaml", "--values", "pins.json"]
        env, cwd = dict(stage.environment), stage.sample
        stage.trunkline("release", "dev")
        ours = measure(
            "trunkline release dev", [program, "release", "dev", "--again"], runs=_RUNS, env=env, cwd=cwd
        )
        helm = measure("helm upgrade --install", [*upgrade, *values], runs=_RUNS, env=env, cwd=cwd)
        asked = ["helm", "history", "sample", "--namespace", "sample-dev"]
        history = measure("helm history", asked, runs=_RUNS, env=env, cwd=cwd)
        run(["kubectl", "delete", "namespace", "sample-dev", "--wait"], env=env, cwd=REPOSITORY)
    wall_ms = (ours.wall_s - helm.wall_s - history.wall_s) * _MS
    cpu_ms = (ours.cpu_s - helm.cpu_s - history.cpu_s) * _MS
    print_table(
        "A release in which no pod changes",
        [helm, history, ours],
        [
            f"budget beyond these two of Helm: 250 ms CPU, 400 ms wall; measured {cpu_ms:.0f} ms CPU, {wall_ms:.0f} ms wall",
            "budget of memory: 100 MB (the peak is Helm's where Helm is larger)",
        ],
    )
