"""ResourceQuotas: what counts, what is refused and in which words, and what their status says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.registry import Deletion

_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as found:
        yield found


def quota(
    cluster: Played, spec: dict[str, Any] | None = None, /, name: str = "team-quota", **hard: str
) -> None:
    hard = {key.replace("__", "."): item for key, item in hard.items()}
    value = {"metadata": {"name": name, "namespace": "default"}, "spec": {"hard": hard, **(spec or {})}}
    cluster.create("", "ResourceQuota", value)


def used(cluster: Played, name: str = "team-quota") -> Any:
    return cluster.get("", "ResourceQuota", name)["status"]["used"]


def pod(name: str = "web", *, requests: Any = None, limits: Any = None, **spec: Any) -> dict[str, Any]:
    given = {"requests": requests, "limits": limits}
    resources = {key: item for key, item in given.items() if item}
    return {
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "main", "image": "web:1", "resources": resources}], **spec},
    }


def refusal(cluster: Played, value: dict[str, Any], group: str = "", kind: str = "Pod") -> str:
    with pytest.raises(ApiError) as caught:
        cluster.create(group, kind, value)
    assert (caught.value.code, caught.value.reason) == (403, "Forbidden")
    return caught.value.message


def test_one_pod_too_many(cluster: Played) -> None:
    """A pod beyond the quota is refused at once, in the API's words, with what is used until then."""
    kind = cluster.kind("", "Pod")
    value = {"metadata": {"name": "team-quota", "namespace": "default"}, "spec": {"hard": {"pods": "1"}}}
    cluster.cluster.registry.create(cluster.kind("", "ResourceQuota"), value)
    # No controller has had its turn in between.
    cluster.cluster.registry.create(kind, pod())
    said = refusal(cluster, pod("web2"))
    assert (
        said
        == 'pods "web2" is forbidden: exceeded quota: team-quota, requested: pods=1, used: pods=1, limited: pods=1'
    )


def test_amounts_are_added(cluster: Played) -> None:
    """Requests and limits of all containers are added, and spelled as the API does."""
    quota(cluster, requests__cpu="1", limits__memory="1Gi")
    cluster.create("", "Pod", pod("a", requests={"cpu": "0.9"}, limits={"memory": "1000Mi"}))
    assert used(cluster) == {"limits.memory": "1000Mi", "requests.cpu": "900m"}
    assert refusal(cluster, pod("b", requests={"cpu": "200m"}, limits={"memory": "0.5Gi"})) == (
        'pods "b" is forbidden: exceeded quota: team-quota, requested: limits.memory=512Mi,requests.cpu=200m, '
        "used: limits.memory=1000Mi,requests.cpu=900m, limited: limits.memory=1Gi,requests.cpu=1"
    )


def test_only_what_is_too_much_is_told(cluster: Played) -> None:
    """A refusal names the resources that there are too few of, and no others."""
    quota(cluster, pods="5", cpu="1")
    said = refusal(cluster, pod(requests={"cpu": "1500m"}))
    assert said.endswith("requested: cpu=1500m, used: cpu=0, limited: cpu=1")


def test_a_pod_has_to_tell(cluster: Played) -> None:
    """Under a quota of processors or memory each container says what it wants."""
    quota(cluster, requests__cpu="1", limits__memory="1Gi", pods="9")
    said = 'pods "web" is forbidden: failed quota: team-quota: must specify limits.memory for: main; requests.cpu for: main'
    assert refusal(cluster, pod()) == said


def test_what_has_ended_is_free_again(cluster: Played) -> None:
    """Pods that have ended or are gone no longer count, and the status says so."""
    quota(cluster, pods="1")
    cluster.create("", "Pod", pod("one"))
    assert used(cluster) == {"pods": "1"}
    cluster.cluster.registry.delete(cluster.kind("", "Pod"), "default", "one", Deletion(grace_s=0))
    cluster.settle()
    assert used(cluster) == {"pods": "0"}
    cluster.create("", "Pod", pod("two"))
    ended = {**cluster.get("", "Pod", "two"), "status": {"phase": "Succeeded"}}
    cluster.cluster.registry.update_status(cluster.kind("", "Pod"), ended)
    cluster.settle()
    assert used(cluster) == {"pods": "0"}
    cluster.create("", "Pod", pod("three"))


def test_made_after_the_pods(cluster: Played) -> None:
    """A quota counts what was there before it, in its own namespace only."""
    cluster.create("", "Pod", pod("one"))
    cluster.create("", "Pod", {**pod("two"), "metadata": {"name": "two", "namespace": "kube-public"}})
    quota(cluster, pods="10", configmaps="5")
    status = cluster.get("", "ResourceQuota", "team-quota")["status"]
    assert status == {"hard": {"configmaps": "5", "pods": "10"}, "used": {"configmaps": "1", "pods": "1"}}


