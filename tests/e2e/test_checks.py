"""What follows a rollout on a real cluster: checks, a soak, and a failure that is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.workbench import Workbench

pytestmark = pytest.mark.cluster

VERSION = {
    "name": "the right version answers",
    "http": {"service": "sample", "port": "main", "path": "/version"},
    "expect": {"json": {"commit": "${TRUNKLINE_COMMIT}"}},
    "timeout": "20s",
}
SERVED = {"service": {"port": 80, "targetPort": 8000}}


def configure(bench: Workbench, **settings: Any) -> None:
    """Add settings to dev, which has a Service."""
    path = bench.directory / "trunkline.yaml"
    lines = [f"    {name}: {json.dumps(value)}" for name, value in settings.items()]
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  qa:\n", "\n".join([*lines, "  qa:\n"]), 1), encoding="utf-8")


def next_version(bench: Workbench, **values: Any) -> str:
    bench.write_values("dev", {**SERVED, **values})
    sha = bench.commit()
    bench.succeed("build")
    return sha


def cause(bench: Workbench) -> str:
    return str(bench.attempts()[0]["ending"]["cause"])


def test_checks(workbench: Workbench) -> None:
    """A Service is asked for the commit and a command is run after the rollout, as the plan says."""
    command = 'test "$TRUNKLINE_ENVIRONMENT" = dev && echo "smoke of $TRUNKLINE_COMMIT"'
    configure(workbench, checks=[VERSION, {"name": "smoke", "command": command}])
    sha = next_version(workbench)
    steps = [step["text"] for step in workbench.succeed("plan", "dev", "--output", "json").json["steps"]]
    assert "check: the right version answers, 20 s at most" in steps
    released = workbench.succeed("release", "dev")
    assert f"smoke of {sha}" in released.stderr


def test_a_check_that_fails_is_undone(workbench: Workbench) -> None:
    """A wrong answer fails the deployment with the words of the answer, and the revision before is returned to."""
    first = next_version(workbench)
    workbench.succeed("release", "dev")
    wrong = {**VERSION, "expect": {"json": {"commit": "another"}}, "timeout": "4s"}
    configure(workbench, checks=[wrong])
    second = next_version(workbench, replicas=2)
    failed = workbench.trunkline("release", "dev")
    assert failed.code == 1, str(failed)
    assert 'The check "the right version answers" failed' in failed.stderr
    assert second in failed.stderr
    assert "returned to revision 1" in failed.stderr
    assert cause(workbench) == "check-failed"
    (standing, *_) = workbench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (first, True)


def test_a_soak_that_sees_an_end(workbench: Workbench) -> None:
    """What ends during the soak, after a rollout that was good, fails the deployment and is undone."""
    next_version(workbench)
    workbench.succeed("release", "dev")
    configure(workbench, soak="40s", settle="1s")
    script = "import time; time.sleep(12); print('out of luck'); raise SystemExit(9)"
    next_version(workbench, command=["python3", "-c", script], readinessProbe=None)
    failed = workbench.trunkline("release", "dev")
    assert failed.code == 1, str(failed)
    assert "watch for 40 s whether it stays good" in failed.stderr
    assert "did not stay good" in failed.stderr
    assert cause(workbench) == "soak-failed"
    assert "returned to revision 1" in failed.stderr


def test_a_failure_that_is_kept(workbench: Workbench) -> None:
    """What is kept stays for a person to look at, and no later undo comes back to it."""
    next_version(workbench)
    workbench.succeed("release", "dev")
    configure(workbench, on_failure="keep")
    crash = ["python3", "-c", "raise SystemExit(3)"]
    next_version(workbench, command=crash)
    kept = workbench.trunkline("release", "dev")
    assert kept.code == 1, str(kept)
    assert "kept as configured (on_failure: keep)" in kept.stderr
    assert [item["status"] for item in workbench.helm_history()] == ["superseded", "deployed"]
    path = workbench.directory / "trunkline.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('on_failure: "keep"', ""), encoding="utf-8")
    next_version(workbench, command=crash, replicas=2)
    undone = workbench.trunkline("release", "dev")
    assert undone.code == 1, str(undone)
    assert "returned to revision 1" in undone.stderr
