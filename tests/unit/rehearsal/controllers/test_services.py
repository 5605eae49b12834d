"""What hangs on Services and pods: addresses, load balancers, disruption budgets and autoscalers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.controllers.objects import workload
from tests.unit.rehearsal.controllers.world import FakeKubelet, World, condition
from trunkline.rehearsal.controllers.autoscalers import Autoscalers
from trunkline.rehearsal.controllers.disruption_budgets import DisruptionBudgets
from trunkline.rehearsal.controllers.endpoints import Endpoints
from trunkline.rehearsal.controllers.load_balancers import LoadBalancers
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.replicasets import ReplicaSets
from trunkline.rehearsal.controllers.service_addresses import slices_of
from trunkline.rehearsal.objects import Object, at


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        means = Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events)
        for controller in (Endpoints, LoadBalancers, DisruptionBudgets, Autoscalers, ReplicaSets):
            self.loop.add(controller(means))
        self.kubelet = FakeKubelet(self, lambda _: 2.0)

    def service(self, **spec: Any) -> Object:
        port = {"name": "http", "port": 80, "targetPort": "web", "protocol": "TCP"}
        spec = {"selector": {"app": "web"}, "ports": [port], **spec}
        meta = {"name": "web", "labels": {"team": "shop"}}
        made = self.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
        self.settle()
        return made

    def pods(self, replicas: int) -> None:
        value = workload("ReplicaSet", "web", replicas)
        value["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "web", "containerPort": 8080}]
        self.create(value)
        self.settle()

    def slice(self) -> Object:
        (found,) = self.all("EndpointSlice")
        return found


def test_addresses_follow_the_pods() -> None:
    """Pods are listed as not ready, then as ready, and no longer when they go or lose their labels."""
    cluster = Cluster()
    cluster.service()
    assert "subsets" not in cluster.get("Endpoints", "web")
    assert cluster.slice()["endpoints"] is None
    cluster.pods(2)
    (subset,) = cluster.get("Endpoints", "web")["subsets"]
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    assert [item["ip"] for item in subset["notReadyAddresses"]] == ["10.42.0.1", "10.42.0.2"]
    cluster.advance(2)
    (subset,) = cluster.get("Endpoints", "web")["subsets"]
    first = cluster.all("Pod")[0]["metadata"]
    assert "notReadyAddresses" not in subset
    assert {item["targetRef"]["name"] for item in subset["addresses"]} > {first["name"]}
    endpoint = cluster.slice()["endpoints"][0]
    assert endpoint["conditions"] == {"ready": True, "serving": True, "terminating": False}
    assert cluster.slice()["metadata"]["labels"] == {
        "team": "shop",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    cluster.change("Pod", first["name"], lambda pod: pod["metadata"].update(labels={}))
    cluster.settle()
    names = {item["targetRef"]["name"] for item in cluster.slice()["endpoints"]}
    assert first["name"] not in names


def test_a_pod_that_ends_is_no_address() -> None:
    """A pod that is about to end is left out of Endpoints, and is terminating in its slice."""
    cluster = Cluster()
    cluster.service()
    cluster.pods(1)
    cluster.advance(2)
    name = cluster.all("Pod")[0]["metadata"]["name"]
    cluster.change("ReplicaSet", "web", lambda value: value["spec"].update(replicas=0))
    cluster.change("Pod", name, lambda pod: pod["metadata"].update(finalizers=["x/y"]))
    cluster.settle()
    assert "subsets" not in cluster.get("Endpoints", "web")
    endpoint = cluster.slice()["endpoints"][0]
    assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}


def test_addresses_go_with_their_service() -> None:
    """The Endpoints of a Service that is deleted go, too."""
    cluster = Cluster()
    cluster.service()
    cluster.delete("Service", "web")
    cluster.settle()
    assert cluster.all("Endpoints") == []


@pytest.mark.parametrize("spec", [{"selector": None}, {"type": "ExternalName"}])
def test_a_service_that_selects_nothing_is_left_alone(spec: dict[str, Any]) -> None:
    """The addresses of a Service without a selector are somebody else's."""
    cluster = Cluster()
    cluster.service(**spec)
    assert cluster.all("Endpoints") == cluster.all("EndpointSlice") == []


