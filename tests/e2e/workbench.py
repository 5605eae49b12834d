"""A team's machine for end-to-end tests: the sample in a repository of its own, and the installed program."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
EXAMPLES = REPOSITORY / "examples"
PROGRAM = Path(sys.executable).with_name("trunkline")
ENVIRONMENTS = ("dev", "qa", "prod")
# Longer than anything here takes; a test that hangs must end.
_PATIENCE_S = 150.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    def __str__(self) -> str:
        return f"exit code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


@dataclass(slots=True)
class Workbench:
    """One project, its environment variables and its namespaces."""

    directory: Path
    environment: dict[str, str]
    namespaces: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def trunkline(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Outcome:
        """Run the installed program to its end."""
        process = self.start(*arguments, env=env)
        stdout, stderr = process.communicate(timeout=_PATIENCE_S)
        return Outcome(process.returncode, stdout, stderr)

    def succeed(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> Outcome:
        """Run the installed program; it must end with 0."""
        outcome = self.trunkline(*arguments, env=env)
        assert outcome.code == 0, str(outcome)
        return outcome

    def start(self, *arguments: str, env: Mapping[str, str | None] | None = None) -> subprocess.Popen[str]:
        """Start the installed program."""
        environment = dict(self.environment)
        for name, value in (env or {}).items():
            if value is None:
                environment.pop(name, None)
            else:
                environment[name] = value
        process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            cwd=self.directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self) -> None:
        """End what a test that failed half-way has left running."""
        for process in self.started:
            if process.poll() is None:
                kill(process)

    def tool(self, *argv: str, check: bool = True) -> str:
        """Run git, helm or kubectl in the project."""
        done = subprocess.run(
            argv, cwd=self.directory, env=self.environment, capture_output=True, text=True, check=False
        )
        if check:
            assert done.returncode == 0, f"{argv}: {done.stderr}"
        return done.stdout

    def commit(self, message: str = "A change") -> str:
        """Commit everything; the new sha."""
        self.tool("git", "add", "--all")
        self.tool("git", "commit", "--quiet", "--allow-empty", "--message", message)
        return self.tool("git", "rev-parse", "HEAD").strip()

    def write_values(self, environment: str, values: Mapping[str, Any]) -> None:
        """Replace an environment's own layer."""
        content = {"replicas": 1, "environment": {"plain": {"ENVIRONMENT": {"value": environment}}}, **values}
        (self.directory / "values" / f"{environment}.yaml").write_text(json.dumps(content), encoding="utf-8")

    def helm_history(self, environment: str = "dev") -> list[dict[str, Any]]:
        """What Helm itself says."""
        found = self.tool(
            "helm",
            "history",
            "sample",
            "--namespace",
            self.namespaces[environment],
            "-o",
            "json",
            check=False,
        )
        history: list[dict[str, Any]] = json.loads(found) if found else []
        return history

    def await_helm_status(self, status: str, environment: str = "dev", revision: int = 1) -> None:
        """Wait until the newest revision is `revision` or later, and in `status`."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (
            (found := self.helm_history(environment))
            and found[-1]["status"] == status
            and found[-1]["revision"] >= revision
        ):
            assert time.monotonic() < deadline, f"never {status}: {found}"

    def attempts(self) -> list[dict[str, Any]]:
        """What the ledger says, newest first."""
        found: list[dict[str, Any]] = self.succeed("history", "--limit", "100", "--output", "json").json
        return found


def kill(process: subprocess.Popen[str]) -> None:
    """Kill -9, and wait until it is gone."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=_PATIENCE_S)


def make_project(directory: Path, environment: Mapping[str, str], prefix: str) -> Workbench:
    """The sample with its chart in a git repository below `directory`, with namespaces of its own."""
    for name in ("sample", "charts"):
        shutil.copytree(
            EXAMPLES / name, directory / name, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache")
        )
    namespaces = {name: f"{prefix}-{name}" for name in ENVIRONMENTS}
    bench = Workbench(directory / "sample", dict(environment), namespaces)
    text = (bench.directory / "trunkline.yaml").read_text(encoding="utf-8")
    for name, namespace in namespaces.items():
        text = text.replace(f"namespace: sample-{name}", f"namespace: {namespace}")
    # The sample's own tests are run by the test of the demo; here they would only cost time.
    text = text.replace("test: python -m pytest -q", "test: 'true'")
    (bench.directory / "trunkline.yaml").write_text(text, encoding="utf-8")
    for name in ENVIRONMENTS:
        bench.write_values(name, {})
    bench.tool("git", "init", "--quiet", "--initial-branch", "main")
    bench.tool("git", "config", "user.name", "Test")
    bench.tool("git", "config", "user.email", "test@example.com")
    bench.commit("The first version")
    return bench


def clean_environment(state: Path) -> dict[str, str]:
    """This process's environment without anything that a CI or a person set for Trunkline."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(
            ("CIRCLE", "TRUNKLINE_", "DD_", "HELM_", "RELEASE_", "QUAY_", "IMAGE_", "AWS_")
        )
    }
    kept["XDG_STATE_HOME"] = str(state)
    # It would outlive the test.
    kept["TRUNKLINE_LOCAL_REGISTRY"] = "off"
    kept["TRUNKLINE_CACHE"] = str(state / "cache")
    kept["PATH"] = f"{PROGRAM.parent}{os.pathsep}{kept['PATH']}"
    return kept
