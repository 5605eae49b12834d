"""Jobs: runs pods until enough of them have succeeded or too many have failed.

A pod carries a finalizer until it is counted, so that none is lost and none counted twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.controllers import job_state as state
from trunkline.rehearsal.controllers.conditions import conditions_in, find, without
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, controls, place_of
from trunkline.rehearsal.controllers.podmaking import PodMaker, of_ending_namespace, pod_from
from trunkline.rehearsal.controllers.readiness import has_ended, is_active, is_ready, phase_of
from trunkline.rehearsal.controllers.reading import entries, mapping, texts, whole
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, is_ending, moment_of, name_of, timestamp, uid_of
from trunkline.rehearsal.registry import Deletion
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "job-controller"
_NAME, _UID = "batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid"
_REACHED = ("CompletionsReached", "Reached expected number of succeeded pods")
_TOO_OFTEN = ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
_TOO_LONG = ("DeadlineExceeded", "Job was active longer than specified deadline")


@dataclass(slots=True)
class _Run:
    """What is known of a Job while it is looked at; `status` is what it is going to be."""

    job: Object
    pods: list[Object]
    status: dict[str, Any]
    now: datetime
    alarm_s: float | None = None
    refused: ApiError | None = None

    def set(self, type_: str, status: str, reason: str, message: str) -> None:
        """Set a condition."""
        now = timestamp(self.now)
        fresh = {
            "type": type_,
            "status": status,
            "lastProbeTime": now,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
        self.status["conditions"] = [*without(self.status.get("conditions", []), type_), fresh]

    def ring_in(self, seconds: float) -> None:
        """Look again after so many seconds, or sooner."""
        self.alarm_s = seconds if self.alarm_s is None else min(self.alarm_s, seconds)

    @property
    def active(self) -> list[Object]:
        """Its pods that have not ended."""
        return [pod for pod in self.pods if is_active(pod)]


class Jobs:
    """Brings every Job to its end."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._pods = means.kind("batch", "Job"), means.kind("", "Pod")
        self._index = means.index("", "Pod")
        self._maker = PodMaker(means, _COMPONENT)
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        return controllers_of(change, "Job") if change.kind is self._pods else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        job = self._means.get(self._kind, place)
        self._let_go_strangers(place, uid_of(job) if job else "")
        if job is None:
            self._alarms.set(place, None)
            return
        run = _Run(job, self._means.owned(self._pods, job), dict(mapping(job, "status")), self._means.now())
        run.status["conditions"] = conditions_in(job)
        counted = self._count(run)
        if state.is_finished(job):
            self._expire(run)
        else:
            self._go_on(run)
            self._write(run)
        for pod in counted:
            self._means.drop_finalizer(self._pods, pod, state.TRACKING)
        self._alarms.set(place, run.alarm_s)
        if run.refused is not None and not of_ending_namespace(run.refused):
            raise run.refused

    def _let_go_strangers(self, place: Place, uid: str) -> None:
        """Nobody counts the pods of a Job that is gone."""
        for pod in self._index.selected(place[0], {"matchLabels": {_NAME: place[1]}}):
            if state.TRACKING in texts(pod, "metadata", "finalizers") and not (uid and controls(pod, uid)):
                self._means.drop_finalizer(self._pods, pod, state.TRACKING)

    def _count(self, run: _Run) -> list[Object]:
        """Count the pods that have ended since; they are returned."""
        is_suspended = bool(at(run.job, "spec", "suspend"))
        found, indexes = [], state.parsed(run.status.get("completedIndexes"))
        for pod in run.pods:
            is_over = has_ended(pod) or is_ending(pod)
            if not is_over or state.TRACKING not in texts(pod, "metadata", "finalizers"):
                continue
            found.append(pod)
            if phase_of(pod) == "Succeeded":
                number = state.index_of(pod)
                if state.is_indexed(run.job) and (number is None or number in indexes):
                    continue
                indexes.update([] if number is None else [number])
                run.status["succeeded"] = whole(run.status.get("succeeded"), 0) + 1
            elif has_ended(pod) or not is_suspended:
                run.status["failed"] = whole(run.status.get("failed"), 0) + 1
        if state.is_indexed(run.job):
            run.status["completedIndexes"] = state.spelled(indexes)
        return found

    def _go_on(self, run: _Run) -> None:
        job, is_suspended = run.job, bool(at(run.job, "spec", "suspend"))
        if not is_suspended and not run.status.get("startTime"):
            run.status["startTime"] = timestamp(run.now)
        succeeded, failed = (whole(run.status.get(key), 0) for key in ("succeeded", "failed"))
        target = state.condition_of(job, "FailureTarget")
        reason = (str(target["reason"]), str(target["message"])) if target else None
        if reason is None and state.is_past_backoff_limit(job, failed, run.active):
            reason = _TOO_OFTEN
        if reason is None and not is_suspended and self._is_late(run):
            reason = _TOO_LONG
        if reason is not None:
            self._fail(run, reason)
        elif state.is_done(job, succeeded, len(run.active)):
            self._complete(run)
        elif not is_ending(job):
            self._note_suspension(run, is_suspended=is_suspended)
            if is_suspended:
                self._end(run, run.active)
            else:
                self._manage(run, succeeded)

    def _is_late(self, run: _Run) -> bool:
        limit_s, began = at(run.job, "spec", "activeDeadlineSeconds"), moment_of(run.status.get("startTime"))
        if not isinstance(limit_s, int) or began is None:
            return False
        left_s = limit_s - (run.now - began).total_seconds()
        if left_s > 0:
            run.ring_in(left_s)
        return left_s <= 0

    def _fail(self, run: _Run, reason: tuple[str, str]) -> None:
        if find(run.status["conditions"], "FailureTarget") is None:
            run.set("FailureTarget", "True", *reason)
        self._end(run, run.active)
        if all(has_ended(pod) for pod in run.pods):
            run.set("Failed", "True", *reason)
            self._means.say(run.job, "Warning", *reason, _COMPONENT)

    def _complete(self, run: _Run) -> None:
        if find(run.status["conditions"], "SuccessCriteriaMet") is None:
            run.set("SuccessCriteriaMet", "True", *_REACHED)
        self._end(run, run.active)
        if all(has_ended(pod) for pod in run.pods):
            run.set("Complete", "True", *_REACHED)
            run.status["completionTime"] = timestamp(run.now)
            self._means.say(run.job, "Normal", "Completed", "Job completed", _COMPONENT)

    def _note_suspension(self, run: _Run, *, is_suspended: bool) -> None:
        known = find(run.status["conditions"], "Suspended")
        was_suspended = known is not None and known.get("status") == "True"
        if is_suspended and not was_suspended:
            run.set("Suspended", "True", "JobSuspended", "Job suspended")
            run.status.pop("startTime", None)
            self._means.say(run.job, "Normal", "Suspended", "Job suspended", _COMPONENT)
        elif was_suspended and not is_suspended:
            run.set("Suspended", "False", "JobResumed", "Job resumed")
            run.status["startTime"] = timestamp(run.now)
            self._means.say(run.job, "Normal", "Resumed", "Job resumed", _COMPONENT)

    def _manage(self, run: _Run, succeeded: int) -> None:
        """Start or end pods, until as many run as are wanted."""
        active = run.active
        missing = state.wanted_active(run.job, succeeded, len(active)) - len(active)
        if missing < 0:
            self._end(run, active[missing:])
            return
        left_s = state.backoff_left_s(run.pods, run.now)
        if missing == 0 or left_s > 0:
            if missing:
                run.ring_in(left_s)
            return
        numbers: list[int] = []
        if state.is_indexed(run.job):
            taken = [state.index_of(pod) for pod in active]
            job = {**run.job, "status": run.status}
            numbers = state.free_indexes(job, taken)
            missing = min(missing, len(numbers))
        made, run.refused = self._maker.create_many(
            run.job, missing, lambda number: _pod_of(run.job, numbers[number] if numbers else None)
        )
        run.pods += made

    def _end(self, run: _Run, pods: Sequence[Object]) -> None:
        for pod in pods:
            self._maker.delete(run.job, pod)
        run.pods = self._means.owned(self._pods, run.job)

    def _write(self, run: _Run) -> None:
        counts = {
            "active": len(run.active),
            "succeeded": whole(run.status.get("succeeded"), 0),
            "failed": whole(run.status.get("failed"), 0),
        }
        status = {key: item for key, item in run.status.items() if key not in counts}
        status |= {key: count for key, count in counts.items() if count}
        status["ready"] = sum(1 for pod in run.active if is_ready(pod))
        status["terminating"] = sum(1 for pod in run.pods if is_ending(pod) and not has_ended(pod))
        status["uncountedTerminatedPods"] = {}
        if not status["conditions"]:
            del status["conditions"]
        self._means.set_status(self._kind, run.job, status)

    def _expire(self, run: _Run) -> None:
        """Delete a finished Job some time after its end, if that is asked for."""
        life_s = at(run.job, "spec", "ttlSecondsAfterFinished")
        ended = state.condition_of(run.job, "Complete", "Failed")
        since = moment_of(ended.get("lastTransitionTime")) if ended else None
        if not isinstance(life_s, int) or since is None or is_ending(run.job):
            return
        left_s = life_s - (run.now - since).total_seconds()
        if left_s > 0:
            run.ring_in(left_s)
            return
        how = Deletion(propagation="Foreground", uid=uid_of(run.job))
        self._means.registry.delete(self._kind, *place_of(run.job), how)


def _pod_of(job: Object, number: int | None) -> Object:
    pod = pod_from(at(job, "spec", "template"), job)
    meta = pod["metadata"]
    names = {_NAME: name_of(job), "job-name": name_of(job), _UID: uid_of(job), "controller-uid": uid_of(job)}
    meta["labels"] = {**meta.get("labels", {}), **names}
    meta["finalizers"] = [*meta.get("finalizers", ()), state.TRACKING]
    if number is not None:
        meta["generateName"] = f"{name_of(job)}-{number}-"
        meta.setdefault("annotations", {})[state.INDEX] = str(number)
        meta["labels"][state.INDEX] = str(number)
        pod["spec"]["hostname"] = f"{name_of(job)}-{number}"
        source = {"fieldRef": {"apiVersion": "v1", "fieldPath": f"metadata.labels['{state.INDEX}']"}}
        for key in ("containers", "initContainers"):
            for container in entries(pod, "spec", key):
                known = [
                    item for item in entries(container, "env") if item.get("name") != "JOB_COMPLETION_INDEX"
                ]
                container["env"] = [*known, {"name": "JOB_COMPLETION_INDEX", "valueFrom": source}]
    return pod