def test_slices_are_never_too_long() -> None:
    """No slice has more endpoints than may be, and there is always one."""
    assert slices_of([]) == [{"endpoints": None, "ports": None}]


def test_a_load_balancer_has_an_address_a_moment_later() -> None:
    """A LoadBalancer gets an address of its own from a range that is kept for documentation."""
    cluster = Cluster()
    cluster.service(type="LoadBalancer")
    assert not at(cluster.get("Service", "web"), "status", "loadBalancer", "ingress")
    cluster.advance(1)
    assert cluster.get("Service", "web")["status"] == {
        "loadBalancer": {"ingress": [{"ip": "203.0.113.1", "ipMode": "VIP"}]}
    }
    assert [reason for reason, _, _ in cluster.told("web")] == [
        "EnsuringLoadBalancer",
        "EnsuredLoadBalancer",
    ]


def test_a_load_balancer_may_never_come() -> None:
    """With the annotation a LoadBalancer waits for ever."""
    cluster = Cluster()
    meta = {"name": "web", "annotations": {"rehearsal.trunkline.dev/load-balancer": "none"}}
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
    cluster.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
    cluster.advance(100)
    assert not at(cluster.get("Service", "web"), "status", "loadBalancer", "ingress")


@pytest.mark.parametrize(
    ("spec", "desired", "allowed"),
    [
        ({"minAvailable": 1}, 1, 3),
        ({"minAvailable": "60%"}, 3, 1),
        ({"maxUnavailable": 1}, 3, 1),
        ({"maxUnavailable": "30%"}, 2, 2),
        ({"minAvailable": 4}, 4, 0),
    ],
)
def test_a_budget_counts(spec: dict[str, Any], desired: int, allowed: int) -> None:
    """A budget tells how many pods have to be healthy and how many may be evicted."""
    cluster = Cluster()
    spec = {**spec, "selector": {"matchLabels": {"app": "web"}}}
    cluster.create(
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web"}, "spec": spec}
    )
    cluster.pods(4)
    cluster.advance(2)
    budget = cluster.get("PodDisruptionBudget", "web")
    assert {key: item for key, item in budget["status"].items() if key != "conditions"} == {
        "observedGeneration": 1,
        "expectedPods": 4,
        "currentHealthy": 4,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
    }
    reason = "SufficientPods" if allowed else "InsufficientPods"
    assert condition(budget, "DisruptionAllowed")["reason"] == reason


def autoscaler(**spec: Any) -> Object:
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web"}
    spec = {"scaleTargetRef": reference, "minReplicas": 1, "maxReplicas": 3, **spec}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web-hpa"},
        "spec": spec,
    }


FAILED = (
    "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
    "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)"
)


def test_an_autoscaler_knows_nothing() -> None:
    """Without metrics an autoscaler finds its target, and says why it does nothing."""
    cluster = Cluster()
    cluster.pods(2)
    cluster.create(autoscaler())
    cluster.advance(15)
    found = cluster.get("HorizontalPodAutoscaler", "web-hpa")
    assert condition(found, "AbleToScale") == {
        "status": "True",
        "reason": "SucceededGetScale",
        "message": "the HPA controller was able to get the target's current scale",
    }
    assert condition(found, "ScalingActive") == {
        "status": "False",
        "reason": "FailedGetResourceMetric",
        "message": f"the HPA was unable to compute the replica count: {FAILED}",
    }
    assert cluster.told("web-hpa")[0] == ("FailedGetResourceMetric", FAILED, 1)


@pytest.mark.parametrize(("replicas", "size"), [(1, 2), (5, 3), (2, 2), (0, 0)])
def test_an_autoscaler_keeps_its_bounds(replicas: int, size: int) -> None:
    """Even without metrics a target is kept within the bounds, unless it is scaled to zero."""
    cluster = Cluster()
    cluster.pods(replicas)
    cluster.create(autoscaler(minReplicas=2))
    cluster.advance(15)
    assert cluster.get("ReplicaSet", "web")["spec"]["replicas"] == size


def test_an_autoscaler_without_a_target_says_so() -> None:
    """A target that is not there is an event and a condition."""
    cluster = Cluster()
    cluster.create(autoscaler())
    cluster.advance(15)
    assert cluster.told("web-hpa") == [("FailedGetScale", 'replicasets.apps "web" not found', 1)]
