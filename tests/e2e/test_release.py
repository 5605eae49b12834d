"""Releases on a real cluster: what succeeds, what fails and is undone, and what a kill leaves behind."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.workbench import REPOSITORY, Workbench, kill
from tests.standins.datadog import DatadogStandin

pytestmark = pytest.mark.cluster

CRASH = {"command": ["python3", "-c", "print('no flags, no service'); raise SystemExit(3)"]}
SLOW = {"readinessProbe": {"path": "/healthz", "port": 8000, "initialDelaySeconds": 30, "periodSeconds": 1}}


def hook_that_waits(bench: Workbench, seconds: int) -> None:
    """Give the chart a hook that keeps Helm busy before each install and upgrade."""
    job = f"""apiVersion: batch/v1
kind: Job
metadata:
  name: {{{{ .Release.Name }}}}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: before
          image: "{{{{ .Values.image.repository }}}}:{{{{ .Values.image.tag }}}}"
          command: [python3, -c, "import time; time.sleep({seconds})"]
"""
    chart = bench.directory.parent / "charts" / "backend" / "templates" / "before.yaml"
    chart.write_text(job, encoding="utf-8")


def test_a_commit_goes_all_the_way(workbench: Workbench, datadog: DatadogStandin) -> None:
    """A run deploys one digest to three environments, and every step is in the ledger and at Datadog."""
    done = workbench.succeed("run", "--approve", "qa", "--approve", "prod", "--output", "json").json
    assert done["done"] == [
        "test",
        "build",
        "deploy dev",
        "approval qa",
        "deploy qa",
        "approval prod",
        "deploy prod",
    ]
    standings = workbench.succeed("status", "--output", "json").json
    assert {item["commit"] for item in standings} == {done["commit"]}
    assert len({item["image"] for item in standings}) == 1
    assert "@sha256:" in standings[0]["image"]
    assert all(item["good"] and item["actor"] == "ada" for item in standings)
    assert [item["ending"]["outcome"] for item in workbench.attempts()] == ["succeeded"] * 7
    names = sorted((metric["name"], metric["type"]) for metric in datadog.metrics)
    assert names == sorted(
        [("acme.build.count", "count"), ("acme.build.elapsed_time", "gauge")]
        + [("acme.release.count", "count"), ("acme.release.elapsed_time", "gauge")] * 3
    )


def test_a_second_build_of_a_commit_finds_the_first(workbench: Workbench) -> None:
    """Building the same commit again builds nothing and prints the same digest."""
    first = workbench.succeed("build", "--output", "json").json
    second = workbench.succeed("build", "--output", "json").json
    assert (first["reused"], second["reused"]) == (False, True)
    assert first["digest"] == second["digest"]


def test_a_failed_first_install_leaves_nothing(workbench: Workbench) -> None:
    """A first install that crashes is removed again, and the message says what crashed."""
    workbench.write_values("dev", CRASH)
    workbench.commit()
    workbench.succeed("build")
    outcome = workbench.trunkline("release", "dev")
    assert outcome.code == 1, str(outcome)
    assert "keeps crashing with exit code 3" in outcome.stderr
    assert "no flags, no service" in outcome.stderr
    assert "the release was removed again" in outcome.stderr
    assert workbench.helm_history() == []
    left = workbench.tool(
        "kubectl", "get", "deployments,pods", "--namespace", workbench.namespaces["dev"], "-o", "name"
    )
    assert left == ""


def test_a_failed_upgrade_returns_to_the_last_good_revision(
    workbench: Workbench, datadog: DatadogStandin
) -> None:
    """An upgrade that crashes is undone, watched, recorded with its cause, and told to Datadog as a failure."""
    good = workbench.commit()
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    workbench.write_values("dev", CRASH)
    workbench.commit()
    workbench.succeed("build")
    outcome = workbench.trunkline("release", "dev")
    assert outcome.code == 1, str(outcome)
    assert "returned to revision 1" in outcome.stderr
    (standing, *_) = workbench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (good, True)
    newest = workbench.attempts()[0]
    assert newest["ending"]["cause"] == "crash-loop"
    assert newest["ending"]["undone"] == "returned to revision 1"
    failure = [event for event in datadog.events if event["title"].endswith("(Failure)")]
    assert len(failure) == 1
    assert failure[0]["alert_type"] == "error"


@pytest.mark.parametrize("first_install", [True, False], ids=["install", "upgrade"])
def test_a_kill_while_helm_runs_is_repaired_by_the_next_release(
    workbench: Workbench, first_install: bool
) -> None:
    """Kill -9 while Helm waits for a hook leaves a pending release, which the next release repairs by itself."""
    workbench.succeed("build")
    if not first_install:
        workbench.succeed("release", "dev")
    hook_that_waits(workbench, 60)
    workbench.commit()
    workbench.succeed("build")
    process = workbench.start("release", "dev")
    workbench.await_helm_status("pending-install" if first_install else "pending-upgrade")
    kill(process)
    hook_that_waits(workbench, 0)
    outcome = workbench.succeed("release", "dev")
    assert workbench.helm_history()[-1]["status"] == "deployed"
    assert ("uninstall the release" if first_install else "mark revision 2 failed") in outcome.stderr
    # The killed attempt has no ending, and is still there.
    endings = [item["ending"] for item in workbench.attempts() if item["attempt"]["stage"] == "deploy"]
    assert endings.count(None) == 1


def test_a_kill_while_the_rollout_is_awaited_does_no_harm(workbench: Workbench) -> None:
    """Kill -9 while the rollout is awaited: the next release succeeds, and never returns to the unproven one."""
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    workbench.write_values("dev", CRASH)
    workbench.commit()
    workbench.succeed("build")
    process = workbench.start("release", "dev")
    workbench.await_helm_status("deployed", revision=2)
    kill(process)
    # Another bad one: it must go back to revision 1, although revision 2 is the one that Helm calls deployed.
    workbench.write_values("dev", {**CRASH, "replicas": 2})
    workbench.commit()
    workbench.succeed("build")
    failed = workbench.trunkline("release", "dev")
    assert failed.code == 1, str(failed)
    assert "returned to revision 1" in failed.stderr
    workbench.write_values("dev", {})
    workbench.commit()
    workbench.succeed("build")
    workbench.succeed("release", "dev")


def test_of_two_releases_at_once_one_wins(workbench: Workbench) -> None:
    """While one release is at work, another of the same environment exits 6 and says who is at work."""
    workbench.write_values("dev", SLOW)
    workbench.commit()
    workbench.succeed("build")
    first = workbench.start("release", "dev")
    workbench.await_helm_status("deployed")
    second = workbench.trunkline("release", "dev", env={"TRUNKLINE_ACTOR": "bob"})
    assert second.code == 6, str(second)
    assert "ada" in second.stderr
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, err
    assert len(workbench.helm_history()) == 1, out


def test_a_killed_run_resumes_without_repeating(workbench: Workbench) -> None:
    """`run --resume` after kill -9 while a rollout is awaited only watches it, and goes on from there."""
    workbench.write_values("dev", {"readinessProbe": {**SLOW["readinessProbe"], "initialDelaySeconds": 8}})
    workbench.commit()
    process = workbench.start("run", "--until", "dev")
    workbench.await_helm_status("deployed")
    kill(process)
    resumed = workbench.succeed("run", "--resume", "--output", "json")
    assert resumed.json["done_before"] == ["test", "build"]
    assert resumed.json["done"] == ["deploy dev"]
    assert len(workbench.helm_history()) == 1
    again = workbench.succeed("run", "--resume", "--output", "json").json
    assert again["done"] == []


def test_promotion_rollback_and_logs(workbench: Workbench) -> None:
    """Promote deploys the digest that the other environment runs, rollback returns to the one before, logs show it."""
    first = workbench.commit("first")
    workbench.succeed("run", "--until", "dev")
    workbench.succeed("promote", "dev", "qa", "--approve")
    second = workbench.commit("second")
    workbench.succeed("run", "--until", "qa", "--approve", "qa")
    by_name = {item["environment"]: item for item in workbench.succeed("status", "--output", "json").json}
    assert by_name["qa"]["commit"] == second
    workbench.succeed("rollback", "qa")
    by_name = {item["environment"]: item for item in workbench.succeed("status", "--output", "json").json}
    assert (by_name["qa"]["commit"], by_name["dev"]["commit"]) == (first, second)
    lines = workbench.succeed("logs", "qa").stdout.splitlines()
    assert lines
    assert all(line.startswith("sample-") for line in lines)


def test_a_run_waits_for_an_approval_from_another_terminal(workbench: Workbench) -> None:
    """Without a terminal a run waits for `trunkline approve`; a rejection ends it with exit code 5."""
    waiting = workbench.trunkline("run", "--until", "qa")
    assert waiting.code == 5, str(waiting)
    run = workbench.attempts()[0]["attempt"]["run_id"]
    workbench.succeed("reject", run, "qa", "--reason", "not today")
    rejected = workbench.trunkline("run", "--resume", run)
    assert rejected.code == 5
    assert "not today" in rejected.stderr
    process = workbench.start("run", "--until", "qa", "--wait-for-approval", "2m")
    while len([item for item in workbench.attempts() if item["attempt"]["stage"] == "approval"]) < 3:
        assert process.poll() is None
    run = workbench.attempts()[0]["attempt"]["run_id"]
    workbench.succeed("approve", run, "qa", env={"TRUNKLINE_ACTOR": "grace"})
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "approved by grace" in err


def test_sigterm_stops_a_release_and_records_it(workbench: Workbench) -> None:
    """SIGTERM while the rollout is awaited ends with 130, and the ledger says that it was interrupted."""
    workbench.write_values("dev", SLOW)
    workbench.commit()
    workbench.succeed("build")
    process = workbench.start("release", "dev")
    workbench.await_helm_status("deployed")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert workbench.attempts()[0]["ending"]["outcome"] == "interrupted"


def test_trunk_discipline(workbench: Workbench) -> None:
    """A dirty tree or a branch goes to dev, which allows it, and to no other environment."""
    (workbench.directory / "note.txt").write_text("not committed", encoding="utf-8")
    refused = workbench.trunkline("run", "--until", "qa")
    assert refused.code == 2, str(refused)
    assert "qa takes commits only" in refused.stderr
    workbench.succeed("run", "--until", "dev")
    workbench.tool("git", "checkout", "--quiet", "-b", "feature")
    workbench.commit()
    assert "is not on trunk" in workbench.trunkline("run", "--until", "qa").stderr


def test_check_online_names_what_is_wrong(workbench: Workbench) -> None:
    """`check --online` says for each thing whether it works, and how to mend what does not."""
    assert workbench.trunkline("check", "--online").code == 0
    outcome = workbench.trunkline("check", "--online", "--output", "json", env={"SAMPLE_CONTEXT": "nowhere"})
    assert outcome.code == 7, str(outcome)
    bad = [finding for finding in outcome.json if not finding["good"]]
    assert {finding["name"] for finding in bad} == {"dev"}
    assert "nowhere" in json.dumps(bad)


def test_an_unreachable_datadog_delays_nothing(workbench: Workbench) -> None:
    """A Datadog that cannot be reached costs a warning, not the deployment."""
    workbench.succeed("build")
    outcome = workbench.succeed("release", "dev", env={"DD_URL": "http://127.0.0.1:9"})
    # A slow rollout tells the cluster's own warnings, too.
    assert outcome.stderr.count("(127.0.0.1:9 cannot be reached") == 1
    assert "the deployment is not affected" in outcome.stderr


def test_the_plan_is_what_release_does(workbench: Workbench) -> None:
    """`plan` prints the steps that `release` then takes, and changes nothing."""
    workbench.succeed("build")
    planned = workbench.succeed("plan", "dev", "--output", "json").json
    assert workbench.helm_history() == []
    released = workbench.succeed("release", "dev")
    assert planned["deed"] == "install"
    for step in planned["steps"]:
        assert step["text"] in released.stderr


def test_helm_3_releases_as_well(workbench: Workbench, helm3: Path) -> None:
    """The same release path works with Helm 3: install, a failing upgrade undone, rollback."""
    workbench.environment["PATH"] = f"{helm3.parent}:{workbench.environment['PATH']}"
    assert workbench.tool("helm", "version", "--short").startswith("v3.")
    workbench.succeed("run", "--until", "dev")
    workbench.write_values("dev", CRASH)
    workbench.commit()
    failed = workbench.trunkline("run", "--until", "dev")
    assert failed.code == 1, str(failed)
    assert "returned to revision 1" in failed.stderr
    workbench.write_values("dev", {"replicas": 2})
    workbench.commit()
    workbench.succeed("run", "--until", "dev")
    workbench.succeed("rollback", "dev")


def test_the_demo_tells_its_story() -> None:
    """`make demo-cluster` ends well: it checks every claim that it makes."""
    done = subprocess.run(
        ["make", "demo-cluster"], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=500
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Done: everything happened as it was said." in done.stdout
