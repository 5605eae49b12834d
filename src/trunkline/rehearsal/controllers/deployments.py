"""Deployments: rolls out what they say by way of ReplicaSets, and tells how far it is."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers import deployment_revisions as revisions
from trunkline.rehearsal.controllers import deployment_steps as steps
from trunkline.rehearsal.controllers.claims import claimed
from trunkline.rehearsal.controllers.conditions import Condition, conditions_in, find, with_one
from trunkline.rehearsal.controllers.deployment_status import (
    deadline_s,
    is_complete,
    plain_status,
    progressing,
    rollout_status,
    seconds_left,
)
from trunkline.rehearsal.controllers.means import Alarms, Means, controllers_of, place_of
from trunkline.rehearsal.controllers.podmaking import fits_its_selector, of_ending_namespace
from trunkline.rehearsal.controllers.readiness import has_ended
from trunkline.rehearsal.controllers.reading import mapping, whole
from trunkline.rehearsal.controllers.rounding import is_rolling, wanted
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import Object, at, controller_of, is_ending, name_of, namespace_of
from trunkline.rehearsal.store import Change, Place

_COMPONENT = "deployment-controller"
_HISTORY = 10


class Deployments:
    """Brings every Deployment to what it says, step by step."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._kind, self._sets = means.kind("apps", "Deployment"), means.kind("apps", "ReplicaSet")
        self._pods = means.kind("", "Pod")
        self._index = means.index("apps", "Deployment")
        means.index("apps", "ReplicaSet")
        self._alarms = Alarms(means.loop, self)

    def concerned(self, change: Change) -> list[Place]:
        """See the port."""
        if change.kind is self._kind:
            return [place_of(change.value)]
        if change.kind is self._sets:
            found = controllers_of(change, "Deployment")
            if change.type != "DELETED" and controller_of(change.value) is None:
                found += [place_of(value) for value in self._index.selecting(change.value)]
            return found
        if change.kind is self._pods and change.type == "DELETED":
            return self._of_pod(change.value)
        return []

    def _of_pod(self, pod: Object) -> list[Place]:
        """The Deployment of a pod that is gone: one that is recreated waits for that."""
        reference = controller_of(pod) or {}
        if reference.get("kind") != "ReplicaSet":
            return []
        owner = self._means.store.get(self._sets, namespace_of(pod), str(reference.get("name")))
        above = controller_of(owner) if owner else None
        return [(namespace_of(pod), str(above.get("name")))] if above else []

    def reconcile(self, place: Place) -> None:
        """See the port."""
        deployment = self._means.get(self._kind, place)
        if deployment is None:
            self._alarms.set(place, None)
            return
        sets = claimed(self._means, deployment, self._sets)
        if is_ending(deployment) or not fits_its_selector(deployment):
            new = revisions.newest(deployment, sets)
            status = plain_status(deployment, new, sets, self._means.now())
            self._means.set_status(self._kind, deployment, status)
            return
        deployment = self._note_pause(deployment)
        if at(deployment, "spec", "paused") or _is_resized(deployment, sets):
            self._resize(deployment, sets)
        elif is_rolling(deployment):
            self._roll(deployment, sets)
        else:
            self._recreate(deployment, sets)
        current = self._means.get(self._kind, place)
        self._alarms.set(place, seconds_left(current, self._means.now()) if current else None)

    def _note_pause(self, deployment: Object) -> Object:
        known = find(conditions_in(deployment), "Progressing")
        reason = known.get("reason") if known else None
        if deadline_s(deployment) is None or reason == "ProgressDeadlineExceeded":
            return deployment
        now = self._means.now()
        if at(deployment, "spec", "paused") and reason != "DeploymentPaused":
            fresh = progressing("Unknown", "DeploymentPaused", "Deployment is paused", now)
            return self._with_condition(deployment, fresh)
        if not at(deployment, "spec", "paused") and reason == "DeploymentPaused":
            fresh = progressing("Unknown", "DeploymentResumed", "Deployment is resumed", now)
            return self._with_condition(deployment, fresh)
        return deployment

    def _roll(self, deployment: Object, sets: list[Object]) -> None:
        deployment, new, old = self._sorted_out(deployment, sets, create=True)
        if new is None:
            return
        size = steps.size_of_new(deployment, old, wanted(new))
        moved = [steps.Step(new, size)] if size != wanted(new) else steps.shrunk(deployment, old, new)
        self._finish(deployment, new, old, moved)

    def _recreate(self, deployment: Object, sets: list[Object]) -> None:
        deployment, new, old = self._sorted_out(deployment, sets, create=False)
        moved = [steps.Step(item, 0) for item in steps.active(old)]
        if not moved and not self._has_pods(old):
            if new is None:
                deployment, new, old = self._sorted_out(deployment, sets, create=True)
            if new is not None and wanted(new) != wanted(deployment):
                moved = [steps.Step(new, wanted(deployment))]
        self._finish(deployment, new, old, moved)

    def _resize(self, deployment: Object, sets: list[Object]) -> None:
        """Bring the ReplicaSets to a new size, but roll nothing out (`sync` and `scale`)."""
        deployment, new, old = self._sorted_out(deployment, sets, create=False)
        for step in _resized(deployment, new, old):
            self._scale(deployment, step)
        self._clean_up(deployment, old)
        new, live = self._again(new), [item for known in old if (item := self._again(known))]
        live += [new] if new else []
        self._means.set_status(self._kind, deployment, plain_status(deployment, new, live, self._means.now()))

    def _finish(
        self, deployment: Object, new: Object | None, old: list[Object], moved: list[steps.Step]
    ) -> None:
        for step in moved:
            self._scale(deployment, step)
        if not moved and is_complete(deployment, deployment.get("status")):
            self._clean_up(deployment, old)
        new, live = self._again(new), [item for known in old if (item := self._again(known))]
        live += [new] if new else []
        status = rollout_status(deployment, new, live, self._means.now())
        self._means.set_status(self._kind, deployment, status)

    def _again(self, replica_set: Object | None) -> Object | None:
        return self._means.again(self._sets, replica_set) if replica_set else None

    def _sorted_out(
        self, deployment: Object, sets: list[Object], *, create: bool
    ) -> tuple[Object, Object | None, list[Object]]:
        """The Deployment, its new ReplicaSet and the old ones, once their revisions are noted."""
        new = revisions.newest(deployment, sets)
        old = [item for item in sets if item is not new]
        revision = revisions.next_revision(old)
        if new is None:
            return self._created(deployment, old, revision) if create else (deployment, None, old)

        def edit(value: Any) -> None:
            revisions.mark(value, deployment, revision)
            if whole(at(deployment, "spec", "minReadySeconds"), 0) != whole(
                at(value, "spec", "minReadySeconds"), 0
            ):
                value["spec"]["minReadySeconds"] = at(deployment, "spec", "minReadySeconds") or 0

        new = self._means.edit(self._sets, new, edit)
        deployment = self._with_revision(deployment, str(revisions.revision_of(new)))
        if deadline_s(deployment) is not None and find(conditions_in(deployment), "Progressing") is None:
            said = f'Found new replica set "{name_of(new)}"'
            fresh = progressing("True", "FoundNewReplicaSet", said, self._means.now())
            deployment = self._with_condition(deployment, fresh)
        return deployment, new, old

    def _created(
        self, deployment: Object, old: list[Object], revision: int
    ) -> tuple[Object, Object | None, list[Object]]:
        value = revisions.new_replica_set(deployment, revision)
        size = value["spec"]["replicas"] = steps.size_of_new(deployment, old, 0)
        try:
            new = self._means.create(self._sets, value)
        except ApiError as error:
            self._refused(deployment, value, error)
            raise
        if size:
            self._say(deployment, f"Scaled up replica set {name_of(new)} from 0 to {size}")
        deployment = self._with_revision(deployment, str(revision))
        if deadline_s(deployment) is not None:
            said = f'Created new replica set "{name_of(new)}"'
            fresh = progressing("True", "NewReplicaSetCreated", said, self._means.now())
            deployment = self._with_condition(deployment, fresh)
        return deployment, new, old

    def _refused(self, deployment: Object, value: Object, error: ApiError) -> None:
        if of_ending_namespace(error):
            return
        if error.reason == "AlreadyExists":
            status = dict(mapping(deployment, "status"))
            status["collisionCount"] = whole(status.get("collisionCount"), 0) + 1
            self._means.set_status(self._kind, deployment, status)
            return
        said = f'Failed to create new replica set "{name_of(value)}": {error.message}'
        if deadline_s(deployment) is not None:
            fresh = progressing("False", "ReplicaSetCreateError", said, self._means.now())
            self._with_condition(deployment, fresh)
        self._means.say(deployment, "Warning", "ReplicaSetCreateError", said, _COMPONENT)

    def _scale(self, deployment: Object, step: steps.Step) -> None:
        before = wanted(step.replica_set)

        def edit(value: Any) -> None:
            value["spec"]["replicas"] = step.replicas
            revisions.mark_scaled(value, deployment)

        self._means.edit(self._sets, step.replica_set, edit)
        if before != step.replicas:
            way = "up" if step.replicas > before else "down"
            name = name_of(step.replica_set)
            self._say(deployment, f"Scaled {way} replica set {name} from {before} to {step.replicas}")

    def _clean_up(self, deployment: Object, old: list[Object]) -> None:
        limit = whole(at(deployment, "spec", "revisionHistoryLimit"), _HISTORY)
        for item in revisions.expendable(old, limit):
            self._means.delete(self._sets, item)

    def _has_pods(self, old: list[Object]) -> bool:
        return any(not has_ended(pod) for item in old for pod in self._means.owned(self._pods, item)) or bool(
            steps.counted(old, "replicas")
        )

    def _with_condition(self, deployment: Object, fresh: Condition) -> Object:
        status = dict(mapping(deployment, "status"))
        status["conditions"] = with_one(conditions_in(deployment), fresh)
        return self._means.set_status(self._kind, deployment, status)

    def _with_revision(self, deployment: Object, revision: str) -> Object:
        def edit(value: Any) -> None:
            value["metadata"].setdefault("annotations", {})[revisions.REVISION] = revision

        return self._means.edit(self._kind, deployment, edit)

    def _say(self, deployment: Object, message: str) -> None:
        self._means.say(deployment, "Normal", "ScalingReplicaSet", message, _COMPONENT)


def _is_resized(deployment: Object, sets: list[Object]) -> bool:
    known = [revisions.desired_of(item) for item in steps.active(sets)]
    return any(desired is not None and desired != wanted(deployment) for desired in known)


def _resized(deployment: Object, new: Object | None, old: list[Object]) -> list[steps.Step]:
    sets = [*old, *([new] if new else [])]
    live = steps.active(sets)
    if len(live) <= 1:
        only = live[0] if live else new or (revisions.by_age(old)[-1] if old else None)
        return [steps.Step(only, wanted(deployment))] if only is not None else []
    if new is not None and _is_saturated(deployment, new):
        return [steps.Step(item, 0) for item in steps.active(old)]
    return steps.proportional(deployment, sets) if is_rolling(deployment) else []


def _is_saturated(deployment: Object, new: Object) -> bool:
    replicas = wanted(deployment)
    sizes = {wanted(new), revisions.desired_of(new), steps.counted([new], "availableReplicas")}
    return sizes == {replicas}
