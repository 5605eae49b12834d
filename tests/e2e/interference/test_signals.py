"""Somebody stops a release with Ctrl-C or SIGTERM, at every place where it can wait for long."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.catalogue.objects import container, deployment, job
from tests.e2e.interference.project import make_service, write_objects, write_version
from tests.e2e.workbench import Workbench

pytestmark = pytest.mark.cluster

_NEVER_READY = container(readinessProbe={"exec": {"command": ["false"]}, "periodSeconds": 1})
_SLOW_HOOK = job("sleep 600", "migrate", hook="pre-upgrade")
_PATIENCE_S = 60.0
_WAITS = "wait until the rollout is good"


@pytest.fixture
def bench(tmp_path: Path, machine: dict[str, str], image: ToolsImage) -> Iterator[Workbench]:
    """A service whose first version runs."""
    made = make_service(tmp_path, machine, os.environ["TRUNKLINE_TEST_REGISTRY"])
    write_version(made, image)
    made.succeed("release", "dev")
    yield made
    made.end()
    made.tool("kubectl", "delete", "namespace", made.namespaces["dev"], "--wait=false")


def until(process: subprocess.Popen[str], words: str) -> str:
    """Read what it says until it has said these words."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def stop(process: subprocess.Popen[str], number: signal.Signals) -> str:
    """Send the signal, and read the rest."""
    process.send_signal(number)
    _, rest = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 130, rest
    assert "Traceback" not in rest
    return rest


def is_free(bench: Workbench) -> bool:
    """Whether nobody holds the Lease any more."""
    found: Any = bench.tool(
        "kubectl",
        "get",
        "leases",
        "-n",
        bench.namespaces["dev"],
        "-o",
        "jsonpath={.items[*].spec.holderIdentity}",
    )
    return not found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_stopped_while_a_rollout_is_awaited(
    bench: Workbench, image: ToolsImage, number: signal.Signals
) -> None:
    """What is half rolled out stays, is recorded, says how to go on, and the next release goes on at once."""
    write_version(bench, image, main=_NEVER_READY)
    process = bench.start("release", "dev")
    until(process, _WAITS)
    said = stop(process, number)
    assert "trunkline release dev" in said
    assert is_free(bench)
    assert bench.attempts()[0]["ending"]["outcome"] == "interrupted"
    third = write_version(bench, image)
    bench.succeed("release", "dev")
    (standing,) = bench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (third, True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_stopped_while_helm_runs(bench: Workbench, image: ToolsImage, number: signal.Signals) -> None:
    """Helm is stopped, too; the revision that it left pending is mended by the next release."""
    write_objects(bench, image, deployment(), _SLOW_HOOK)
    process = bench.start("release", "dev")
    bench.await_helm_status("pending-upgrade", revision=2)
    stop(process, number)
    assert is_free(bench)
    third = write_version(bench, image)
    bench.succeed("release", "dev")
    (standing,) = bench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (third, True)
    assert not bench.tool("kubectl", "get", "jobs", "-n", bench.namespaces["dev"], "-o", "name")


def test_stopped_while_it_waits_for_its_turn(bench: Workbench, image: ToolsImage) -> None:
    """Who waits for another's release and is stopped leaves that one alone."""
    second = write_version(
        bench, image, main=container(readinessProbe={"exec": {"command": ["true"]}, "initialDelaySeconds": 8})
    )
    first = bench.start("release", "dev")
    until(first, _WAITS)
    waiting = bench.start("release", "dev", "--wait-for-lock", "1m")
    until(waiting, "at work")
    stop(waiting, signal.SIGTERM)
    _, said = first.communicate(timeout=_PATIENCE_S)
    assert first.returncode == 0, said
    (standing,) = bench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (second, True)


def test_stopped_while_a_failure_is_undone(bench: Workbench, image: ToolsImage) -> None:
    """An undo that is stopped can be made good by the next release, and the attempt is in the ledger."""
    write_version(bench, image, crashes=True)
    process = bench.start("release", "dev")
    until(process, "undo")
    stop(process, signal.SIGTERM)
    assert is_free(bench)
    third = write_version(bench, image)
    bench.succeed("release", "dev")
    (standing,) = bench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (third, True)
    assert [item["attempt"]["stage"] for item in bench.attempts()].count("deploy") == 3
