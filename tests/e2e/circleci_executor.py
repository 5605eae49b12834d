"""Runs a workflow of a CircleCI configuration as CircleCI does, with what this machine has.

Every job gets a home, a directory and a clone of its own, and nothing of this process's environment but what its
contexts hold; its steps are run by `bash -eo pipefail`, and after a failure only those that ask for it. The stand-in
for CircleCI's API sees every job, so that a job may ask it who approved.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tests.standins.circleci import CircleStandin

_PATIENCE_S = 300
_KEPT = (
    "PATH",
    "LANG",
    "DOCKER_HOST",
    "XDG_RUNTIME_DIR",
    "BUILDAH_ISOLATION",
    "STORAGE_DRIVER",
    "CONTAINERS_CONF",
)
# What CircleCI puts into every job: its own program, as strict about its words as the real one.
_CIRCLECI = """#!/bin/bash
set -eu
echo "$*" >> "$(dirname "$0")/said"
[[ "$1 $2" == "run release" ]]
case "$3" in
  plan) [[ "$*" == *--environment-name=?*--component-name=?*--target-version=?* ]] ;;
  update) [[ "$5" =~ ^--status=(SUCCESS|FAILED|CANCELED)$ ]] ;;
  *) exit 1 ;;
esac
"""


@dataclass(slots=True)
class Executor:
    """One repository on CircleCI.

    Attributes:
        origin: what `checkout` clones.
        room: where jobs have their directories.
        contexts: the variables of each context.
        approve: asked for each approval that is reached; whose login, or empty for nobody.
        cancel_when: for a job of that name, when somebody cancels it on the page: once this is so.
        logs: what each job said.
    """

    origin: Path
    room: Path
    contexts: Mapping[str, Mapping[str, str]]
    standin: CircleStandin
    approve: Callable[[str], str] = lambda _: ""
    cancel_when: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    stored: list[Path] = field(default_factory=list)

    @property
    def markers(self) -> list[str]:
        """What CircleCI's own program was told, in order."""
        said = self.room / "bin" / "said"
        return said.read_text(encoding="utf-8").splitlines() if said.exists() else []

    def run(self, branch: str = "main", workflow: str = "deliver") -> dict[str, str]:
        """Run the workflow for the newest commit of a branch; the status of each job that began."""
        self._install()
        config = yaml.safe_load((self.origin / ".circleci" / "config.yml").read_text(encoding="utf-8"))
        sha = _git(self.origin, "rev-parse", branch)
        entries = dict(map(_named, config["workflows"][workflow]["jobs"]))
        entries = {name: entry for name, entry in entries.items() if _chosen(entry, branch)}
        workflow_id = self.standin.history.start(sha, datetime.now(UTC), branch=branch)
        ids: dict[str, str] = {}
        self.statuses = {}
        while (name := self._next(entries)) is not None:
            after = tuple(ids[need] for need in _requires(entries[name]) if need in ids)
            if entries[name].get("type") == "approval":
                login = self.approve(name)
                ids[name] = self.standin.history.hold(workflow_id, name, after=after, approved_by=login)
                self.statuses[name] = "success" if login else "on_hold"
                continue
            began = datetime.now(UTC)
            ids[name] = self.standin.history.job(workflow_id, name, "running", began=began, after=after)
            identity = {"CIRCLE_WORKFLOW_ID": workflow_id, "CIRCLE_WORKFLOW_JOB_ID": ids[name]}
            self.statuses[name] = self._job(name, config["jobs"][name], entries[name], sha, branch, identity)
            record = next(job for job in self.standin.history.jobs[workflow_id] if job["id"] == ids[name])
            record |= {"status": self.statuses[name], "stopped_at": datetime.now(UTC).isoformat()}
        return dict(self.statuses)

    def _install(self) -> None:
        program = self.room / "bin" / "circleci"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(_CIRCLECI, encoding="utf-8")
        program.chmod(0o755)

    def _next(self, entries: Mapping[str, Mapping[str, Any]]) -> str | None:
        """A job that nothing holds back any more."""
        for name, entry in entries.items():
            if name not in self.statuses and all(
                self.statuses.get(need) in wanted for need, wanted in _requires(entry).items()
            ):
                return name
        return None

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        entry: Mapping[str, Any],
        sha: str,
        branch: str,
        identity: Mapping[str, str],
    ) -> str:
        room = self.room / f"{len(self.logs)}-{name}"
        (room / "home").mkdir(parents=True)
        (room / "bash_env").write_text("", encoding="utf-8")
        environment = {
            **{variable: os.environ[variable] for variable in _KEPT if variable in os.environ},
            "HOME": str(room / "home"),
            "BASH_ENV": str(room / "bash_env"),
            "CI": "true",
            "CIRCLECI": "true",
            "CIRCLE_SHA1": sha,
            "CIRCLE_BRANCH": branch,
            "CIRCLE_JOB": name,
            "CIRCLE_BUILD_NUM": str(len(self.logs) + 1),
            "CIRCLE_BUILD_URL": f"https://circleci.example/gh/acme/sample/{len(self.logs) + 1}",
            "CIRCLE_PROJECT_USERNAME": "acme",
            "CIRCLE_PROJECT_REPONAME": "sample",
            "CIRCLE_REPOSITORY_URL": "git@github.com:acme/sample.git",
            "CIRCLE_USERNAME": "grace",
            **identity,
            **self.contexts.get(entry.get("context", ""), {}),
            **job.get("environment", {}),
        }
        environment["PATH"] = f"{self.room / 'bin'}{os.pathsep}{environment['PATH']}"
        self.logs[name] = ""
        status = "success"
        for step in job["steps"]:
            kind, settings = (step, {}) if isinstance(step, str) else next(iter(step.items()))
            wanted = settings.get("when", "on_success") if kind == "run" else "on_success"
            if status == "canceled" or (
                wanted != "always" and (wanted == "on_success") != (status == "success")
            ):
                continue
            done = self._step(name, kind, settings, room, sha, branch, environment)
            status = done if status == "success" else status
        return status

    def _step(
        self,
        name: str,
        kind: str,
        settings: Mapping[str, Any],
        room: Path,
        sha: str,
        branch: str,
        environment: Mapping[str, str],
    ) -> str:
        project = room / "project"
        match kind:
            case "checkout":
                _git(room, "clone", "--quiet", "--branch", branch, str(self.origin), str(project))
                _git(project, "reset", "--quiet", "--hard", sha)
            case "run":
                return self._command(name, settings["command"].replace("\\<<", "<<"), project, environment)
            case "store_artifacts" | "store_test_results":
                path = project / settings["path"]
                assert path.exists(), f"{name} stores {path}, which is not there"
                shutil.copy(path, room) if path.is_file() else shutil.copytree(path, room / path.name)
                self.stored.append(room / path.name)
            case "setup_remote_docker":
                pass
            case _:
                raise AssertionError(f"{name} has a step {kind}, of which this executor knows nothing")
        return "success"

    def _command(self, name: str, command: str, project: Path, environment: Mapping[str, str]) -> str:
        process = subprocess.Popen(
            ["bash", "-eo", "pipefail", "-c", command],
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        cancelled = self.cancel_when.get(name)
        if cancelled is not None and command.startswith("trunkline "):
            while process.poll() is None and not cancelled():
                pass
            if process.poll() is None:
                # As a container goes: at once, with all that runs in it.
                os.killpg(process.pid, signal.SIGKILL)
                self.logs[name] += process.communicate()[0]
                return "canceled"
        said, _ = process.communicate(timeout=_PATIENCE_S)
        self.logs[name] += said
        return "success" if process.returncode == 0 else "failed"


def _named(entry: Any) -> tuple[str, Mapping[str, Any]]:
    return (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))


def _requires(entry: Mapping[str, Any]) -> dict[str, set[str]]:
    """The statuses that each job before this one must have."""
    found: dict[str, set[str]] = {}
    for item in entry.get("requires", []):
        name, wanted = (item, "success") if isinstance(item, str) else next(iter(item.items()))
        found[name] = {wanted} if isinstance(wanted, str) else set(wanted)
    return found


def _chosen(entry: Mapping[str, Any], branch: str) -> bool:
    """Whether a job is one of this branch's pipelines."""
    expression = entry.get("filters")
    if expression is None:
        return True
    name, sign, value = expression.partition(" == ")
    assert (name, sign) == ("pipeline.git.branch", " == "), (
        f"an expression of which nothing is known: {expression}"
    )
    return bool(value == f'"{branch}"')


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
