"""Runs every fault under every tool, a few faults at a time, and prints what each said and when."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verdicts.contenders import TIMEOUT_S, Contender, Verdict
from benchmarks.verdicts.faults import FAULTS, Fault
from benchmarks.verdicts.sightings import sightings
from dev import tools
from dev.demo.stage import REPOSITORY, run_shown
from dev.process import run

_CHART = Path(__file__).parent / "chart"
_FAULTS_AT_ONCE = 2
_WORDS = 150
# A turn that was cut off may have left namespaces behind that are still ending.
_TURN = secrets.token_hex(2)


@dataclass(frozen=True, slots=True)
class Result:
    """One fault under one tool; `visible_at` is None where the cause never showed before the verdict."""

    fault: Fault
    contender: Contender
    verdict: Verdict
    visible_at: float | None

    @property
    def after_s(self) -> float | None:
        """Seconds from the visible cause to the verdict."""
        return None if self.visible_at is None else self.verdict.at - self.visible_at


def main() -> None:
    """Race, and print the table."""
    helm4, helm3 = tools.helm(4).parent, tools.helm(3).parent
    contenders = (
        Contender("trunkline", helm4),
        Contender("helm 4 --wait", helm4, ("--wait",)),
        Contender("helm 4 --wait=legacy", helm4, ("--wait=legacy",)),
        Contender("helm 3 --wait", helm3, ("--wait",)),
        Contender("kubectl rollout status", helm4),
    )
    run_shown([sys.executable, "-m", "dev.cluster", "up"])
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as directory:
        environment = _environment(Path(directory))
        races = {
            _namespace(fault, contender): (fault, contender)
            for fault in FAULTS
            for contender in contenders
            if contender.handles(fault)
        }
        try:
            project = _project(Path(directory), races, environment)
            _print(_race(races, contenders, project, environment))
        finally:
            run(
                ["kubectl", "delete", "namespace", *races, "--ignore-not-found", "--wait=false"],
                env=environment,
            )


def _race(
    races: Mapping[str, tuple[Fault, Contender]],
    contenders: Sequence[Contender],
    project: Path,
    environment: Mapping[str, str],
) -> list[Result]:
    wanted = {namespace: fault.seen for namespace, (fault, _) in races.items()}
    with (
        sightings(wanted, environment) as sighted,
        ThreadPoolExecutor(_FAULTS_AT_ONCE * len(contenders)) as pool,
    ):

        def one(namespace: str) -> Result:
            fault, contender = races[namespace]
            verdict = contender.run(fault, namespace, project, environment)
            print(f"  {fault.name}, {contender.name}: after {verdict.took_s:.1f} s", flush=True)
            return Result(fault, contender, verdict, sighted.at.get(namespace))

        return list(pool.map(one, races))


def _project(
    directory: Path, races: Mapping[str, tuple[Fault, Contender]], environment: Mapping[str, str]
) -> Path:
    """One project whose environments are the races; its image is built once."""
    base = run(
        [sys.executable, "-m", "dev.baseimage", "--registry", environment["TRUNKLINE_TEST_REGISTRY"]],
        cwd=REPOSITORY,
    )
    image = base.strip().splitlines()[-1]
    project = directory / "project"
    shutil.copytree(_CHART, project / "chart")
    (project / "values").mkdir()
    (project / "Dockerfile").write_text(f"FROM {image}\n", encoding="utf-8")
    environments = {}
    for namespace, (fault, _) in races.items():
        values = json.dumps(fault.values(image))
        (project / "values" / f"{namespace}.json").write_text(values, encoding="utf-8")
        environments[namespace] = {
            "namespace": namespace,
            "release": "web",
            "values": [f"{namespace}.json"],
            "timeout": f"{TIMEOUT_S}s",
        }
        run(["kubectl", "create", "namespace", namespace], env=environment)
        if fault.quota:
            limits = ",".join(f"{name}={value}" for name, value in fault.quota.items())
            run(
                ["kubectl", "create", "quota", "small", f"--hard={limits}", "--namespace", namespace],
                env=environment,
            )
    settings = {
        "version": 1,
        "service": "web",
        "image": {"repository": f"{environment['TRUNKLINE_TEST_REGISTRY']}/bench/web"},
        "chart": {"path": "chart"},
        "values": {"location": "values"},
        "environments": environments,
    }
    (project / "trunkline.yaml").write_text(json.dumps(settings), encoding="utf-8")
    for command in (
        ["git", "init", "--quiet", "--initial-branch", "main"],
        ["git", "add", "--all"],
        [
            "git",
            "-c",
            "user.name=Bench",
            "-c",
            "user.email=bench@example.com",
            "commit",
            "--quiet",
            "--message",
            "One",
        ],
        [str(Path(sys.executable).with_name("trunkline")), "build"],
    ):
        run(command, cwd=project, env=environment)
    return project


def _environment(directory: Path) -> dict[str, str]:
    reach = json.loads(run([sys.executable, "-m", "dev.cluster", "env", "--output", "json"], cwd=REPOSITORY))
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CIRCLE", "DD_", "TRUNKLINE_"))
    }
    return {**inherited, **reach, "TRUNKLINE_LEDGER": f"sqlite:///{directory / 'ledger.db'}"}


def _namespace(fault: Fault, contender: Contender) -> str:
    # Without the fault's name: its words must not be taken for Trunkline's.
    return f"bench-{_TURN}-{FAULTS.index(fault)}-" + re.sub(r"[^a-z0-9]+", "-", contender.name)


def _print(results: Sequence[Result]) -> None:
    print(f"\nFrom the cause being visible in the API to the verdict; every tool may wait {TIMEOUT_S} s")
    for fault in FAULTS:
        print(f"\n  {fault.name} - visible from {fault.visible}")
        for result in (item for item in results if item.fault is fault):
            after = "never seen" if result.after_s is None else f"{result.after_s:+.2f} s"
            said = "SUCCESS" if result.verdict.succeeded else "failed"
            print(f"    {result.contender.name:23} {said:8} {after:>10}  {result.verdict.words[:_WORDS]}")
    print(f"\n  {'':23} median s   called a success   waited for the timeout   named the cause")
    for contender in dict.fromkeys(result.contender for result in results):
        mine = [result for result in results if result.contender == contender]
        afters = [result.after_s for result in mine if result.after_s is not None]
        wrong = sum(result.verdict.succeeded for result in mine)
        waited = sum(result.verdict.took_s >= TIMEOUT_S for result in mine)
        named = sum(any(cause in result.verdict.words for cause in result.fault.causes) for result in mine)
        median = statistics.median(afters) if afters else float("nan")
        shown = f"{named} of {len(mine)}" if contender.name == "trunkline" else "see its words"
        print(f"  {contender.name:23} {median:8.2f} {wrong:18} {waited:24}   {shown}")
    print("  budget: 0.5 s median; no failure that waits for the timeout although its cause was visible")
