"""What the rows of all other kinds say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.rehearsal.tables.rows import row

AGE = "2m5s"
TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}]}}
PODS = ["a,b", "x:1,y:2"]
SELECTOR = {"matchLabels": {"b": "2", "a": "1"}}
EXPRESSIONS = [
    {"key": "d", "operator": "In", "values": ["z", "y"]},
    {"key": "c", "operator": "NotIn", "values": ["x"]},
    {"key": "f", "operator": "Exists"},
    {"key": "e", "operator": "DoesNotExist"},
]


def true(type_: str) -> dict[str, Any]:
    return {"conditions": [{"type": type_, "status": "True"}]}


CASES: list[tuple[str, str, dict[str, Any], list[Any]]] = [
    ("", "Namespace", {"status": {"phase": "Active"}}, ["it", "Active", AGE]),
    ("", "Node", {
        "metadata": {"labels": {"node-role.kubernetes.io/worker": "", "kubernetes.io/role": "control"}},
        "spec": {"unschedulable": True},
        "status": {**true("Ready"), "nodeInfo": {"kubeletVersion": "v1.33.4", "osImage": "Linux"},
                   "addresses": [{"type": "InternalIP", "address": "10.1.1.1"}]}},
     ["it", "Ready,SchedulingDisabled", "control,worker", AGE, "v1.33.4", "10.1.1.1", "<none>", "Linux", "<unknown>", "<unknown>"]),
    ("", "Node", {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}},
     ["it", "NotReady", "<none>", AGE, "", "<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"]),
    ("", "Secret", {"type": "Opaque", "data": {"a": "", "b": ""}}, ["it", "Opaque", 2, AGE]),
    ("", "ConfigMap", {"data": {"a": ""}, "binaryData": {"b": ""}}, ["it", 2, AGE]),
    ("", "ServiceAccount", {}, ["it", 0, AGE]),
    ("", "ResourceQuota", {"status": {"hard": {"pods": "5", "limits.cpu": "2", "cpu": "1"}, "used": {"pods": "3"}}},
     ["it", "cpu: 0/1, pods: 3/5", "limits.cpu: 0/2", AGE]),
    ("", "LimitRange", {}, ["it", "2026-03-01T11:57:55Z"]),
    ("", "PodTemplate", {"template": {**TEMPLATE, "metadata": {"labels": {"a": "1"}}}}, ["it", *PODS, "a=1"]),
    ("apps", "Deployment",
     {"spec": {"replicas": 3, "selector": {**SELECTOR, "matchExpressions": EXPRESSIONS}, "template": TEMPLATE},
      "status": {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2}},
     ["it", "2/3", 1, 2, AGE, *PODS, "a=1,b=2,c notin (x),d in (y,z),!e,f"]),
    ("apps", "ReplicaSet",
     {"spec": {"replicas": 3, "template": TEMPLATE}, "status": {"replicas": 2, "readyReplicas": 1}},
     ["it", 3, 2, 1, AGE, *PODS, "<none>"]),
    ("", "ReplicationController", {"spec": {"selector": {"a": "1"}, "template": TEMPLATE}},
     ["it", 0, 0, 0, AGE, *PODS, "a=1"]),
    ("apps", "StatefulSet", {"spec": {"replicas": 2, "template": TEMPLATE}}, ["it", "0/2", AGE, *PODS]),
    ("apps", "DaemonSet",
     {"spec": {"selector": SELECTOR, "template": {"spec": {**TEMPLATE["spec"], "nodeSelector": {"disk": "ssd"}}}},
      "status": {"desiredNumberScheduled": 5, "currentNumberScheduled": 4, "numberReady": 3,
                 "updatedNumberScheduled": 2, "numberAvailable": 1}},
     ["it", 5, 4, 3, 2, 1, "disk=ssd", AGE, *PODS, "a=1,b=2"]),
    ("apps", "ControllerRevision",
     {"revision": 2, "metadata": {"ownerReferences": [
         {"controller": True, "apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web"}]}},
     ["it", "statefulset.apps/web", 2, AGE]),
    ("batch", "Job",
     {"spec": {"completions": 1, "template": TEMPLATE},
      "status": {"succeeded": 1, "startTime": "2026-03-01T11:58:00Z", "completionTime": "2026-03-01T11:58:07Z",
                 **true("Complete")}},
     ["it", "Complete", "1/1", "7s", AGE, *PODS, "<none>"]),
    ("batch", "Job", {"status": {"startTime": "2026-03-01T11:00:00Z", **true("FailureTarget")}},
     ["it", "FailureTarget", "0/1", "60m", AGE, "", "", "<none>"]),
    ("batch", "Job", {"spec": {"parallelism": 3}, "status": true("Failed")},
     ["it", "Failed", "0/1 of 3", "", AGE, "", "", "<none>"]),
    ("batch", "Job", {"status": true("Suspended")}, ["it", "Suspended", "0/1", "", AGE, "", "", "<none>"]),
    ("batch", "Job", {}, ["it", "Running", "0/1", "", AGE, "", "", "<none>"]),
    ("batch", "CronJob",
     {"spec": {"schedule": "@daily", "suspend": False, "jobTemplate": {"spec": {"template": TEMPLATE}}},
      "status": {"active": [{}], "lastScheduleTime": "2026-03-01T00:00:00Z"}},
     ["it", "@daily", "<none>", "False", 1, "12h", AGE, *PODS, "<none>"]),
    ("batch", "CronJob", {"spec": {"schedule": "@daily", "suspend": True, "timeZone": "Etc/UTC"}},
     ["it", "@daily", "Etc/UTC", "True", 0, "<none>", AGE, "", "", "<none>"]),
    ("policy", "PodDisruptionBudget", {"spec": {"minAvailable": 0}, "status": {"disruptionsAllowed": 1}},
     ["it", "0", "N/A", 1, AGE]),
    ("autoscaling", "HorizontalPodAutoscaler",
     {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 5, "metrics": [
         {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 50}}},
         {"type": "Resource", "resource": {"name": "memory", "target": {"averageValue": "1Gi"}}},
         {"type": "External", "external": {"target": {"value": "5"}}}]},
      "status": {"currentReplicas": 2, "currentMetrics": [
          {"type": "Resource", "resource": {"current": {"averageUtilization": 70}}}]}},
     ["it", "Deployment/web", "cpu: 70%/50%, memory: <unknown>/1Gi + 1 more...", "<unset>", 5, 2, AGE]),
    ("autoscaling", "HorizontalPodAutoscaler",
     {"spec": {"minReplicas": 1, "metrics": [{"type": "Pods", "pods": {"target": {"averageValue": "3"}}},
                                            {"type": "External", "external": {"target": {"averageValue": "4"}}}]}},
     ["it", "/", "<unknown>/3, <unknown>/4 (avg)", "1", 0, 0, AGE]),
    ("autoscaling", "HorizontalPodAutoscaler", {"spec": {"targetCPUUtilizationPercentage": 80}},
     ["it", "/", "cpu: <unknown>/80%", "<unset>", 0, 0, AGE]),
    ("", "Service",
     {"spec": {"type": "NodePort", "clusterIPs": ["10.96.0.9"], "selector": {"a": "1"},
               "ports": [{"port": 80, "protocol": "TCP", "nodePort": 30000}, {"port": 53, "protocol": "UDP"}]}},
     ["it", "NodePort", "10.96.0.9", "<none>", "80:30000/TCP,53/UDP", AGE, "a=1"]),
    ("", "Service", {"spec": {"type": "LoadBalancer", "clusterIP": "10.96.0.9"}},
     ["it", "LoadBalancer", "10.96.0.9", "<pending>", "<none>", AGE, "<none>"]),
    ("", "Service",
     {"spec": {"type": "LoadBalancer", "externalIPs": ["9.9.9.9"]},
      "status": {"loadBalancer": {"ingress": [{"hostname": "b.example"}, {"ip": "1.2.3.4"}]}}},
     ["it", "LoadBalancer", "<none>", "1.2.3.4,b.example,9.9.9.9", "<none>", AGE, "<none>"]),
    ("", "Service", {"spec": {"type": "ExternalName", "externalName": "db.example"}},
     ["it", "ExternalName", "<none>", "db.example", "<none>", AGE, "<none>"]),
    ("", "Endpoints", {}, ["it", "<none>", AGE]),
    ("", "Endpoints",
     {"subsets": [{"addresses": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}], "ports": [{"port": 80}, {"port": 81}]},
                  {"addresses": [{"ip": "10.0.0.9"}]}]},
     ["it", "10.0.0.1:80,[fd00::1]:80,10.0.0.1:81 + 2 more...", AGE]),
    ("discovery.k8s.io", "EndpointSlice",
     {"addressType": "IPv4", "ports": [{"port": 80}, {"name": "x"}, {}],
      "endpoints": [{"addresses": ["1.1.1.1"]}, {"addresses": ["1.1.1.2", "1.1.1.3"]}, {"addresses": ["1.1.1.4"]}]},
     ["it", "IPv4", "80,x,*", "1.1.1.1,1.1.1.2,1.1.1.3 + 1 more...", AGE]),
    ("discovery.k8s.io", "EndpointSlice", {"addressType": "IPv6"}, ["it", "IPv6", "<unset>", "<unset>", AGE]),
    ("networking.k8s.io", "Ingress",
     {"spec": {"ingressClassName": "nginx", "tls": [{}], "rules": [{"host": f"{at}.example"} for at in "abcd"]},
      "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
     ["it", "nginx", "a.example,b.example,c.example + 1 more...", "1.2.3.4", "80, 443", AGE]),
    ("networking.k8s.io", "Ingress", {"spec": {"rules": [{}]}}, ["it", "<none>", "*", "", "80", AGE]),
    ("networking.k8s.io", "IngressClass",
     {"spec": {"controller": "x/y", "parameters": {"apiGroup": "k.io", "kind": "K", "name": "n"}}},
     ["it", "x/y", "K.k.io/n", AGE]),
    ("networking.k8s.io", "NetworkPolicy", {"spec": {"podSelector": {}}}, ["it", "<none>", AGE]),
    ("", "PersistentVolume",
     {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
               "persistentVolumeReclaimPolicy": "Delete", "claimRef": {"namespace": "ns", "name": "c"},
               "storageClassName": "fast", "volumeMode": "Filesystem"},
      "status": {"phase": "Bound"}},
     ["it", "1Gi", "RWO,RWX", "Delete", "Bound", "ns/c", "fast", "<unset>", "", AGE, "Filesystem"]),
    ("", "PersistentVolumeClaim",
     {"spec": {"volumeName": "v", "storageClassName": "fast"},
      "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOncePod"]}},
     ["it", "Bound", "v", "1Gi", "RWOP", "fast", "<unset>", AGE, "<unset>"]),
    ("", "PersistentVolumeClaim",
     {"metadata": {"deletionTimestamp": "2026-03-01T11:59:00Z"}, "status": {"phase": "Pending"}},
     ["it", "Terminating", "", "", "", "", "<unset>", AGE, "<unset>"]),
    ("storage.k8s.io", "StorageClass",
     {"metadata": {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "x/y"},
     ["it (default)", "x/y", "Delete", "Immediate", False, AGE]),
    ("coordination.k8s.io", "Lease", {"spec": {"holderIdentity": "me"}}, ["it", "me", AGE]),
    ("rbac.authorization.k8s.io", "Role", {}, ["it", "2026-03-01T11:57:55Z"]),
    ("rbac.authorization.k8s.io", "RoleBinding",
     {"roleRef": {"kind": "Role", "name": "r"}, "subjects": [
         {"kind": "User", "name": "u"}, {"kind": "User", "name": "v"}, {"kind": "Group", "name": "g"},
         {"kind": "ServiceAccount", "name": "s", "namespace": "ns"}]},
     ["it", "Role/r", AGE, "u, v", "g", "ns/s"]),
    ("scheduling.k8s.io", "PriorityClass", {"value": 7, "preemptionPolicy": "Never"}, ["it", 7, False, AGE, "Never"]),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration", {"webhooks": [{}]}, ["it", 1, AGE]),
    ("apiregistration.k8s.io", "APIService", {"status": true("Available")}, ["it", "Local", "True", AGE]),
    ("apiregistration.k8s.io", "APIService",
     {"spec": {"service": {"namespace": "ns", "name": "s"}},
      "status": {"conditions": [{"type": "Available", "status": "False", "reason": "MissingEndpoints"}]}},
     ["it", "ns/s", "False (MissingEndpoints)", AGE]),
    ("", "Event",
     {"involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{a}"}, "type": "Warning",
      "reason": "BackOff", "message": " back-off \n", "source": {"component": "kubelet", "host": "n1"}, "count": 4,
      "firstTimestamp": "2026-03-01T11:00:00Z", "lastTimestamp": "2026-03-01T11:59:59Z"},
     ["1s", "Warning", "BackOff", "pod/web", "spec.containers{a}", "kubelet, n1", "back-off", "60m", 4, "it"]),
    ("events.k8s.io", "Event",
     {"regarding": {"kind": "Node"}, "type": "Normal", "reason": "Ready", "note": "yes",
      "reportingController": "kubelet", "eventTime": "2026-03-01T11:59:00.000000Z",
      "series": {"count": 3, "lastObservedTime": "2026-03-01T11:59:50.500000Z"}},
     ["9s", "Normal", "Ready", "node", "", "kubelet", "yes", "60s", 3, "it"]),
    ("gateway.networking.k8s.io", "Gateway",
     {"spec": {"gatewayClassName": "c"}, "status": {"addresses": [{"value": "1.2.3.4"}], **true("Programmed")}},
     ["it", "c", "1.2.3.4", "True", AGE]),
    ("gateway.networking.k8s.io", "HTTPRoute", {"spec": {"hostnames": ["a.example"]}}, ["it", '["a.example"]', AGE]),
    ("apiextensions.k8s.io", "CustomResourceDefinition", {}, ["it", "2026-03-01T11:57:55Z"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("group", "kind", "value", "cells"), CASES, ids=[f"{at}-{case[1]}" for at, case in enumerate(CASES)]
)
def test_cells(group: str, kind: str, value: dict[str, Any], cells: list[Any]) -> None:
    """The cells of an object are those that the real API prints."""
    assert list(row(group, kind, value).values()) == cells
