"""What a pod's row says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.tables.rows import KINDS, NOW, row
from trunkline.rehearsal.tables import table


def pod(
    *statuses: dict[str, Any],
    init: tuple[dict[str, Any], ...] = (),
    phase: str = "Running",
    conditions: tuple[str, ...] = (),
    **status: Any,
) -> dict[str, Any]:
    return {
        "spec": {
            "containers": [{"name": item["name"]} for item in statuses],
            "initContainers": [
                {"name": item["name"], **({"restartPolicy": "Always"} if "started" in item else {})}
                for item in init
            ],
        },
        "status": {
            "phase": phase,
            "containerStatuses": list(statuses),
            "initContainerStatuses": list(init),
            "conditions": [{"type": type_, "status": "True"} for type_ in conditions],
            **status,
        },
    }


def running(name: str = "a", restarts: int = 0, *, ready: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "ready": ready, "restartCount": restarts, "state": {"running": {}}, **more}


def waiting(reason: str, name: str = "a", restarts: int = 0, **more: Any) -> dict[str, Any]:
    return {"name": name, "restartCount": restarts, "state": {"waiting": {"reason": reason}}, **more}


def ended(code: int, reason: str = "", name: str = "a", **more: Any) -> dict[str, Any]:
    terminated = {"exitCode": code, **({"reason": reason} if reason else {}), **more}
    return {"name": name, "state": {"terminated": terminated}}


@pytest.mark.parametrize(
    ("value", "ready", "status"),
    [
        (pod(running(), running("b")), "2/2", "Running"),
        (pod(running(ready=False)), "0/1", "Running"),
        (pod(waiting("ContainerCreating"), phase="Pending"), "0/1", "ContainerCreating"),
        (pod(waiting("CrashLoopBackOff")), "0/1", "CrashLoopBackOff"),
        (pod(running(), waiting("ImagePullBackOff", "b"), phase="Pending"), "1/2", "ImagePullBackOff"),
        (pod(waiting("ErrImagePull"), waiting("CrashLoopBackOff", "b")), "0/2", "ErrImagePull"),
        (pod(ended(0, "Completed"), phase="Succeeded"), "0/1", "Completed"),
        (pod(ended(1, "Error"), phase="Failed"), "0/1", "Error"),
        (pod(ended(137, "OOMKilled")), "0/1", "OOMKilled"),
        (pod(ended(3)), "0/1", "ExitCode:3"),
        (pod(ended(137, signal=9)), "0/1", "Signal:9"),
        (pod(ended(0, "Completed"), running("b"), conditions=("Ready",)), "1/2", "Running"),
        (pod(ended(0, "Completed"), running("b")), "1/2", "NotReady"),
        (pod(phase="Pending"), "0/0", "Pending"),
        (pod(phase="Failed", reason="Evicted"), "0/0", "Evicted"),
        (pod(waiting("PodInitializing"), init=(running("i"),), phase="Pending"), "0/1", "Init:0/1"),
        (pod(waiting("PodInitializing"), init=(ended(0, "Completed", "i"), waiting("PodInitializing", "j"))), "0/1", "Init:1/2"),
        (pod(waiting("PodInitializing"), init=(waiting("CrashLoopBackOff", "i"),)), "0/1", "Init:CrashLoopBackOff"),
        (pod(waiting("PodInitializing"), init=(ended(1, "Error", "i"),)), "0/1", "Init:Error"),
        (pod(waiting("PodInitializing"), init=(ended(2, "", "i"),)), "0/1", "Init:ExitCode:2"),
        (pod(waiting("PodInitializing"), init=(ended(2, "", "i", signal=9),)), "0/1", "Init:Signal:9"),
        (pod(running(), init=(ended(0, "Completed", "i"),), conditions=("Initialized",)), "1/1", "Running"),
        (pod(running(), init=(running("i", started=True),)), "2/2", "Running"),
        (pod(running(), init=(running("i", started=True, ready=False),)), "1/2", "Running"),
        (pod(waiting("PodInitializing"), init=(running("i", started=False),)), "0/2", "Init:0/1"),
    ],
)  # fmt: skip
def test_ready_and_status(value: dict[str, Any], ready: str, status: str) -> None:
    """The status is the word that kubectl shows, and the containers that are ready are counted."""
    found = row("", "Pod", value)
    assert (found["Ready"], found["Status"]) == (ready, status)


def test_scheduling_gates_have_a_word_of_their_own() -> None:
    """A pod behind a scheduling gate says so."""
    value = pod(phase="Pending")
    value["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]
    assert row("", "Pod", value)["Status"] == "SchedulingGated"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (pod(running()), "Terminating"),
        (pod(running(), reason="NodeLost"), "Unknown"),
        (pod(ended(0, "Completed"), phase="Succeeded"), "Completed"),
    ],
)
def test_a_pod_that_is_deleted(value: dict[str, Any], status: str) -> None:
    """A pod that is deleted is terminating, unless it has ended, or its node is lost."""
    value["metadata"] = {"deletionTimestamp": "2026-03-01T11:59:00Z"}
    assert row("", "Pod", value)["Status"] == status


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (pod(running()), "0"),
        (pod(running(restarts=2)), "2"),
        (pod(running(restarts=2, lastState={"terminated": {"finishedAt": "2026-03-01T11:59:55Z"}})), "2 (5s ago)"),
        (
            pod(
                running(restarts=2, lastState={"terminated": {"finishedAt": "2026-03-01T11:59:55Z"}}),
                running("b", 3, lastState={"terminated": {"finishedAt": "2026-03-01T11:50:00Z"}}),
            ),
            "5 (5s ago)",
        ),
        (pod(running(), init=(waiting("x", "i", 4),), conditions=("Initialized",)), "0"),
        (pod(waiting("PodInitializing"), init=(waiting("CrashLoopBackOff", "i", 4),)), "4"),
        (pod(running(restarts=1), init=(running("i", 2, started=True),)), "3"),
    ],
)  # fmt: skip
def test_restarts(value: dict[str, Any], said: str) -> None:
    """Restarts are added up, with the latest of them; those of init containers count only while they run."""
    assert row("", "Pod", value)["Restarts"] == said


def test_wide_columns() -> None:
    """Where a pod is, and what must hold before it is ready, is told to who asks for more."""
    value = pod(running(), conditions=("one",), podIPs=[{"ip": "10.0.0.7"}], nominatedNodeName="n2")
    value["spec"].update(nodeName="n1", readinessGates=[{"conditionType": "one"}, {"conditionType": "two"}])
    found = row("", "Pod", value)
    assert list(found.values())[4:] == ["2m5s", "10.0.0.7", "n1", "n2", "1/2"]
    assert list(row("", "Pod", pod()).values())[5:] == ["<none>"] * 4


def test_rows_of_pods_that_have_ended_are_marked() -> None:
    """A pod that has ended is of no more interest, and its row says why."""
    items = [pod(phase=phase) for phase in ("Running", "Succeeded", "Failed")]
    found = table(KINDS.named("", "Pod"), items, NOW)["rows"]
    assert [item.get("conditions", [{}])[0].get("reason") for item in found] == [None, "Succeeded", "Failed"]
