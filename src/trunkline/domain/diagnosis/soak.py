"""The time of observation after a good rollout: whether it stays good."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.domain.diagnosis.crashes import end_in_words
from trunkline.domain.diagnosis.judge import SeenTime, Verdict, findings
from trunkline.domain.diagnosis.look import Finding, Look, finding
from trunkline.domain.diagnosis.overdue import unreachable
from trunkline.domain.diagnosis.pods import failed_container, restarts_of
from trunkline.domain.diagnosis.progress import pod_waits_for
from trunkline.domain.diagnosis.revisions import is_ready, standing_pods
from trunkline.domain.diagnosis.said import name_of, newest_messages
from trunkline.domain.rollouts.causes import Cause
from trunkline.domain.rollouts.shapes import mappings, text
from trunkline.domain.rollouts.words import Failure, KubernetesObject, Observation, Resource

_NOT_READY_S = 10.0
# A pod that takes the place of an evicted one has to start first.
_STARTING_S = 60.0


class SoakJudge:
    """Sees one observation after another: any restart of a new container, or a pod that stops being ready, fails.

    Evicted, preempted and deleted pods do not count; what takes their place gets a minute to become ready.

    Args:
        soak_s: seconds that have to be seen; time in which the API did not answer does not count.
    """

    def __init__(self, soak_s: float) -> None:
        self._soak_s = soak_s
        self._time = SeenTime()
        self._restarts: dict[tuple[str, str], int] = {}
        self._unready: dict[str, float] = {}
        self._were_ready: set[str] = set()
        self._failed: Verdict | None = None

    def see(self, observation: Observation) -> Verdict | None:
        """The verdict, or None while the time runs."""
        if self._failed is not None:
            return self._failed
        now = self._time.read(observation)
        look = Look(observation)
        found = () if observation.trouble else tuple(self._found(look, now))
        if not found and observation.expired and now < self._soak_s and observation.trouble:
            found = (unreachable(look).failure,) if observation.objects else ()
        if found:
            self._failed = Verdict(found, observation.elapsed_s)
            return self._failed
        over = now >= self._soak_s or observation.expired
        return Verdict((), observation.elapsed_s) if over and not observation.trouble else None

    def _found(self, look: Look, now: float) -> Iterator[Failure]:
        unready: dict[str, float] = {}
        for resource in look.observation.objects:
            if resource.kind == "Job":
                continue
            for pod in standing_pods(resource, look.observation):
                if text(pod, "status", "phase") == "Succeeded":
                    continue
                yield from self._restarted(resource, pod, look)
                uid = text(pod, "metadata", "uid")
                if is_ready(pod):
                    self._were_ready.add(uid)
                    continue
                since = unready.setdefault(uid, self._unready.get(uid, now))
                if now - since >= (_NOT_READY_S if uid in self._were_ready else _STARTING_S):
                    yield _told(resource, pod, look, f"is not ready for {now - since:.0f} s", "")
        self._unready = unready

    def _restarted(self, resource: Resource, pod: KubernetesObject, look: Look) -> Iterator[Failure]:
        for key, count in restarts_of(pod).items():
            # A pod that came during the soak begins at 0.
            if count > self._restarts.setdefault(key, count if not self._were_ready else 0):
                yield _told(resource, pod, look, f"restarted container {key[1]}", key[1])
        for status in mappings(pod, "status", "containerStatuses"):
            if "terminated" in (status.get("state") or {}):
                yield _told(
                    resource, pod, look, f"had container {text(status, 'name')} end", text(status, "name")
                )


def _told(resource: Resource, pod: KubernetesObject, look: Look, what: str, container: str) -> Failure:
    """The soak's failure with the words and the evidence of what lies under it."""
    name = name_of(pod)
    cause = next((item.failure for item in findings(look) if item.failure.pod == name), None)
    ended_name, ended = failed_container(pod)
    if cause is not None:
        why, evidence = cause.sentence, cause.evidence
    elif container and ended:
        why, evidence = (
            f"container {ended_name} ended with {end_in_words(ended)}",
            newest_messages(look, (pod,)),
        )
    else:
        why, evidence = pod_waits_for(pod, look), newest_messages(look, (pod,))
    sentence = f"{resource} did not stay good: pod {name} {what}{f': {why}' if why else ''}"
    advice = cause.advice if cause else ""
    told: Finding = finding(
        Cause.SOAK_FAILED,
        resource,
        sentence,
        evidence,
        advice=advice,
        pod=name,
        container=container or ended_name,
    )
    return told.failure
