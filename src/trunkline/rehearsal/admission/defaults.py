"""What the API fills in where nothing is said, by kind (the `SetDefaults_` rules of Kubernetes' API machinery)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from trunkline.rehearsal.admission.limits import fill_limit_range
from trunkline.rehearsal.admission.pods import Section, default_pod_spec
from trunkline.rehearsal.admission.priorities import fill_class
from trunkline.rehearsal.admission.webhook_defaults import fill_webhooks
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, copy_of, metadata, name_of

_QUARTER = "25%"


def fill(kind: Kind, value: Object) -> None:
    """Fill in an object, in place; a part of the wrong shape is left as it is."""
    rule = _RULES.get((kind.group, kind.kind))
    if rule is not None:
        rule(value)


def _spec(value: Any, *path: str) -> Section:
    """A part that is to be there; one of the wrong shape is looked at no further."""
    for key in path:
        if not isinstance(value, dict):
            return {}
        if value.get(key) is None:
            value[key] = {}
        value = value[key]
    return value if isinstance(value, dict) else {}


def _set(section: Section, **values: Any) -> None:
    for key, value in values.items():
        if section.get(key) is None:
            section[key] = copy_of(value)


def _template(value: Object, *path: str) -> None:
    template = _spec(value, *(path or ("spec", "template")))
    meta = _spec(template, "metadata")
    meta.setdefault("creationTimestamp", None)
    default_pod_spec(_spec(template, "spec"))


def _deployment(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = _spec(spec, "strategy")
    _set(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        _set(_spec(strategy, "rollingUpdate"), maxUnavailable=_QUARTER, maxSurge=_QUARTER)
    _template(value)


def _replica_set(value: Object) -> None:
    _set(_spec(value, "spec"), replicas=1)
    _template(value)


def _stateful_set(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady")
    strategy = _spec(spec, "updateStrategy")
    _set(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        _set(_spec(strategy, "rollingUpdate"), partition=0)
    _set(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    for claim in spec.get("volumeClaimTemplates") or ():
        if isinstance(claim, dict):
            _set(claim, kind="PersistentVolumeClaim", apiVersion="v1")
            _set(_spec(claim, "spec"), volumeMode="Filesystem")
            _set(_spec(claim, "status"), phase="Pending")
    _template(value)


def _daemon_set(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(spec, revisionHistoryLimit=10)
    strategy = _spec(spec, "updateStrategy")
    _set(strategy, type="RollingUpdate")
    if strategy.get("type") == "RollingUpdate":
        _set(_spec(strategy, "rollingUpdate"), maxUnavailable=1, maxSurge=0)
    _template(value)


def _job(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(
        spec,
        backoffLimit=6,
        completionMode="NonIndexed",
        suspend=False,
        podReplacementPolicy="TerminatingOrFailed",
        manualSelector=None,
    )
    spec.pop("manualSelector") if spec.get("manualSelector") is None else None
    if spec.get("completions") is None and spec.get("parallelism") is None:
        _set(spec, completions=1)
    _set(spec, parallelism=1)
    _template(value)


def _cron_job(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(
        spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1
    )
    meta = _spec(spec, "jobTemplate", "metadata")
    meta.setdefault("creationTimestamp", None)
    _template(value, "spec", "jobTemplate", "spec", "template")


def _pod(value: Object) -> None:
    spec = _spec(value, "spec")
    default_pod_spec(spec)
    _set(spec, enableServiceLinks=True)
    status = _spec(value, "status")
    _set(status, phase="Pending")


def _service(value: Object) -> None:
    spec = _spec(value, "spec")
    _set(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _set(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)
    ports = spec.get("ports")
    for port in ports if isinstance(ports, list) else ():
        if isinstance(port, dict):
            _set(port, protocol="TCP", targetPort=port.get("port"))


def _namespace(value: Object) -> None:
    _spec(value, "metadata", "labels")["kubernetes.io/metadata.name"] = name_of(value)
    spec = _spec(value, "spec")
    if not metadata(value).get("deletionTimestamp"):
        _set(spec, finalizers=["kubernetes"])
        _spec(value, "status")["phase"] = "Active"


def _secret(value: Object) -> None:
    _set(value, type="Opaque")
    plain = value.pop("stringData", None)
    if isinstance(plain, dict):
        data = _spec(value, "data")
        data |= {key: base64.b64encode(str(text).encode()).decode() for key, text in plain.items()}


def _claim(value: Object) -> None:
    _set(_spec(value, "spec"), volumeMode="Filesystem")
    _set(_spec(value, "status"), phase="Pending")


def _definition(value: Object) -> None:
    spec = _spec(value, "spec")
    names = _spec(spec, "names")
    kind = str(names.get("kind") or "")
    _set(names, singular=kind.lower(), listKind=f"{kind}List")
    _set(spec, conversion={"strategy": "None"})


def _scaler(value: Object) -> None:
    _set(_spec(value, "spec"), minReplicas=1)


def admitted_pod(value: Object) -> None:
    """What admission adds to a pod, and nobody owns: how long it bears a lost node."""
    spec = _spec(value, "spec")
    if spec.get("tolerations") is None:
        keys = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        spec["tolerations"] = [
            {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for key in keys
        ]


def admitted_daemon_set(value: Object, previous: Object | None) -> None:
    """The number of its template, which the API counts and the pods bear as a label."""
    key = "deprecated.daemonset.template.generation"
    before = str(at(previous, "metadata", "annotations", key) or "1")
    number = int(before) if before.isdigit() else 1
    if previous is not None and at(previous, "spec", "template") != at(value, "spec", "template"):
        number += 1
    _spec(value, "metadata", "annotations")[key] = str(number)


def admitted_job(value: Object) -> None:
    """The labels and the selector that keep a Job's pods apart from all others'."""
    spec = _spec(value, "spec")
    uid = metadata(value).get("uid")
    if not spec.get("selector") and uid:
        labels = _spec(spec, "template", "metadata", "labels")
        for key in ("controller-uid", "batch.kubernetes.io/controller-uid"):
            labels[key] = uid
        for key in ("job-name", "batch.kubernetes.io/job-name"):
            labels[key] = name_of(value)
        spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


_RULES: dict[tuple[str, str], Callable[[Object], None]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "ReplicaSet"): _replica_set,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "Namespace"): _namespace,
    ("", "Secret"): _secret,
    ("", "PersistentVolumeClaim"): _claim,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("", "LimitRange"): fill_limit_range,
    ("scheduling.k8s.io", "PriorityClass"): fill_class,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): fill_webhooks,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): fill_webhooks,
    ("autoscaling", "HorizontalPodAutoscaler"): _scaler,
}
