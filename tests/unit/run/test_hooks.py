"""Helm's hooks, watched while Helm works."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.cluster import FakePod
from tests.fakes.world import FakeWorld
from tests.unit.domain.states import container, pod, seen, terminated, waiting
from tests.unit.run.deeds import DEV, carry_out, ending, install, stood, upgrade
from trunkline.domain.rollouts import Observation, Resource
from trunkline.errors import DeploymentFailed
from trunkline.plan.steps import Repair
from trunkline.run.site import RolloutFailed

MIGRATE = Resource("Job", DEV.namespace, "migrate", "batch/v1")
HOOK: dict[str, Any] = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate"}}
NO_IMAGE = container(waiting("ErrImagePull", 'rpc error: "registry.example/web:1": not found'))


def job(*conditions: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": "Job",
        "metadata": {"name": "migrate", "uid": "uid-job"},
        "status": {"conditions": list(conditions)},
    }


def migrating(live: dict[str, Any], *pods: dict[str, Any]) -> Observation:
    return seen(1.0, live, *pods, workload=MIGRATE)


def of_job(*containers: dict[str, Any]) -> dict[str, Any]:
    made = pod(*containers, name="migrate-x", owner="uid-job")
    made["metadata"]["ownerReferences"][0]["kind"] = "Job"
    return made


def during(fake: FakeWorld, hooks: Observation) -> None:
    """What is seen of hooks as soon as Helm is at work."""

    def begin(now: str) -> None:
        if now == "pending upgrade":
            fake.cluster.hooks = hooks

    fake.helm.interfere = begin


@pytest.fixture
def hooked(fake: FakeWorld) -> FakeWorld:
    """A release whose chart has a hook, and revision 1 of it."""
    fake.helm.hook_objects = (HOOK,)
    stood(fake)
    return fake


def test_a_hook_that_can_never_start_stops_helm(hooked: FakeWorld) -> None:
    """Helm does not wait for its timeout: the cause is the pod's, the record is not left pending, and it is undone."""
    during(hooked, migrating(job(), of_job(NO_IMAGE)))
    with pytest.raises(RolloutFailed, match=r"hook image .* does not exist") as caught:
        carry_out(hooked, upgrade("new"))
    assert caught.value.cause == "image-not-found"
    assert ending(hooked).undone == "returned to revision 1"
    assert [item.status for item in hooked.helm.history(DEV.target).revisions][1] != "pending-upgrade"


def test_a_hook_of_another_release_is_not_ours(hooked: FakeWorld) -> None:
    """What another release's hooks do in the same namespace decides nothing here."""
    hooked.helm.hook_objects = ()
    during(hooked, migrating(job(), of_job(NO_IMAGE)))
    carry_out(hooked, upgrade("new"))
    assert ending(hooked).undone == ""


def test_the_log_of_a_failed_hook_outlives_its_pod(hooked: FakeWorld) -> None:
    """A hook that has failed bears the last lines of its container, which were read once, while it was still there."""
    crashed = of_job(container(terminated(5), name="web"))
    hooked.cluster.pods.append(
        FakePod(DEV.namespace, "migrate-x", "migrate", logs={"web": ["no such table"]})
    )
    failed = {"type": "Failed", "status": "True", "message": "Job has reached the limit"}
    during(hooked, migrating(job(failed), crashed))
    looked: list[int] = []
    read = hooked.cluster.last_log

    def last_log(*arguments: Any) -> tuple[str, ...]:
        looked.append(1)
        return read(*arguments)

    hooked.cluster.last_log = last_log  # type: ignore[method-assign, assignment]  # counts the looks
    hooked.helm.failures["upgrade"] = [DeploymentFailed("pre-upgrade hooks failed: BackoffLimitExceeded")]
    with pytest.raises(RolloutFailed) as caught:
        carry_out(hooked, upgrade("new"))
    assert caught.value.cause == "hook-failed"
    assert "no such table" in caught.value.failures[0].evidence
    assert looked == [1]


def test_what_helm_itself_says(hooked: FakeWorld) -> None:
    """Where no hook is to blame, Helm's own words are the sentence."""
    hooked.helm.failures["upgrade"] = [DeploymentFailed("helm upgrade failed: something new")]
    with pytest.raises(RolloutFailed, match="something new") as caught:
        carry_out(hooked, upgrade("new"))
    assert caught.value.cause == "helm-failed"


def test_a_first_install_whose_hook_fails_leaves_nothing(fake: FakeWorld) -> None:
    """The release that never stood is removed again."""
    fake.helm.hook_objects = (HOOK,)
    during(fake, migrating(job(), of_job(NO_IMAGE)))
    with pytest.raises(RolloutFailed):
        carry_out(fake, install("new"))
    assert not fake.helm.history(DEV.target).exists
    assert fake.cluster.deleted == ["migrate"]


def test_a_hook_that_is_to_be_kept_is_kept(fake: FakeWorld) -> None:
    """What the chart's author wants to outlive the release is not deleted with it."""
    kept = {"name": "migrate", "annotations": {"helm.sh/resource-policy": "keep"}}
    fake.helm.hook_objects = ({**HOOK, "metadata": kept},)
    during(fake, migrating(job(), of_job(NO_IMAGE)))
    with pytest.raises(RolloutFailed):
        carry_out(fake, install("new"))
    assert fake.cluster.deleted == []


@pytest.mark.parametrize(
    ("condition", "deleted"),
    [
        pytest.param("Suspended", ["migrate"], id="at work"),
        pytest.param("Complete", [], id="ended"),
        pytest.param("Failed", [], id="given up"),
    ],
)
def test_hooks_of_a_dead_client(hooked: FakeWorld, condition: str, deleted: list[str]) -> None:
    """What a dead client's hooks still do is ended by the repair; those that have ended stay to be read."""
    hooked.cluster.live_objects["Job", "migrate"] = job({"type": condition, "status": "True"})
    carry_out(hooked, (Repair(1, "pending-upgrade"), *upgrade("new")))
    assert hooked.cluster.deleted == deleted


def test_the_hooks_of_a_failure_are_ended_before_its_undo(hooked: FakeWorld) -> None:
    """A hook that waits for its image does not wait on beside the revision that was returned to."""
    hooked.cluster.live_objects["Job", "migrate"] = job()
    during(hooked, migrating(job(), of_job(NO_IMAGE)))
    with pytest.raises(RolloutFailed):
        carry_out(hooked, upgrade("new"))
    assert hooked.cluster.deleted == ["migrate"]
