"""Objects with one mistake or two, and what the API says of each: read off a real cluster, or of a newer version."""

from __future__ import annotations

from typing import Any

C = {"name": "main", "image": "registry.example/web:1"}


def pod(**more: Any) -> dict[str, Any]:
    spec = {"containers": [{**C, **more.pop("container", {})}], **more}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def deployment(**spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [C]}}
    base = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {**base, **spec},
    }


def service(*ports: Any, name: str = "web", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": list(ports), **spec},
    }


def config_map(data: Any, **metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "web", **metadata}, "data": data}


def rolling(surge: Any, unavailable: Any) -> dict[str, Any]:
    return deployment(strategy={"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})


MISTAKES: dict[str, dict[str, Any]] = {
    "container name": pod(container={"name": "Main_1"}),
    "no container name": pod(container={"name": ""}),
    "no image": pod(container={"image": ""}),
    "image with a space": pod(container={"image": " web"}),
    "pull policy": pod(container={"imagePullPolicy": "Sometimes"}),
    "port too high": pod(container={"ports": [{"containerPort": 70000}]}),
    "port zero": pod(container={"ports": [{"containerPort": 0}]}),
    "port name": pod(container={"ports": [{"containerPort": 80, "name": "Main_Port"}]}),
    "long port name": pod(container={"ports": [{"containerPort": 80, "name": "a-very-long-port-name"}]}),
    "port name twice": pod(
        container={"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}
    ),
    "protocol": pod(container={"ports": [{"containerPort": 80, "protocol": "HTTP"}]}),
    "variable name": pod(container={"env": [{"name": "1 A", "value": "x"}]}),
    "no variable name": pod(container={"env": [{"name": "", "value": "x"}]}),
    "probe without handler": pod(container={"readinessProbe": {"periodSeconds": 1}}),
    "probe with two handlers": pod(
        container={"readinessProbe": {"tcpSocket": {"port": 80}, "httpGet": {"port": 80, "path": "/"}}}
    ),
    "probe port": pod(container={"livenessProbe": {"tcpSocket": {"port": 0}}}),
    "liveness threshold": pod(
        container={"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}
    ),
    "probe command": pod(container={"livenessProbe": {"exec": {"command": []}}}),
    "negative delay": pod(
        container={"livenessProbe": {"tcpSocket": {"port": 80}, "initialDelaySeconds": -1}}
    ),
    "request above limit": pod(container={"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
    "negative memory": pod(container={"resources": {"requests": {"memory": "-1"}}}),
    "mount of nothing": pod(container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]}),
    "mount path twice": pod(
        container={"volumeMounts": [{"name": "a", "mountPath": "/a"}, {"name": "a", "mountPath": "/a"}]},
        volumes=[{"name": "a", "emptyDir": {}}],
    ),
    "volume twice": pod(volumes=[{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]),
    "init mount of nothing": pod(
        initContainers=[{**C, "name": "init", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]
    ),
    "container name twice": pod(initContainers=[dict(C)]),
    "service port": service({"port": 99999}),
    "service without ports": service(),
    "service name": service({"port": 80}, name="1web"),
    "service ports without names": service({"port": 80}, {"port": 81}),
    "service port twice": service({"port": 80, "name": "a"}, {"port": 81, "name": "a"}),
    "service type": service({"port": 80}, type="Public"),
    "service target": service({"port": 80, "targetPort": "Main_Port"}),
    "external name": service(type="ExternalName"),
    "label key": config_map({}, labels={"a b": "x"}),
    "label value": config_map({}, labels={"a": "x y"}),
    "annotation key": config_map({}, annotations={"a/b/c": "x"}),
    "config key": config_map({"a b": "x"}),
    "both zero": rolling(0, 0),
    "both zero percent": rolling("0%", "0%"),
    "percent": rolling("a%", 1),
    "negative surge": rolling(-1, 1),
    "deadline": deployment(minReadySeconds=10, progressDeadlineSeconds=10),
    "negative replicas": deployment(replicas=-1),
    "negative ready": deployment(minReadySeconds=-1),
    "claim without modes": {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web"},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}},
    },
    "claim mode": {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web"},
        "spec": {"accessModes": ["Often"], "resources": {"requests": {"storage": "1Gi"}}},
    },
    "claim without size": {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web"},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    },
    "autoscaler": {
        "apiVersion": "autoscaling/v1",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "minReplicas": 3,
            "maxReplicas": 2,
        },
    },
}
