"""The simulated cluster next to a real one: how fast it starts, installs and fills, and what it takes to hold."""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import measure, print_table
from dev import tools
from dev.demo.stage import REPOSITORY, repository, run_shown
from dev.process import run
from trunkline.rehearsal.kubeconfigs import kubeconfig

_STARTS, _INSTALLS = 7, 5
_RELEASES, _REPLICAS, _AT_ONCE = 100, 10, 4
_PATIENCE_S = 300.0
_CHART = REPOSITORY / "examples" / "charts" / "backend"
_VALUES = REPOSITORY / "examples" / "sample" / "values" / "base.yaml"
_IMAGE = ("image.repository=registry.example/sample", "image.tag=v1")


def main() -> None:
    """Print the tables."""
    with TemporaryDirectory(prefix="trunkline-bench-") as directory:
        room = Path(directory)
        _starts()
        _installs(room)
        _crowd(room)
        _rehearsals(room)


@contextmanager
def _simulated(room: Path) -> Iterator[tuple[dict[str, str], int]]:
    """A simulated cluster in a process of its own: the environment that leads to it, and its process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "trunkline.rehearsal"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        path = room / f"kubeconfig-{process.pid}"
        path.write_text(kubeconfig(told["url"]), encoding="utf-8")
        yield {**os.environ, "KUBECONFIG": str(path)}, process.pid
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def _starts() -> None:
    took = []
    for _ in range(_STARTS + 1):
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "trunkline.rehearsal"], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            took.append((time.perf_counter() - began) * 1000)
            process.terminate()
    print(
        f"\nA simulated cluster answers {statistics.median(took[1:]):.0f} ms after it was started (budget: 200 ms)"
    )


def _install(env: dict[str, str], namespace: str, replicas: int = 1) -> float:
    argv = [
        str(tools.helm(4)),
        "install",
        "sample",
        str(_CHART),
        "--namespace",
        namespace,
        "--create-namespace",
    ]
    settings = (*_IMAGE, f"replicas={replicas}")
    for setting in settings:
        argv += ["--set", setting]
    began = time.perf_counter()
    run([*argv, "--values", _VALUES], env=env)
    return time.perf_counter() - began


def _installs(room: Path) -> None:
    run_shown([sys.executable, "-m", "dev.cluster", "up"])
    reach = json.loads(run([sys.executable, "-m", "dev.cluster", "env", "--output", "json"], cwd=REPOSITORY))
    real = {**os.environ, **reach}
    turn = secrets.token_hex(3)
    names = [f"bench-{turn}-{number}" for number in range(_INSTALLS)]
    with _simulated(room) as (simulated, _):
        times = {
            "simulated": [_install(simulated, name) for name in names],
            "real": [_install(real, name) for name in names],
        }
    run([tools.kubectl(), "delete", "namespace", *names, "--wait=false"], env=real)
    print("\nhelm install of the sample chart, nothing awaited (budget: 1 s)")
    for name, taken in times.items():
        print(f"  {name:10} {statistics.median(taken) * 1000:7.0f} ms")


def _crowd(room: Path) -> None:
    with _simulated(room) as (env, pid):
        began = time.perf_counter()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda number: _install(env, f"crowd-{number}", _REPLICAS), range(_RELEASES)))
        installed_s = time.perf_counter() - began
        _until(lambda: _ready_pods(env) >= _RELEASES * _REPLICAS)
        ready_s = time.perf_counter() - began
        took = _install(env, "one-more")
        print(
            f"\n{_RELEASES} releases of {_REPLICAS} pods: installed after {installed_s:.1f} s, all ready after {ready_s:.1f} s, "
            f"{_resident_mb(pid):.0f} MB (budget: 300 MB); one more install takes {took * 1000:.0f} ms"
        )


def _rehearsals(room: Path) -> None:
    sample = repository(room)
    program = str(Path(sys.executable).with_name("trunkline"))
    path = os.pathsep.join([str(tools.helm(4).parent), os.environ["PATH"]])
    env = {**os.environ, "PATH": path}
    samples = [
        measure("trunkline rehearse", [program, "rehearse"], runs=5, env=env, cwd=sample),
        measure(
            "trunkline rehearse --all-failures",
            [program, "rehearse", "--all-failures"],
            runs=2,
            env=env,
            cwd=sample,
        ),
    ]
    print_table(
        "A rehearsal of the sample",
        samples,
        ["budget: 5 s through dev, QA and production; 30 s for all failures"],
    )


def _ready_pods(env: dict[str, str]) -> int:
    argv = [
        str(tools.kubectl()),
        "get",
        "pods",
        "-A",
        "-o",
        "jsonpath={.items[*].status.conditions[?(@.type=='Ready')].status}",
    ]
    return run(argv, env=env).split().count("True")


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit("the pods never became ready")
        time.sleep(0.5)


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
