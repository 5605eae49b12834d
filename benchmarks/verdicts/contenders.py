"""The tools: how each is told to deploy and to wait, and how its verdict and its words are read."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.verdicts.faults import Fault

TIMEOUT_S = 60
# Time and stage, as every line in a CI begins.
_PREFIX = re.compile(r"^\S+Z (\[[^]]*\] )?")
PROGRAM = str(Path(sys.executable).with_name("trunkline"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a tool said: `at` in monotonic seconds, `succeeded` as it believes, the words that a person reads."""

    at: float
    took_s: float
    succeeded: bool
    words: str


@dataclass(frozen=True, slots=True)
class Contender:
    """One tool; `helm` is the directory of the Helm that it uses."""

    name: str
    helm: Path
    arguments: tuple[str, ...] = ()

    def handles(self, fault: Fault) -> bool:
        """Whether the tool has to do with such a fault at all."""
        return self.name != "kubectl rollout status" or not fault.hook

    def run(self, fault: Fault, namespace: str, project: Path, environment: Mapping[str, str]) -> Verdict:
        """Deploy the fault and wait for the tool's verdict."""
        env = {**environment, "PATH": f"{self.helm}:{environment['PATH']}"}
        values = str(project / "values" / f"{namespace}.json")
        began = time.monotonic()
        if self.name == "trunkline":
            return _trunkline([PROGRAM, "release", namespace], fault, project, env, began)
        if self.name == "kubectl rollout status":
            rendered = _run(["helm", "template", "web", "chart", "--values", values], project, env)
            _run(
                ["kubectl", "apply", "--namespace", namespace, "--filename", "-"],
                project,
                env,
                rendered.stdout,
            )
            done = _run(
                [
                    "kubectl",
                    "rollout",
                    "status",
                    "deployment/web",
                    "--namespace",
                    namespace,
                    f"--timeout={TIMEOUT_S}s",
                ],
                project,
                env,
            )
        else:
            argv = [
                "helm",
                "upgrade",
                "--install",
                "web",
                "chart",
                "--namespace",
                namespace,
                "--values",
                values,
            ]
            done = _run([*argv, *self.arguments, "--timeout", f"{TIMEOUT_S}s"], project, env)
        now = time.monotonic()
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        return Verdict(now, now - began, done.returncode == 0, said[-1] if said else "")


def _run(
    argv: list[str], cwd: Path, env: Mapping[str, str], stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=cwd, env=dict(env), input=stdin, capture_output=True, text=True, check=False
    )


def _trunkline(argv: list[str], fault: Fault, cwd: Path, env: Mapping[str, str], began: float) -> Verdict:
    """The verdict is there when its line is printed; what is undone after it takes its own time."""
    process = subprocess.Popen(
        argv, cwd=cwd, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    at, words, lines = 0.0, "", []
    for line in process.stderr:
        lines.append(line.rstrip())
        if not at and any(cause in line for cause in fault.causes):
            at, words = time.monotonic(), _PREFIX.sub("", line.strip())
    process.stderr.close()
    process.wait()
    now = time.monotonic()
    if not at:
        at, words = now, lines[-1] if lines else ""
    return Verdict(at, at - began, process.returncode == 0, words)
