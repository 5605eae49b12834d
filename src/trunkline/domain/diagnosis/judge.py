"""From observations of a rollout to a verdict: pure functions over Kubernetes' own objects (parsed JSON).

Only pods of the new revision are judged. A failure that cannot mend itself ends the wait at once; one that
might, after a second try or a grace. A moment between two crashes is never a success: without a readiness
probe to vouch for it, a rollout is good only when it has stayed good for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trunkline.domain.diagnosis.pods import diagnose_pod, is_ready, restarts, vouched_for
from trunkline.domain.rollouts import (
    Cause,
    Failure,
    KubernetesObject,
    Observation,
    Progress,
    Resource,
)

_REVISION = "deployment.kubernetes.io/revision"
_TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a rollout; `failures` is empty when it succeeded."""

    failures: tuple[Failure, ...] = ()
    elapsed_s: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the rollout is good."""
        return not self.failures


class Judge:
    """Sees one observation after another and says when the matter is decided.

    Args:
        settle_s: how long pods without a readiness probe must stay up, without a restart, to count as good.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._good_since: float | None = None
        self._restarts_when_good = 0
        self._first_seen: dict[tuple[str, Cause], float] = {}

    def see(self, observation: Observation) -> Verdict | None:
        """The verdict, or None while the rollout is still under way."""
        certain, suspected = self._failures(observation)
        if certain:
            return Verdict(certain, observation.elapsed_s)
        if self._good(observation):
            return Verdict((), observation.elapsed_s)
        if observation.expired:
            # There is no more time to mend itself in: what was only suspected is the best that can be said.
            found = () if observation.trouble else suspected
            return Verdict(found or tuple(_overdue(observation)), observation.elapsed_s)
        return None

    def _failures(self, observation: Observation) -> tuple[tuple[Failure, ...], tuple[Failure, ...]]:
        """The failures that count, and those that have not stayed long enough to."""
        certain: list[Failure] = []
        suspected: list[Failure] = []
        stay: dict[tuple[str, Cause], float] = {}
        for workload, live in observation.objects.items():
            if live is None:
                continue
            certain += _workload_failures(workload, live, observation)
            for pod in new_pods(workload, observation):
                for failure, grace_s in diagnose_pod(workload, pod, observation.events):
                    key = (failure.pod, failure.cause)
                    first = stay.setdefault(key, self._first_seen.get(key, observation.elapsed_s))
                    (certain if observation.elapsed_s - first >= grace_s else suspected).append(failure)
        self._first_seen = stay
        return tuple(certain), tuple(suspected)

    def _good(self, observation: Observation) -> bool:
        states = progress(observation)
        if observation.trouble or not all(state.done for state in states):
            self._good_since = None
            return False
        # A Job that is complete will not change its mind.
        lasting = [workload for workload in observation.objects if workload.kind != "Job"]
        pods = [pod for workload in lasting for pod in new_pods(workload, observation)]
        if all(vouched_for(pod) for pod in pods):
            return True
        count = sum(map(restarts, pods))
        if self._good_since is None or count != self._restarts_when_good:
            self._good_since, self._restarts_when_good = observation.elapsed_s, count
        return observation.elapsed_s - self._good_since >= self._settle_s


def progress(observation: Observation) -> tuple[Progress, ...]:
    """How far each workload is."""
    return tuple(_progress(workload, live, observation) for workload, live in observation.objects.items())


def new_pods(workload: Resource, observation: Observation) -> Sequence[KubernetesObject]:
    """The pods of the workload's newest revision; empty while its controller has not made it yet."""
    live = observation.objects.get(workload)
    pods = observation.pods.get(workload, ())
    if live is None or not _observed(workload, live):
        return ()
    match workload.kind:
        case "Deployment":
            owner = _new_replica_set(live, observation.owners.get(workload, ()))
            uid = owner["metadata"]["uid"] if owner else None
            return [pod for pod in pods if uid in _owner_uids(pod)]
        case "StatefulSet":
            revision = live.get("status", {}).get("updateRevision")
            return [pod for pod in pods if _labels(pod).get("controller-revision-hash") == revision]
        case "DaemonSet":
            generation = live["metadata"].get("annotations", {}).get(_TEMPLATE_GENERATION)
            return [pod for pod in pods if _labels(pod).get("pod-template-generation") == generation]
        case _:
            return [pod for pod in pods if live["metadata"].get("uid") in _owner_uids(pod)]


def _progress(workload: Resource, live: KubernetesObject | None, observation: Observation) -> Progress:
    if live is None:
        return Progress(workload, 0, 1, done=False, waits_for="not there yet")
    pods = new_pods(workload, observation)
    if not _observed(workload, live):
        return Progress(
            workload, 0, _wanted(workload, live), False, "its controller has not seen the change yet"
        )
    status = live.get("status", {})
    if workload.kind == "Job":
        succeeded, wanted = int(status.get("succeeded") or 0), _wanted(workload, live)
        done = _condition(live, "Complete") is not None
        return Progress(workload, succeeded, wanted, done, _waiting_reason(pods))
    wanted, ready = _wanted(workload, live), sum(map(is_ready, pods))
    to_update = max(0, wanted - _held_back(live, wanted))
    updated, available = _counts(workload, status)
    enough = updated >= to_update and available >= wanted and ready >= to_update
    old_left = workload.kind == "Deployment" and int(status.get("replicas") or 0) > updated
    waits_for = "" if enough else _waiting_reason(pods)
    if enough and old_left:
        waits_for = "old pods are leaving"
    return Progress(workload, ready, to_update, enough and not old_left, waits_for)


