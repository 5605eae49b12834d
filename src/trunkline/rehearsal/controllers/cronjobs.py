"""CronJobs: starts Jobs on schedule, and deletes the old ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from trunkline.rehearsal.controllers import schedules
from trunkline.rehearsal.controllers.job_state import condition_of, is_finished
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, place_of
from trunkline.rehearsal.controllers.reading import entries, mapping, whole
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import (
    Object,
    at,
    controller_reference,
    copy_of,
    is_ending,
    metadata,
    moment_of,
    name_of,
    namespace_of,
    timestamp,
    uid_of,
)
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "cronjob-controller"
_SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp"
_MOST_MISSED = 100


class CronJobs:
    """Starts the Jobs of every CronJob."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._jobs = means.kind("batch", "CronJob"), means.kind("batch", "Job")
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        return controllers_of(change, "CronJob") if change.kind is self._jobs else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        cron_job = self._means.get(self._kind, place)
        self._alarms.set(place, None)
        if cron_job is None or is_ending(cron_job):
            return
        jobs = self._means.owned(self._jobs, cron_job)
        status = self._noted(cron_job, jobs)
        if not at(cron_job, "spec", "suspend"):
            self._start_due(cron_job, jobs, status)
        self._means.set_status(self._kind, cron_job, status)
        self._clean_up(cron_job, self._means.owned(self._jobs, cron_job))

    def _noted(self, cron_job: Object, jobs: list[Object]) -> dict[str, Any]:
        """The status, once Jobs that have finished are noted."""
        status: dict[str, Any] = dict(mapping(cron_job, "status"))
        known = {
            str(item.get("uid")): item for item in entries({"active": status.pop("active", None)}, "active")
        }
        for job in jobs:
            if uid_of(job) in known and is_finished(job):
                ended = condition_of(job, "Complete", "Failed") or {}
                said = f"Saw completed job: {name_of(job)}, condition: {ended.get('type')}"
                self._say(cron_job, "Normal", "SawCompletedJob", said)
            ended_at = at(job, "status", "completionTime")
            if condition_of(job, "Complete") and str(ended_at) > str(status.get("lastSuccessfulTime") or ""):
                status["lastSuccessfulTime"] = ended_at
        active = [known.get(uid_of(job)) or _reference(job) for job in jobs if not is_finished(job)]
        return status | ({"active": active} if active else {})

    def _start_due(self, cron_job: Object, jobs: list[Object], status: dict[str, Any]) -> None:
        try:
            schedule = schedules.parse(str(at(cron_job, "spec", "schedule")))
        except schedules.BadSchedule as error:
            said = f"unparseable schedule: {at(cron_job, 'spec', 'schedule')} : {error}"
            self._say(cron_job, "Warning", "UnparseableSchedule", said)
            return
        now = self._means.now()
        due = _last_due(schedule, cron_job, status, now)
        following = schedule.after(now)
        if following is not None:
            self._alarms.set(place_of(cron_job), (following - now).total_seconds() + 0.001)
        if due is None:
            return
        deadline_s = at(cron_job, "spec", "startingDeadlineSeconds")
        if isinstance(deadline_s, int) and due + timedelta(seconds=deadline_s) < now:
            said = f"Missed scheduled time to start a job: {due:%a, %d %b %Y %H:%M:%S} +0000"
            self._say(cron_job, "Warning", "MissSchedule", said)
            return
        if any(name_of(job) == _job_name(cron_job, due) for job in jobs):
            return
        running = [job for job in jobs if not is_finished(job)]
        policy = at(cron_job, "spec", "concurrencyPolicy")
        if policy == "Forbid" and running:
            said = "Not starting job because prior execution is running and concurrency policy is Forbid"
            self._say(cron_job, "Normal", "JobAlreadyActive", said)
            return
        for job in running if policy == "Replace" else ():
            self._delete(cron_job, job)
            status["active"] = [item for item in status["active"] if item["uid"] != uid_of(job)]
        self._start(cron_job, due, status)

    def _start(self, cron_job: Object, due: datetime, status: dict[str, Any]) -> None:
        try:
            job = self._means.create(self._jobs, _job_of(cron_job, due))
        except ApiError as error:
            if error.reason != "AlreadyExists":
                self._say(cron_job, "Warning", "FailedCreate", f"Error creating job: {error.message}")
            raise
        self._say(cron_job, "Normal", "SuccessfulCreate", f"Created job {name_of(job)}")
        status["active"] = [*status.get("active", ()), _reference(job)]
        status["lastScheduleTime"] = timestamp(due)

    def _clean_up(self, cron_job: Object, jobs: list[Object]) -> None:
        for type_, key, usual in (
            ("Complete", "successfulJobsHistoryLimit", 3),
            ("Failed", "failedJobsHistoryLimit", 1),
        ):
            ended = [job for job in jobs if condition_of(job, type_) and not is_ending(job)]
            ended.sort(key=lambda job: (str(at(job, "status", "startTime")), name_of(job)))
            limit = whole(at(cron_job, "spec", key), usual)
            for job in ended[: max(0, len(ended) - limit)]:
                self._delete(cron_job, job)

    def _delete(self, cron_job: Object, job: Object) -> None:
        if self._means.delete(self._jobs, job):
            self._say(cron_job, "Normal", "SuccessfulDelete", f"Deleted job {name_of(job)}")

    def _say(self, cron_job: Object, type_: Any, reason: str, message: str) -> None:
        self._means.say(cron_job, type_, reason, message, _COMPONENT)


def _last_due(
    schedule: schedules.Schedule, cron_job: Object, status: dict[str, Any], now: datetime
) -> datetime | None:
    """The latest scheduled time that has passed since the last start."""
    since = (
        moment_of(status.get("lastScheduleTime"))
        or moment_of(metadata(cron_job).get("creationTimestamp"))
        or now
    )
    found = None
    for _ in range(_MOST_MISSED):
        following = schedule.after(since)
        if following is None or following > now:
            return found
        found = since = following
    # Too many were missed to count them: only the last minutes matter.
    following = schedule.after(now - timedelta(days=1))
    return following if following is not None and following <= now else found


def _job_name(cron_job: Object, due: datetime) -> str:
    return f"{name_of(cron_job)}-{int(due.timestamp()) // 60}"


def _job_of(cron_job: Object, due: datetime) -> Object:
    template = mapping(cron_job, "spec", "jobTemplate")
    meta = {key: copy_of(at(template, "metadata", key)) for key in ("labels", "annotations")}
    annotations = {**(meta["annotations"] or {}), _SCHEDULED: timestamp(due)}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": _job_name(cron_job, due),
            "namespace": namespace_of(cron_job),
            "annotations": annotations,
            **({"labels": meta["labels"]} if meta["labels"] else {}),
            "ownerReferences": [controller_reference(cron_job)],
        },
        "spec": copy_of(mapping(template, "spec")),
    }


def _reference(job: Object) -> dict[str, Any]:
    return {
        "kind": "Job",
        "namespace": namespace_of(job),
        "name": name_of(job),
        "uid": uid_of(job),
        "apiVersion": "batch/v1",
        "resourceVersion": metadata(job).get("resourceVersion"),
    }
