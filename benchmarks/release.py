"""`trunkline release` next to the bare `helm upgrade --install` that it runs, on the cluster of `dev.cluster`.

The second time chart and values come from S3, and nothing is kept from one run to the next, as in a CI job.

Both deploy the same chart, values and image again and again, so that no pod changes and only the tools' own time
is measured. Trunkline runs Helm twice, to read the history and to upgrade; its own time includes git, the registry,
the lease, the watch, the ledger and Datadog.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import obstore

from benchmarks.measure import Sample, measure, print_table
from dev.demo.stage import REPOSITORY, Stage, prepared
from dev.process import run
from dev.s3 import S3
from trunkline.domain.charts.identity import chart_identity

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
        with S3(buckets=["acme"]) as storage:
            cold = _from_storage(stage, storage, program)
        asked = ["helm", "history", "sample", "--namespace", "sample-dev"]
        history = measure("helm history", asked, runs=_RUNS, env=env, cwd=cwd)
        run(["kubectl", "delete", "namespace", "sample-dev", "--wait"], env=env, cwd=REPOSITORY)
    wall_ms = (ours.wall_s - helm.wall_s - history.wall_s) * _MS
    cpu_ms = (ours.cpu_s - helm.cpu_s - history.cpu_s) * _MS
    cold_wall_ms = (cold.wall_s - helm.wall_s - history.wall_s) * _MS
    cold_cpu_ms = (cold.cpu_s - helm.cpu_s - history.cpu_s) * _MS
    print_table(
        "A release in which no pod changes",
        [helm, history, ours, cold],
        [
            f"budget beyond these two of Helm: 250 ms CPU, 400 ms wall; measured {cpu_ms:.0f} ms CPU, {wall_ms:.0f} ms wall",
            f"with chart and values from S3, cold: {cold_cpu_ms:.0f} ms CPU, {cold_wall_ms:.0f} ms wall beyond Helm",
            "budget of memory: 100 MB (the peak is Helm's where Helm is larger)",
        ],
    )


def _from_storage(stage: Stage, storage: S3, program: str) -> Sample:
    """The same release with its chart and values in a bucket."""
    cwd, env = stage.sample, {**stage.environment, **storage.env(), "TRUNKLINE_CACHE": "off"}
    run(
        [program, "charts", "push", "../charts/backend", "--repository", "s3://acme/charts"], env=env, cwd=cwd
    )
    store = storage.writer("acme")
    for path in (cwd / "values").iterdir():
        obstore.put(store, f"values/{path.name}", path.read_bytes())
    project = cwd / "trunkline.yaml"
    text = project.read_text(encoding="utf-8")
    text = text.replace(
        "  path: ../charts/backend", "  name: backend\n  repository: s3://acme/charts\n  version: VERSION"
    )
    text = text.replace("VERSION", chart_identity((cwd / "../charts/backend/Chart.yaml").read_text())[1])
    project.write_text(text.replace("location: values", "location: s3://acme/values"), encoding="utf-8")
    stage.git("commit", "--quiet", "--all", "--message", "Chart and values in a bucket")
    run([program, "build"], env=env, cwd=cwd)
    run([program, "release", "dev"], env=env, cwd=cwd)
    argv = [program, "release", "dev", "--again"]
    return measure("trunkline release dev, from S3, cold", argv, runs=_RUNS, env=env, cwd=cwd)
