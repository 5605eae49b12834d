"""What admission makes of a pod: its account and its priority, and what it refuses for want of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.errors import ApiError, NotYet
from trunkline.rehearsal.registry import Deletion


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as found:
        yield found


def pod(**spec: Any) -> dict[str, Any]:
    meta = {"generateName": "web-", "namespace": "default"}
    return {"metadata": meta, "spec": {"containers": [{"name": "main", "image": "web:1"}], **spec}}


def admitted(cluster: Played, **spec: Any) -> Any:
    return cluster.create("", "Pod", pod(**spec))["spec"]


def refusal(cluster: Played, **spec: Any) -> str:
    with pytest.raises(ApiError) as caught:
        admitted(cluster, **spec)
    assert caught.value.code == 403
    return caught.value.message


def test_account_that_is_missing(cluster: Played) -> None:
    """A pod of an account that does not exist is refused, by the name that its maker gave it."""
    said = 'pods "web-" is forbidden: error looking up service account default/deployer: serviceaccount "deployer" not found'
    assert refusal(cluster, serviceAccountName="deployer") == said


def test_account_lends_its_pull_secrets(cluster: Played) -> None:
    """A pod that names no pull secrets gets those of its account."""
    secrets = [{"name": "registry"}]
    account = {"metadata": {"name": "robot", "namespace": "default"}, "imagePullSecrets": secrets}
    cluster.create("", "ServiceAccount", account)
    found = admitted(cluster, serviceAccountName="robot")
    assert (found["serviceAccount"], found["imagePullSecrets"]) == ("robot", secrets)
    assert "imagePullSecrets" not in admitted(cluster)


def test_the_default_account_comes_back(cluster: Played) -> None:
    """A pod waits for the account that each namespace gets, which is made anew when it is deleted."""
    cluster.cluster.registry.delete(cluster.kind("", "ServiceAccount"), "default", "default", Deletion())
    with pytest.raises(
        NotYet, match=r'error looking up service account default/default: serviceaccount "default" not found'
    ):
        cluster.cluster.registry.create(cluster.kind("", "Pod"), pod())
    cluster.settle()
    assert admitted(cluster)["serviceAccountName"] == "default"


def priority_class(cluster: Played, name: str, value: int, **more: Any) -> None:
    cluster.create("scheduling.k8s.io", "PriorityClass", {"metadata": {"name": name}, "value": value, **more})


def test_priorities(cluster: Played) -> None:
    """A pod has the priority of its class, and of the default class where it names none."""
    assert (admitted(cluster)["priority"], "priorityClassName" in admitted(cluster)) == (0, False)
    priority_class(cluster, "high", 1000, preemptionPolicy="Never")
    found = admitted(cluster, priorityClassName="high", priority=1000)
    assert (found["priority"], found["preemptionPolicy"]) == (1000, "Never")
    assert admitted(cluster, priorityClassName="system-node-critical")["priority"] == 2_000_001_000
    priority_class(cluster, "usual", 7, globalDefault=True)
    found = admitted(cluster)
    assert (found["priorityClassName"], found["priority"], found["preemptionPolicy"]) == (
        "usual",
        7,
        "PreemptLowerPriority",
    )


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"priorityClassName": "nobody"}, "no PriorityClass with name nobody was found"),
        (
            {"priority": 5},
            (
                "the integer value of priority (5) must not be provided in pod spec; priority admission controller computed 0 "
                "from the given PriorityClass name"
            ),
        ),
        (
            {"preemptionPolicy": "Never"},
            (
                "the string value of PreemptionPolicy (Never) must not be provided in pod spec; priority admission controller "
                "computed PreemptLowerPriority from the given PriorityClass name"
            ),
        ),
    ],
)
def test_priorities_that_are_refused(cluster: Played, spec: dict[str, Any], said: str) -> None:
    """A class that does not exist is refused, as is a number that is not its own."""
    assert refusal(cluster, **spec) == f'pods "web-" is forbidden: {said}'


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("x", 2_000_000_000, "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"),
        (
            "system-x", 20,
            ("metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
            "system-x is not a known system priority class"),
        ),
    ],
)  # fmt: skip
def test_classes_that_are_invalid(cluster: Played, name: str, value: int, said: str) -> None:
    """Nobody's class ranks with the system's own."""
    with pytest.raises(ApiError) as caught:
        priority_class(cluster, name, value)
    assert caught.value.message == f'PriorityClass.scheduling.k8s.io "{name}" is invalid: {said}'


def test_one_default_class(cluster: Played) -> None:
    """A second default is refused, and a class keeps its value."""
    priority_class(cluster, "usual", 7, globalDefault=True)
    with pytest.raises(
        ApiError, match=r"PriorityClass usual is already marked as default\. Only one default can exist"
    ):
        priority_class(cluster, "other", 8, globalDefault=True)
    found = cluster.get("scheduling.k8s.io", "PriorityClass", "usual", "")
    with pytest.raises(ApiError, match=r"value: Forbidden: may not be changed in an update\."):
        cluster.cluster.registry.update(
            cluster.kind("scheduling.k8s.io", "PriorityClass"), {**found, "value": 8}
        )