def _wanted(workload: Resource, live: KubernetesObject) -> int:
    """How many pods there are to be."""
    spec, status = live.get("spec", {}), live.get("status", {})
    match workload.kind:
        case "Job":
            return int(spec.get("completions") or 1)
        case "DaemonSet":
            return int(status.get("desiredNumberScheduled") or 0)
        case _:
            replicas = spec.get("replicas")
            return 1 if replicas is None else int(replicas)


def _held_back(live: KubernetesObject, wanted: int) -> int:
    """How many pods the update strategy leaves as they are: they wait for a person."""
    strategy = live.get("spec", {}).get("updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return wanted
    return int((strategy.get("rollingUpdate") or {}).get("partition") or 0)


def _counts(workload: Resource, status: KubernetesObject) -> tuple[int, int]:
    """How many pods are of the new revision, and how many of any are available."""
    if workload.kind == "DaemonSet":
        return int(status.get("updatedNumberScheduled") or 0), int(status.get("numberAvailable") or 0)
    available = status.get("availableReplicas")
    if available is None and workload.kind == "StatefulSet":
        # Kubernetes before 1.22 counts only the ready ones there.
        available = status.get("readyReplicas")
    return int(status.get("updatedReplicas") or 0), int(available or 0)


def _workload_failures(
    workload: Resource, live: KubernetesObject, observation: Observation
) -> Iterator[Failure]:
    if not _observed(workload, live):
        return
    if (failed := _condition(live, "Failed")) and workload.kind == "Job":
        said = str(failed.get("message", ""))
        yield Failure(
            Cause.JOB_FAILED, workload, f"{workload} failed: {said}", advice="Read the log of its pods."
        )
    for owner in observation.owners.get(workload, ()):
        refused = _condition(owner, "ReplicaFailure")
        if refused and owner is _new_replica_set(live, observation.owners[workload]):
            yield Failure(
                Cause.CREATE_REFUSED,
                workload,
                f"{workload} may not create its pods: {refused.get('message', '')}",
                advice="Look at the namespace's quota and limits, and at admission webhooks.",
            )
    for condition in live.get("status", {}).get("conditions") or ():
        if condition.get("reason") == "ProgressDeadlineExceeded":
            yield Failure(
                Cause.PROGRESS_DEADLINE,
                workload,
                f"{workload} made no progress within its deadline: {_waiting_reason(new_pods(workload, observation))}",
                (str(condition.get("message", "")),),
                "Look at the events of its pods.",
            )


def _overdue(observation: Observation) -> Iterator[Failure]:
    """The time is up: say for each workload that is not done what it waited for."""
    states = progress(observation)
    for state in states:
        if observation.trouble:
            yield Failure(
                Cause.API_UNREACHABLE,
                state.resource,
                f"The Kubernetes API did not answer to the end: {observation.trouble}",
                advice="Check the cluster; the release may be good.",
            )
        elif not state.done:
            cause = Cause.NEVER_READY if "ready" in state.waits_for else Cause.TIMED_OUT
            messages = [str(event.get("message", "")) for event in observation.events[-3:]]
            yield Failure(
                cause,
                state.resource,
                f"{state} when the time was up",
                tuple(messages),
                "Raise the timeout, or look at why.",
            )
    if not observation.trouble and all(state.done for state in states):
        workload = states[0].resource
        yield Failure(
            Cause.TIMED_OUT,
            workload,
            f"{workload} is up, but had not stayed up long enough when the time was up",
            advice="Raise `timeout` above `settle`, or give the containers a readiness probe.",
        )


def _waiting_reason(pods: Sequence[KubernetesObject]) -> str:
    if not pods:
        return "no pod yet"
    for pod in pods:
        for status in pod.get("status", {}).get("containerStatuses") or ():
            waiting = status.get("state", {}).get("waiting")
            if waiting:
                return str(waiting.get("reason") or "waiting")
            if not status.get("ready"):
                return f"container {status.get('name')} is not ready"
    return "waiting for its pods"


def _new_replica_set(live: KubernetesObject, owners: Sequence[KubernetesObject]) -> KubernetesObject | None:
    revision = live["metadata"].get("annotations", {}).get(_REVISION)
    for owner in owners:
        if revision and owner["metadata"].get("annotations", {}).get(_REVISION) == revision:
            return owner
    return None


def _observed(workload: Resource, live: KubernetesObject) -> bool:
    """Whether the controller has seen the newest spec; what its status says before that is old news."""
    if workload.kind == "Job":
        return True
    seen = int(live.get("status", {}).get("observedGeneration") or 0)
    return seen >= int(live["metadata"].get("generation") or 0)


def _condition(live: KubernetesObject, kind: str) -> KubernetesObject | None:
    for condition in live.get("status", {}).get("conditions") or ():
        if condition.get("type") == kind and condition.get("status") == "True":
            found: KubernetesObject = condition
            return found
    return None


def _labels(live: KubernetesObject) -> KubernetesObject:
    found: KubernetesObject = live["metadata"].get("labels") or {}
    return found


def _owner_uids(live: KubernetesObject) -> set[str]:
    return {owner.get("uid", "") for owner in live["metadata"].get("ownerReferences") or ()}
