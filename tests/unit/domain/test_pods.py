"""What one pod says about itself: which failure it shows, and for how long it must stay to count."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.states import (
    IMAGE,
    WEB,
    container,
    event,
    pod,
    running,
    terminated,
    unscheduled_pod,
    waiting,
)
from trunkline.domain.diagnosis.look import Look
from trunkline.domain.diagnosis.pods import pod_findings, restarts_of, vouched_for
from trunkline.domain.diagnosis.revisions import is_ready
from trunkline.domain.rollouts import Cause, Failure, Observation, Resource

JOB = Resource("Job", "team", "seed")
NOT_FOUND = f'rpc error: failed to resolve reference "{IMAGE}": {IMAGE}: not found'
DENIED = "failed to authorize: 401 Unauthorized"
SILENT = "dial tcp 10.0.0.9:443: i/o timeout"
LOOP = waiting("CrashLoopBackOff", "back-off 10s restarting failed container")
CRASHED, OOM, FINE = terminated(3), terminated(137, "OOMKilled"), terminated(0, "Completed")
NO_EXEC = terminated(128, "StartError", message='exec: "nope": executable file not found in $PATH')


def found(
    shown: dict[str, Any], *events: dict[str, Any], workload: Resource = WEB
) -> list[tuple[Cause, float]]:
    return [(failure.cause, grace) for failure, grace in diagnosed(shown, *events, workload=workload)]


def diagnosed(
    shown: dict[str, Any], *events: dict[str, Any], workload: Resource = WEB
) -> list[tuple[Failure, float]]:
    look = Look(Observation(0.0, {workload: {}}, events=events))
    return [(item.failure, item.grace_s) for item in pod_findings(workload, shown, look)]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(container(ready=True), [], id="ready"),
        pytest.param(container(waiting("ContainerCreating")), [], id="being created"),
        pytest.param(container(waiting("PodInitializing")), [], id="waiting for its init containers"),
        pytest.param(container(waiting("ErrImagePull", NOT_FOUND)), [(Cause.IMAGE_NOT_FOUND, 0)], id="no such image"),
        pytest.param(
            container(waiting("ImagePullBackOff", f"Back-off pulling image: {NOT_FOUND}")),
            [(Cause.IMAGE_NOT_FOUND, 0)],
            id="no such image, in words of newer kubelets",
        ),
        pytest.param(container(waiting("ErrImagePull", "manifest unknown")), [(Cause.IMAGE_NOT_FOUND, 0)], id="no tag"),
        pytest.param(container(waiting("ErrImagePull", DENIED)), [(Cause.IMAGE_DENIED, 0)], id="denied"),
        pytest.param(
            container(waiting("ErrImagePull", "pull access denied, repository does not exist")),
            [(Cause.IMAGE_DENIED, 0)],
            id="Docker Hub's way to say denied",
        ),
        pytest.param(container(waiting("ErrImagePull", SILENT)), [(Cause.REGISTRY_UNREACHABLE, 60)], id="registry is silent"),
        pytest.param(container(waiting("ImagePullBackOff")), [(Cause.IMAGE_PULL, 60)], id="back-off without a word"),
        pytest.param(container(waiting("ErrImageNeverPull")), [(Cause.IMAGE_PULL, 0)], id="may not be pulled"),
        pytest.param(container(waiting("InvalidImageName")), [(Cause.IMAGE_NAME, 0)], id="no image name"),
        pytest.param(
            container(waiting("CreateContainerConfigError", 'configmap "web" not found')),
            [(Cause.CONFIGURATION, 0)],
            id="configuration is missing",
        ),
        pytest.param(
            container(waiting("CreateContainerConfigError", "failed to sync configmap cache: timed out")),
            [],
            id="the kubelet's cache is late",
        ),
        pytest.param(container(waiting("CreateContainerError", "x")), [(Cause.CANNOT_START, 30)], id="cannot be made"),
        pytest.param(container(waiting("RunContainerError", "x")), [(Cause.CANNOT_START, 30)], id="cannot be run"),
        pytest.param(container(CRASHED), [], id="one crash"),
        pytest.param(container(LOOP, last=CRASHED), [], id="one crash, and waiting"),
        pytest.param(container(running(), restarts=1, last=CRASHED, ready=True), [], id="one restart"),
        pytest.param(container(CRASHED, restarts=1, last=CRASHED), [(Cause.CRASH_LOOP, 0)], id="second crash"),
        pytest.param(container(LOOP, restarts=1, last=CRASHED), [(Cause.CRASH_LOOP, 0)], id="waiting after the second"),
        pytest.param(container(LOOP, restarts=9, last=FINE), [(Cause.CRASH_LOOP, 0)], id="a server that simply ends"),
        pytest.param(
            container(running(), restarts=9, last=CRASHED, ready=True), [], id="crashes of long ago, before this rollout"
        ),
        pytest.param(
            container(terminated(1, lived_s=900), restarts=5), [], id="the first crash after a long time of calm"
        ),
        pytest.param(container(OOM, restarts=1), [(Cause.OUT_OF_MEMORY, 0)], id="out of memory"),
        pytest.param(container(LOOP, restarts=1, last=OOM), [(Cause.OUT_OF_MEMORY, 0)], id="waiting, out of memory"),
        pytest.param(container(OOM), [], id="out of memory once"),
        pytest.param(container(LOOP, restarts=1, last=NO_EXEC), [(Cause.COMMAND_NOT_FOUND, 0)], id="no such command"),
        pytest.param(container(NO_EXEC, restarts=1), [(Cause.COMMAND_NOT_FOUND, 0)], id="no such command, just ended"),
    ],
)  # fmt: skip
def test_a_container(status: dict[str, Any], expected: list[tuple[Cause, float]]) -> None:
    """A container's state shows its failure, and how long that must stay."""
    assert found(pod(status)) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(container(FINE, name="migrate"), [], id="done"),
        pytest.param(container(FINE, name="migrate", restarts=3), [], id="done, after restarts"),
        pytest.param(container(CRASHED, name="migrate"), [], id="failed once"),
        pytest.param(container(LOOP, name="migrate", restarts=1, last=CRASHED), [Cause.INIT_CRASH], id="keeps failing"),
        pytest.param(container(LOOP, name="migrate", restarts=1, last=OOM), [Cause.OUT_OF_MEMORY], id="out of memory"),
        pytest.param(container(waiting("ErrImagePull", NOT_FOUND), name="m"), [Cause.IMAGE_NOT_FOUND], id="no image"),
    ],
)  # fmt: skip
def test_an_init_container(status: dict[str, Any], expected: list[Cause]) -> None:
    """An init container may end well; one that keeps failing is told as such."""
    shown = pod(container(waiting("PodInitializing")), init=[status])
    assert [cause for cause, _ in found(shown)] == expected


