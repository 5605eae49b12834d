"""Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs, CronJobs, and what scales and guards them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import (
    Object,
    at,
    conditions_of,
    controller_of,
    is_ending,
    moment_of,
    name_of,
)
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import (
    NONE,
    UNSET,
    age,
    containers,
    human,
    labels,
    number,
    selector,
    since,
    size,
    text,
)

_WIDE = ("*Containers", "*Images", "*Selector")


def _pod_cells(value: Object) -> list[str]:
    return containers(at(value, "spec", "template", "spec"))


def _deployment(value: Object, now: datetime) -> list[Any]:
    return [
        name_of(value),
        f"{number(value, 'status', 'readyReplicas')}/{number(value, 'spec', 'replicas')}",
        number(value, "status", "updatedReplicas"),
        number(value, "status", "availableReplicas"),
        age(value, now),
        *_pod_cells(value),
        selector(at(value, "spec", "selector"), none=""),
    ]


def _counts(value: Object, now: datetime) -> list[Any]:
    return [
        name_of(value),
        number(value, "spec", "replicas"),
        number(value, "status", "replicas"),
        number(value, "status", "readyReplicas"),
        age(value, now),
        *_pod_cells(value),
    ]


def _replica_set(value: Object, now: datetime) -> list[Any]:
    return [*_counts(value, now), selector(at(value, "spec", "selector"))]


def _replication_controller(value: Object, now: datetime) -> list[Any]:
    return [*_counts(value, now), labels(at(value, "spec", "selector"))]


def _stateful_set(value: Object, now: datetime) -> list[Any]:
    ready = f"{number(value, 'status', 'readyReplicas')}/{number(value, 'spec', 'replicas')}"
    return [name_of(value), ready, age(value, now), *_pod_cells(value)]


def _daemon_set(value: Object, now: datetime) -> list[Any]:
    counted = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    return [
        name_of(value),
        *(number(value, "status", key) for key in counted),
        labels(at(value, "spec", "template", "spec", "nodeSelector")),
        age(value, now),
        *_pod_cells(value),
        selector(at(value, "spec", "selector")),
    ]


def _job(value: Object, now: datetime) -> list[Any]:
    succeeded, parallelism = number(value, "status", "succeeded"), number(value, "spec", "parallelism")
    if at(value, "spec", "completions") is not None:
        completions = f"{succeeded}/{number(value, 'spec', 'completions')}"
    else:
        completions = f"{succeeded}/1" + (f" of {parallelism}" if parallelism > 1 else "")
    began = moment_of(text(value, "status", "startTime"))
    ended = moment_of(text(value, "status", "completionTime")) or now
    return [
        name_of(value),
        _job_status(value),
        completions,
        human((ended - began).total_seconds()) if began else "",
        age(value, now),
        *_pod_cells(value),
        selector(at(value, "spec", "selector")),
    ]


def _job_status(value: Object) -> str:
    holding = {text(item, "type") for item in conditions_of(value) if item.get("status") == "True"}
    for type_ in ("Complete", "Failed"):
        if type_ in holding:
            return type_
    if is_ending(value):
        return "Terminating"
    for type_ in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if type_ in holding:
            return type_
    return "Running"


def _cron_job(value: Object, now: datetime) -> list[Any]:
    job, last = at(value, "spec", "jobTemplate", "spec"), text(value, "status", "lastScheduleTime")
    suspended = at(value, "spec", "suspend")
    return [
        name_of(value),
        text(value, "spec", "schedule"),
        text(value, "spec", "timeZone") or NONE,
        UNSET if suspended is None else str(suspended is True),
        size(value, "status", "active"),
        since(last, now) if last else NONE,
        age(value, now),
        *containers(at(job, "template", "spec")),
        selector(at(job, "selector")),
    ]


def _revision(value: Object, now: datetime) -> list[Any]:
    owner, told = controller_of(value), NONE
    if owner:
        group = text(owner, "apiVersion").rpartition("/")[0]
        kind = f"{text(owner, 'kind')}.{group}" if group else text(owner, "kind")
        told = f"{kind.lower()}/{text(owner, 'name')}"
    return [name_of(value), told, number(value, "revision"), age(value, now)]


def _budget(value: Object, now: datetime) -> list[Any]:
    return [
        name_of(value),
        text(value, "spec", "minAvailable") or "N/A",
        text(value, "spec", "maxUnavailable") or "N/A",
        number(value, "status", "disruptionsAllowed"),
        age(value, now),
    ]


LAYOUTS = {
    ("apps", "Deployment"): Layout(columns("Name", "Ready", "Up-to-date", "Available", "Age", *_WIDE), _deployment),
    ("apps", "ReplicaSet"): Layout(
        columns("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WIDE), _replica_set
    ),
    ("", "ReplicationController"): Layout(
        columns("Name", "Desired:integer", "Current:integer", "Ready:integer", "Age", *_WIDE), _replication_controller
    ),
    ("apps", "StatefulSet"): Layout(columns("Name", "Ready", "Age", "*Containers", "*Images"), _stateful_set),
    ("apps", "DaemonSet"): Layout(
        columns("Name", "Desired:integer", "Current:integer", "Ready:integer", "Up-to-date:integer",
                "Available:integer", "Node Selector", "Age", *_WIDE),
        _daemon_set,
    ),
    ("batch", "Job"): Layout(columns("Name", "Status", "Completions", "Duration", "Age", *_WIDE), _job),
    ("batch", "CronJob"): Layout(
        columns("Name", "Schedule", "Timezone", "Suspend:boolean", "Active:integer", "Last Schedule", "Age", *_WIDE),
        _cron_job,
    ),
    ("apps", "ControllerRevision"): Layout(columns("Name", "Controller", "Revision", "Age"), _revision),
    ("policy", "PodDisruptionBudget"): Layout(
        columns("Name", "Min Available", "Max Unavailable", "Allowed Disruptions:integer", "Age"), _budget
    ),
}  # fmt: skip