@pytest.mark.parametrize(
    ("resource", "group", "kind", "spec", "requested"),
    [
        ("configmaps", "", "ConfigMap", None, "1"),
        ("secrets", "", "Secret", None, "1"),
        ("count/secrets", "", "Secret", None, "1"),
        ("services", "", "Service", {"ports": [{"port": 80}]}, "1"),
        ("services.nodeports", "", "Service", {"type": "NodePort", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}, "2"),
        ("services.loadbalancers", "", "Service", {"type": "LoadBalancer", "ports": [{"port": 80}]}, "1"),
        ("persistentvolumeclaims", "", "PersistentVolumeClaim", _CLAIM, "1"),
        ("requests.storage", "", "PersistentVolumeClaim", _CLAIM, "1Gi"),
        (
            "gold.storageclass.storage.k8s.io/requests.storage", "", "PersistentVolumeClaim",
            {"storageClassName": "gold", **_CLAIM}, "1Gi",
        ),
        (
            "count/deployments.apps", "apps", "Deployment",
            {"selector": {"matchLabels": {"app": "x"}},
             "template": {"metadata": {"labels": {"app": "x"}}, "spec": {"containers": [{"name": "m", "image": "i"}]}}}, "1",
        ),
    ],
)  # fmt: skip
def test_kinds(cluster: Played, resource: str, group: str, kind: str, spec: Any, requested: str) -> None:
    """Objects of each kind count for what they are."""
    quota(cluster, {"hard": {resource: "0"}})
    value = {"metadata": {"name": "new", "namespace": "default"}, **({"spec": spec} if spec else {})}
    before = cluster.get("", "ResourceQuota", "team-quota")["status"]["used"][resource]
    said = refusal(cluster, value, group, kind)
    assert said.endswith(
        f"requested: {resource}={requested}, used: {resource}={before}, limited: {resource}=0"
    )


def test_a_change_may_be_too_much(cluster: Played) -> None:
    """A Service that becomes a load balancer is counted as one."""
    quota(cluster, services__loadbalancers="0")
    service = {"metadata": {"name": "web", "namespace": "default"}, "spec": {"ports": [{"port": 80}]}}
    made = cluster.create("", "Service", service)
    with pytest.raises(
        ApiError, match=r"requested: services\.loadbalancers=1, used: services\.loadbalancers=0"
    ):
        cluster.cluster.registry.update(
            cluster.kind("", "Service"), {**made, "spec": {**made["spec"], "type": "LoadBalancer"}}
        )


@pytest.mark.parametrize(
    ("spec", "counted", "free"),
    [
        ({"scopes": ["BestEffort"]}, pod(), pod(requests={"cpu": "1"})),
        ({"scopes": ["NotBestEffort"]}, pod(requests={"cpu": "1"}), pod()),
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=9), pod()),
        ({"scopes": ["NotTerminating"]}, pod(), pod(activeDeadlineSeconds=9)),
        ({"scopes": ["NotTerminating", "BestEffort"]}, pod(), pod(requests={"memory": "1"})),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["system-node-critical"]}]}},
            pod(priorityClassName="system-node-critical"), pod(priorityClassName="system-cluster-critical"),
        ),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "DoesNotExist"}]}},
            pod(), pod(priorityClassName="system-cluster-critical"),
        ),
        ({"scopes": ["Unheard"]}, None, pod()),
    ],
)  # fmt: skip
def test_scopes(cluster: Played, spec: Any, counted: Any, free: Any) -> None:
    """A quota with scopes counts the pods that are in all of them."""
    quota(cluster, spec, pods="0")
    if counted is not None:
        assert "exceeded quota" in refusal(cluster, counted)
    cluster.create("", "Pod", free)
    assert used(cluster) == {"pods": "0"}


def test_containers_that_run_before(cluster: Played) -> None:
    """What an init container asks for counts where it is more, and a sidecar's comes on top."""
    quota(cluster, requests__cpu="10")
    sidecar = {
        "name": "log",
        "image": "l",
        "restartPolicy": "Always",
        "resources": {"requests": {"cpu": "1"}},
    }
    first = {"name": "init", "image": "i", "resources": {"requests": {"cpu": "2"}}}
    cluster.create("", "Pod", pod("a", requests={"cpu": "1"}, initContainers=[sidecar, first]))
    assert used(cluster) == {"requests.cpu": "3"}


def test_controllers_tell(cluster: Played) -> None:
    """A ReplicaSet that may make no more pods says so in an event and in its Deployment's conditions."""
    quota(cluster, pods="1")
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": pod()["spec"]}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    cluster.create("apps", "Deployment", {"metadata": {"name": "web", "namespace": "default"}, "spec": spec})
    failures = [message for _, message in cluster.events("FailedCreate")]
    assert failures
    assert failures[0].startswith('Error creating: pods "web-')
    conditions = cluster.get("apps", "Deployment", "web")["status"]["conditions"]
    failing = next(item for item in conditions if item["type"] == "ReplicaFailure")
    assert (failing["status"], failing["reason"]) == ("True", "FailedCreate")
    assert (
        "exceeded quota: team-quota, requested: pods=1, used: pods=1, limited: pods=1" in failing["message"]
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"hard": []},
        {"hard": {"pods": "many"}},
        {"hard": {"pods": "1"}, "scopes": "x"},
        {"hard": None, "scopeSelector": 3},
    ],
)
def test_odd_quotas(cluster: Played, spec: Any) -> None:
    """A quota of the wrong shape stops nobody's work."""
    quota(cluster, spec)
    cluster.create(
        "",
        "Pod",
        {
            **pod(),
            "spec": {"containers": [{"name": "a", "image": "b", "resources": [3]}], "initContainers": 1},
        },
    )