@pytest.mark.parametrize(
    "status", [container(LOOP, restarts=3, last=CRASHED), container(FINE), container(CRASHED)]
)
def test_a_job_counts_its_own_retries(status: dict[str, Any]) -> None:
    """The pods of a Job may crash as often as the Job allows: its controller says when it has failed."""
    assert found(pod(status), workload=JOB) == []


def test_a_pod_that_is_leaving_says_nothing() -> None:
    """A pod that was evicted or scaled away is no failure, however it ends."""
    assert found(pod(container(LOOP, restarts=5, last=CRASHED), deleted=True)) == []


def test_a_pod_that_no_node_takes() -> None:
    """An unschedulable pod counts after a grace, unless an autoscaler has promised a node for it."""
    shown, other = unscheduled_pod(), pod(name="other")
    assert found(shown) == [(Cause.NO_ROOM, 30)]
    assert found(shown, event(other, "TriggeredScaleUp")) == [(Cause.NO_ROOM, 30)]
    assert found(shown, event(shown, "TriggeredScaleUp")) == []


def test_events_tell_why_a_pull_fails() -> None:
    """The back-off hides the registry's words, which the pod's events still hold, however many came since."""
    shown = pod(container(waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"')))
    said = (
        f'Failed to pull image "{IMAGE}": {NOT_FOUND}',
        "Error: ErrImagePull",
        "Error: ImagePullBackOff",
        "Unhealthy",
    )
    assert found(shown, *(event(shown, "Failed", text) for text in said)) == [(Cause.IMAGE_NOT_FOUND, 0)]


def test_events_about_another_image_or_pod_do_not_count() -> None:
    """What was said of another container's image, or another pod, explains nothing here."""
    shown, other = pod(container(waiting("ImagePullBackOff"))), pod(name="other")
    words = [
        event(shown, "Failed", 'Failed to pull image "registry.example/proxy:2": not found'),
        event(other, "Failed", f'Failed to pull image "{IMAGE}": not found'),
    ]
    assert found(shown, *words) == [(Cause.IMAGE_PULL, 60)]


def test_a_crash_tells_everything_that_a_person_needs() -> None:
    """The sentence names container, workload and exit code; pod and container lead to the log."""
    shown = pod(container(LOOP, restarts=4, last=CRASHED))
    [(failure, _)] = diagnosed(shown)
    assert failure.sentence == "container web of deployment/web keeps crashing with exit code 3"
    assert failure.evidence == ("exit code 3, reason Error, 4 restarts",)
    assert (failure.pod, failure.container) == ("web-1-a", "web")
    assert failure.advice


def test_a_missing_image_tells_the_registry_s_words() -> None:
    """The sentence names the image; the evidence is the cluster's own; there is no log to read."""
    [(failure, _)] = diagnosed(pod(container(waiting("ErrImagePull", NOT_FOUND))))
    assert failure.sentence == f"image {IMAGE} does not exist in the registry"
    assert failure.evidence == (NOT_FOUND,)
    assert failure.container == ""


def test_every_container_speaks_for_itself() -> None:
    """Two containers with two troubles are two failures."""
    shown = pod(container(waiting("ErrImagePull", NOT_FOUND)), container(CRASHED, restarts=1, name="proxy"))
    assert [cause for cause, _ in found(shown)] == [Cause.IMAGE_NOT_FOUND, Cause.CRASH_LOOP]


def test_restarts_are_counted_by_container() -> None:
    """Restarts of what is to run on count, sidecars among the init containers included, other init containers not."""
    side = container(restarts=4, name="side")
    shown = pod(
        container(restarts=2),
        container(restarts=1, name="b"),
        init=[side, container(restarts=5, name="migrate")],
    )
    shown["spec"]["initContainers"] = [{"name": "side", "restartPolicy": "Always"}, {"name": "migrate"}]
    uid = shown["metadata"]["uid"]
    assert restarts_of(shown) == {(uid, "side"): 4, (uid, "web"): 2, (uid, "b"): 1}
    assert restarts_of({"metadata": {}}) == {}


def test_ready_is_the_pod_s_own_condition() -> None:
    """A pod is ready when its condition says so."""
    assert is_ready(pod())
    assert not is_ready(pod(container()))
    assert not is_ready({"metadata": {}})


def test_a_probe_must_vouch_for_every_container() -> None:
    """One container without a readiness probe, and the pod's `Ready` means little."""
    shown = pod(container(ready=True), container(ready=True, name="proxy"))
    assert vouched_for(shown)
    del shown["spec"]["containers"][1]["readinessProbe"]
    assert not vouched_for(shown)
