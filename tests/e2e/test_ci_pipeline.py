"""The generated configuration, job for job as CircleCI runs it, on a real cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.e2e.circleci_executor import Executor
from tests.e2e.test_release import CRASH, SLOW
from tests.e2e.workbench import Workbench
from tests.standins.circleci import CircleStandin

pytestmark = pytest.mark.cluster

_CI = """
ci:
  circleci:
    install: ""
    images:
      dev: quay.io/acme/deploy@sha256:{0}
      qa: quay.io/acme/deploy@sha256:{0}
      prod: quay.io/acme/deploy@sha256:{0}
""".format("1" * 64)
_ALL_THE_WAY = ["test", "build", "deploy-dev", "approve-qa", "deploy-qa", "approve-prod", "deploy-prod"]


@pytest.fixture
def standin() -> Iterator[CircleStandin]:
    with CircleStandin() as made:
        yield made


@pytest.fixture
def repository(workbench: Workbench) -> Workbench:
    """The sample with its chart, who may approve, and the configuration that is made of it."""
    (workbench.directory.parent / "charts").rename(workbench.directory / "charts")
    file = workbench.directory / "trunkline.yaml"
    text = file.read_text(encoding="utf-8").replace("../charts/backend", "charts/backend")
    assert text.count("approval: true") == 2
    file.write_text(text.replace("approval: true", "approvers: [ada-l]") + _CI, encoding="utf-8")
    workbench.succeed("ci", "generate", "circleci")
    workbench.commit("A pipeline on CircleCI")
    return workbench


@pytest.fixture
def executor(repository: Workbench, standin: CircleStandin, tmp_path: Path) -> Executor:
    """CircleCI, with secrets in contexts alone."""
    environment = repository.environment
    shared = {name: environment[name] for name in ("TRUNKLINE_LEDGER", "SAMPLE_REGISTRY", "BASE_IMAGE")}
    shared |= {"TRUNKLINE_LOCAL_REGISTRY": "off", "PATH": environment["PATH"]}
    cluster = {**shared, "KUBECONFIG": environment["KUBECONFIG"], **standin.environ}
    contexts: Mapping[str, Mapping[str, str]] = {
        "": {"PATH": environment["PATH"]},
        "trunkline": shared,
        **{f"trunkline-{name}": cluster for name in repository.namespaces},
    }
    return Executor(repository.directory, tmp_path / "circleci", contexts, standin, lambda _: "Ada-L")


def test_circlecis_schema_takes_it(repository: Workbench) -> None:
    """The schema that CircleCI publishes for editors finds nothing wrong, and neither do we."""
    file = repository.directory / ".circleci" / "config.yml"
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.circle-ci", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr
    checked = repository.succeed("ci", "check", "--strict").stdout
    assert checked.endswith("nothing is wrong\n")


def test_a_commit_goes_to_production(repository: Workbench, executor: Executor) -> None:
    """By the commands that CircleCI would run: one digest everywhere, approvals with who gave them, all in one run."""
    assert executor.run() == dict.fromkeys(_ALL_THE_WAY, "success"), executor.logs
    standings = repository.succeed("status", "--output", "json").json
    assert len({item["image"] for item in standings}) == 1
    assert {item["commit"] for item in standings} == {repository.tool("git", "rev-parse", "HEAD").strip()}
    assert all(item["good"] for item in standings)
    attempts = repository.attempts()
    assert len({item["attempt"]["run_id"] for item in attempts}) == 1
    approvals = [item["attempt"] for item in attempts if item["attempt"]["stage"] == "approval"]
    assert {(item["environment"], item["actor"]) for item in approvals} == {
        ("qa", "Ada-L"),
        ("prod", "Ada-L"),
    }
    assert [line.split()[2] for line in executor.markers] == ["plan", "update"] * 3
    assert all("--status=SUCCESS" in line for line in executor.markers[1::2])
    token = executor.standin.environ["CIRCLE_TOKEN"]
    assert not any(token in log for log in executor.logs.values())


def test_what_fails_in_qa_does_not_reach_production(repository: Workbench, executor: Executor) -> None:
    """QA is returned to what it ran, its approver is asked for nothing more, and production is untouched."""
    assert executor.run()["deploy-prod"] == "success", executor.logs
    good = repository.tool("git", "rev-parse", "HEAD").strip()
    repository.write_values("qa", CRASH)
    bad = repository.commit("A change that crashes")
    found = executor.run()
    assert found == {**dict.fromkeys(_ALL_THE_WAY[:4], "success"), "deploy-qa": "failed"}, executor.logs
    assert "keeps crashing with exit code 3" in executor.logs["deploy-qa"]
    assert "returned to revision 1" in executor.logs["deploy-qa"]
    standing = {
        item["environment"]: item["commit"] for item in repository.succeed("status", "--output", "json").json
    }
    assert standing == {"dev": bad, "qa": good, "prod": good}
    assert executor.markers[-1].endswith("--status=FAILED")


def test_somebody_elses_yes_is_none(repository: Workbench, executor: Executor) -> None:
    """CircleCI lets anybody approve who may push; the job that follows asks who did."""
    executor.approve = lambda name: "eve" if name == "approve-qa" else ""
    found = executor.run()
    assert found == {**dict.fromkeys(_ALL_THE_WAY[:4], "success"), "deploy-qa": "failed"}, executor.logs
    assert "takes approvals of ada-l, and approve-qa was approved by eve" in executor.logs["deploy-qa"]
    assert repository.helm_history("qa") == []


def test_a_branch_only_tests(repository: Workbench, executor: Executor) -> None:
    """It is told whether its tests are good and its pipeline is what its trunkline.yaml says, and gets no secrets."""
    repository.tool("git", "switch", "--quiet", "--create", "topic")
    file = repository.directory / "trunkline.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("approvers: [ada-l]", "approvers: [eve]"), encoding="utf-8"
    )
    repository.commit("Who may approve")
    assert executor.run("topic") == {"test": "success"}, executor.logs
    file.write_text(file.read_text(encoding="utf-8").replace("timeout: 2m", "timeout: 20m"), encoding="utf-8")
    repository.commit("More patience")
    assert executor.run("topic") == {"test": "failed"}
    assert "trunkline ci generate circleci" in executor.logs["test"]


def test_a_cancelled_deployment_is_repaired(repository: Workbench, executor: Executor) -> None:
    """The job is killed in the middle of its rollout; the one that follows returns development to what it ran."""
    executor.approve = lambda _: ""
    assert executor.run()["deploy-dev"] == "success", executor.logs
    repository.write_values("dev", SLOW)
    repository.commit("A change that takes its time")
    executor.cancel_when = {"deploy-dev": lambda: len(repository.helm_history("dev")) > 1}
    found = executor.run()
    assert (found["deploy-dev"], found["repair-dev"]) == ("canceled", "success"), executor.logs
    assert "approve-qa" not in found
    history = repository.helm_history("dev")
    assert not any(item["status"].startswith("pending") for item in history)
    (standing, *_) = repository.succeed("status", "--output", "json").json
    assert (standing["good"], standing["commit"]) == (
        True,
        repository.tool("git", "rev-parse", "HEAD^").strip(),
    )
    assert json.loads(repository.succeed("repair", "dev", "--output", "json").stdout)["deed"] == "nothing"
