"""The Kubernetes objects that the catalogue's cases are made of, as short as a chart's author would like them.

Words in `@...@` are filled in when a case is staged: `@NAMESPACE@`, `@REGISTRY@`, `@TOOLS@` (the image's reference),
`@NEIGHBOUR@` (the ill-tempered registry), `@HOOKS@` (the ill-tempered webhooks), `@AUTHORITY@` and `@NODE@`.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]

# What Trunkline pinned: the cases' charts take the image as a team's chart does.
IMAGE = "{{ .Values.image.repository }}@{{ .Values.image.digest }}"
STAY = "echo at your service; exec sleep 3600"
# A resource of the node that exists for one case alone, so that nobody else is in its way.
SLOT = "catalogue.example.com/@NAMESPACE@"


def container(script: str = STAY, name: str = "main", **more: Any) -> Object:
    """A container that runs a shell script; `more` adds to it or replaces."""
    return {"name": name, "image": IMAGE, "command": ["sh", "-c", script], **more}


def probe(script: str, **more: Any) -> Object:
    """A probe that runs a shell script each second and believes the first answer."""
    return {"exec": {"command": ["sh", "-c", script]}, "periodSeconds": 1, "failureThreshold": 1, **more}


def pod_template(*containers: Object, labels: dict[str, str] | None = None, **spec: Any) -> Object:
    """A pod template; `spec` goes into the pod's."""
    return {
        "metadata": {"labels": labels or {}},
        "spec": {
            "terminationGracePeriodSeconds": 1,
            "containers": list(containers or (container(),)),
            **spec,
        },
    }


def deployment(
    *containers: Object, name: str = "web", replicas: int = 1, spec: Object | None = None, **pod: Any
) -> Object:
    """A Deployment of pods with these containers."""
    return _workload("Deployment", name, {"replicas": replicas, **(spec or {})}, containers, pod)


def stateful_set(*containers: Object, name: str = "db", replicas: int = 2, **pod: Any) -> Object:
    """A StatefulSet."""
    return _workload("StatefulSet", name, {"replicas": replicas, "serviceName": name}, containers, pod)


def daemon_set(*containers: Object, name: str = "agent", **pod: Any) -> Object:
    """A DaemonSet."""
    return _workload("DaemonSet", name, {}, containers, pod)


def job(
    script: str, name: str = "load", retries: int = 0, hook: str = "", policy: str = "", **more: Any
) -> Object:
    """A Job of one container; `hook` makes it one of Helm's."""
    made: Object = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "annotations": {}},
        "spec": {
            "backoffLimit": retries,
            "template": pod_template(container(script, **more), restartPolicy="Never"),
        },
    }
    if hook:
        made["metadata"]["annotations"]["helm.sh/hook"] = hook
    if policy:
        made["metadata"]["annotations"]["helm.sh/hook-delete-policy"] = policy
    return made


def pod(name: str, script: str, **spec: Any) -> Object:
    """A pod that belongs to nobody, for a case's setting; its image is named outright."""
    template = pod_template(container(script, image="@TOOLS@"), restartPolicy="Never", **spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": template["spec"]}


def config_map(name: str, **data: str) -> Object:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def claim(name: str = "data", storage_class: str = "", size: str = "1Mi") -> Object:
    """A claim of a volume; without a class, only a volume made by hand can answer it."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": size}},
        },
    }


def service(name: str = "web", **spec: Any) -> Object:
    """A Service of port 80."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "protocol": "TCP"}], **spec},
    }


def volume(name: str, **source: Any) -> Object:
    """What a pod needs to have a volume of its own at `/NAME`: its `volumes`."""
    return {"volumes": [{"name": name, **source}]}


def mounted(volume_name: str, script: str = STAY, **more: Any) -> Object:
    """A container with a volume at `/NAME`."""
    mount = {"name": volume_name, "mountPath": f"/{volume_name}"}
    return container(script, volumeMounts=[mount], **more)


def webhook(name: str, path: str, group: str, resource: str) -> Object:
    """An admission webhook at a path of the ill-tempered neighbour's, for this case's namespace alone."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"@NAMESPACE@-{name}"},
        "webhooks": [
            {
                "name": f"{name}.catalogue.example.com",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "timeoutSeconds": 5,
                "clientConfig": {"url": f"https://@HOOKS@{path}", "caBundle": "@AUTHORITY@"},
                "namespaceSelector": {"matchLabels": {"catalogue": "@NAMESPACE@"}},
                "rules": [
                    {
                        "apiGroups": [group],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": [resource],
                    }
                ],
            }
        ],
    }


def definition() -> Object:
    """A kind of custom resource, `Widget`, of a group that is this case's own."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": schema},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.@NAMESPACE@.example.com"},
        "spec": {
            "group": "@NAMESPACE@.example.com",
            "scope": "Namespaced",
            "names": {"kind": "Widget", "plural": "widgets", "singular": "widget"},
            "versions": [version],
        },
    }


def widget(name: str = "gear") -> Object:
    """A custom resource."""
    return {
        "apiVersion": "@NAMESPACE@.example.com/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": {"teeth": 12},
    }


def _workload(kind: str, name: str, spec: Object, containers: tuple[Object, ...], pod: Object) -> Object:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": pod_template(*containers, labels=labels, **pod),
            **spec,
        },
    }
