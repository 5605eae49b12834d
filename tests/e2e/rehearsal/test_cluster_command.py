"""`trunkline cluster`: a simulated cluster that outlives its command, for Helm, kubectl and Trunkline alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.e2e.workbench import REPOSITORY, Workbench


def test_it_outlives_its_process(workbench: Workbench) -> None:
    """What was in it is there again after a kill -9, until it is taken down."""
    assert workbench.trunkline("cluster", "status").code == 7
    workbench.succeed("cluster", "up")
    assert workbench.succeed("cluster", "up", "--output", "json").json["started"] is False
    kubeconfig = workbench.succeed("cluster", "kubeconfig").stdout.strip()
    workbench.environment["KUBECONFIG"] = kubeconfig
    workbench.tool("kubectl", "create", "deployment", "web", "--image=nginx:1", "--replicas=2")
    workbench.tool("kubectl", "rollout", "status", "deployment/web", "--timeout=60s")
    pods = workbench.tool("kubectl", "get", "pods", "-o", "name")
    status = workbench.succeed("cluster", "status", "--output", "json").json
    assert (status["pods"], status["deployments"]) == (2, 1)
    os.kill(status["pid"], signal.SIGKILL)
    workbench.succeed("cluster", "up")
    assert workbench.tool("kubectl", "get", "pods", "-o", "name") == pods
    workbench.tool("kubectl", "set", "image", "deployment/web", "nginx=nginx:2")
    workbench.tool("kubectl", "rollout", "status", "deployment/web", "--timeout=60s")
    workbench.succeed("cluster", "down", "--keep")
    workbench.succeed("cluster", "up")
    assert workbench.tool("kubectl", "get", "deployments", "-o", "name").split() == ["deployment.apps/web"]
    assert workbench.succeed("cluster", "down", "--output", "json").json == {"was_up": True}
    workbench.succeed("cluster", "up")
    assert workbench.tool("kubectl", "get", "deployments", "-o", "name") == ""


def test_one_that_does_not_answer_is_ended_too(workbench: Workbench) -> None:
    """Taking it down ends its process even while that is too busy to answer anybody."""
    workbench.succeed("cluster", "up")
    pid = workbench.succeed("cluster", "status", "--output", "json").json["pid"]
    os.kill(pid, signal.SIGSTOP)
    going_down = workbench.start("cluster", "down")
    # Only once nobody answers is it asked to go.
    with suppress(subprocess.TimeoutExpired):
        going_down.wait(4)
    os.kill(pid, signal.SIGCONT)
    going_down.communicate(timeout=30)
    assert going_down.returncode == 0
    # Whoever adopted it may not have asked for its end yet.
    process = Path(f"/proc/{pid}/cmdline")
    assert not process.exists() or process.read_bytes() == b""


def test_it_is_the_cluster_where_there_is_no_other(workbench: Workbench) -> None:
    """Without any kubeconfig the whole pipeline runs on it, says so aloud, and describes the image instead of building it."""
    workbench.succeed("cluster", "up")
    done = workbench.succeed("run", "--approve", "qa", "--approve", "prod")
    assert "the simulated cluster is taken" in done.stderr
    assert "for a simulated cluster it is only described" in done.stderr
    standings = workbench.succeed("status", "--output", "json").json
    assert [(item["environment"], item["good"]) for item in standings] == [
        ("dev", True),
        ("qa", True),
        ("prod", True),
    ]


def test_what_answers_there_can_be_checked(workbench: Workbench) -> None:
    """A check over HTTP reaches the stub of a pod, which answers with its image's tag; a wrong answer is undone."""
    workbench.succeed("cluster", "up")
    path = workbench.directory / "trunkline.yaml"
    text = path.read_text(encoding="utf-8")
    check = 'checks: [{http: {service: sample, port: 80, path: /version}, expect: {json: {version: "%s"}}, timeout: 2s}]'
    right = check % "${TRUNKLINE_SHORT_COMMIT}"
    path.write_text(text.replace("  qa:\n", f"    {right}\n  qa:\n", 1), encoding="utf-8")
    workbench.commit("Check it")
    workbench.succeed("run", "--until", "dev")
    path.write_text(text.replace("  qa:\n", f"    {check % 'another'}\n  qa:\n", 1), encoding="utf-8")
    workbench.commit("Check it wrongly")
    failed = workbench.trunkline("run", "--until", "dev")
    assert failed.code == 1, str(failed)
    assert "returned to revision 1" in failed.stderr


def test_the_demo_tells_its_story() -> None:
    """`make demo` ends well on a machine without a cluster, a container engine or root: it checks every claim that it makes."""
    done = subprocess.run(
        [sys.executable, "-m", "dev.demo"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Done: everything happened as it was said." in done.stdout
