"""`trunkline diff` against a real cluster: what a release would change, and what somebody changed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.workbench import Workbench

pytestmark = pytest.mark.cluster


def compared(bench: Workbench) -> Any:
    return bench.succeed("diff", "dev", "--output", "json").json


def paths(changes: Any, name: str = "sample") -> set[str]:
    """The paths of the changes to the Deployment of a comparison's part."""
    return {
        change["path"]
        for item in changes
        if item["object"]["kind"] == "Deployment" and item["object"]["name"] == name
        for change in item["changes"]
    }


def test_before_the_first_release(workbench: Workbench) -> None:
    """Where nothing stands all objects are new, nothing is created by looking, and --exit-code says 1."""
    workbench.commit()
    workbench.succeed("build")
    found = compared(workbench)
    assert {item["kind"] for item in found["planned"]} == {"added"}
    assert not found["drift"]
    assert workbench.trunkline("diff", "dev", "--exit-code").code == 1
    assert workbench.helm_history() == []
    assert (
        workbench.tool("kubectl", "get", "namespace", workbench.namespaces["dev"], "--ignore-not-found") == ""
    )


def test_what_a_release_would_change(workbench: Workbench) -> None:
    """The same commit changes nothing; other values show what they change, and the values of secrets stay hidden."""
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    assert workbench.trunkline("diff", "dev", "--exit-code").code == 0
    workbench.write_values(
        "dev",
        {
            "replicas": 3,
            "environment": {
                "plain": {"API_TOKEN": {"value": "s3cr3t-in-clear"}, "COLOUR": {"value": "green"}}
            },
        },
    )
    workbench.commit()
    workbench.succeed("build")
    done = workbench.trunkline("diff", "dev")
    assert done.code == 0, str(done)
    assert "spec.replicas: 1 -> 3" in done.stdout
    assert "green" in done.stdout
    assert "s3cr3t-in-clear" not in done.stdout + done.stderr
    assert not compared(workbench)["drift"]


def test_what_was_changed_by_hand(workbench: Workbench) -> None:
    """What kubectl changed behind Helm's back is shown with who did it, and what controllers write is not."""
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    namespace = workbench.namespaces["dev"]
    workbench.tool("kubectl", "set", "env", "deployment/sample", "DEBUG=1", "-n", namespace)
    workbench.tool("kubectl", "scale", "deployment/sample", "--replicas=2", "-n", namespace)
    found = compared(workbench)
    assert not found["planned"]
    seen = paths(found["drift"])
    assert "spec.replicas" in seen
    assert any("DEBUG" in path for path in seen), seen
    assert all("status" not in path for path in seen), seen
    told = workbench.trunkline("diff", "dev").stdout
    assert "kubectl" in told
    assert "DEBUG" in told
